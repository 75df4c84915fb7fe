import { expect, it } from 'vitest';
import { jsonOf, type Open } from './mcp-body-client.ts';
import { sharedClient } from './mcp-body-shared.ts';
import { named, refusedWith, type Traits } from './mcp-body-traits.ts';

export function connectionBody(open: Open, traits: Traits): void {
  const client = sharedClient(open, {
    name: 'ada',
    roots: () => [],
    sampling: () => ({}),
    elicitation: () => ({}),
  });
  const plain = sharedClient(open);

  it("tells the server's name, title and version", () => {
    expect(client().serverInfo).toEqual(traits.serverInfo);
  });

  it("tells the server's capabilities and nothing else", () => {
    expect(client().capabilities).toEqual({
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
      experimental: { 'example.com/thing': { depth: 1.5 } },
    });
  });

  it("tells the server's instructions", () => {
    expect(client().instructions).toBe('Use everything. Tout — 全部 — 😀.');
  });

  it("tells the server the client's name and capabilities", async () => {
    expect(jsonOf(await client().callTool('whoami'))).toEqual({
      client: { name: 'ada', version: '1.0.0' },
      capabilities: traits.declared,
    });
  });

  it('declares nothing for a client that can do nothing', async () => {
    expect(jsonOf(await plain().callTool('whoami'))).toMatchObject({ capabilities: {} });
  });

  it('answers a ping', async () => {
    if (traits.hasPing) return expect(client().ping()).resolves.toBeUndefined();
    const ping = client().send({ jsonrpc: '2.0', id: 'ping', method: 'ping' });
    await expect(ping).rejects.toMatchObject(refusedWith(-32601, traits));
  });

  it("has the server's ping answered", async () => {
    const ping = client().callTool('pingClient');
    if (traits.hasLegacyTools) expect(jsonOf(await ping)).toEqual({});
    else await expect(ping).rejects.toMatchObject({ code: -32602 });
  });

  it.each([
    { id: 'abc' },
    { id: '7' },
    { id: 'é 漢 😀 "\\' },
    { id: Number.MAX_SAFE_INTEGER },
    { id: -7_000 },
  ])('answers the request id $id with its own type and text', async ({ id }) => {
    await client().send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'text' } });
    const content = [{ type: 'text', text: 'plain' }];
    const type = traits.client === 'legacy' ? {} : { resultType: 'complete' };
    const result = { ...named({ content }, traits), ...type };
    expect(await client().wire.answer(id)).toEqual({ jsonrpc: '2.0', id, result });
  });

  it('answers each request once', async () => {
    for (let n = 0; n < 5; n += 1) await client().callTool('echo', { n });
    const ids = client()
      .wire.messages.filter((message) => message.method === undefined)
      .map((message) => message.id);
    expect(ids.length).toBeGreaterThan(5);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refuses calls after close', async () => {
    await plain().close();
    await plain().close();
    await expect(plain().callTool('text')).rejects.toThrow();
  });
}
