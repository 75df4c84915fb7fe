import { expect, it } from 'vitest';
import { type Open, textOf } from './mcp-body-client.ts';
import { sharedClient } from './mcp-body-shared.ts';
import { refusedWith, type Traits } from './mcp-body-traits.ts';

export function errorBody(open: Open, traits: Traits): void {
  const client = sharedClient(open);

  it('refuses an unknown tool', async () => {
    await expect(client().callTool('nothing')).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('Unknown tool: nothing'),
    });
  });

  it('refuses an unknown method', async () => {
    await expect(client().rawRequest('example.com/nothing', { a: 1 })).rejects.toMatchObject(
      refusedWith(-32601, traits),
    );
  });

  it('refuses a call without a name, and lives on', async () => {
    await client().send({ jsonrpc: '2.0', id: 'nameless', method: 'tools/call', params: {} });
    const { error } = await client().wire.answer('nameless');
    expect(error?.code).toBeLessThan(0);
    expect(textOf(await client().callTool('text'))).toBe('plain');
  });

  it.each([-32603, -32000, -32099, -1, 12_345])('carries the error code %d with its data', async (code) => {
    const data = { why: ['é', null, 1.5] };
    const call = client().callTool('refuse', { code, message: 'refused — 😀', data });
    const message = expect.stringContaining('refused — 😀');
    await expect(call).rejects.toMatchObject(
      code === traits.movedCode
        ? { code: -32603, data: { original: { code, message, data } } }
        : { code, message, data },
    );
  });

  it('ignores an unknown notification', async () => {
    await client().send({ jsonrpc: '2.0', method: 'notifications/example.com/unknown', params: { x: 1 } });
    expect(textOf(await client().callTool('text'))).toBe('plain');
  });

  it('ignores an answer to a question that was never asked', async () => {
    const sent = client().send({ jsonrpc: '2.0', id: 424_242, result: { action: 'accept' } });
    // Clients of 2026-07-28 must not post answers at all.
    if (traits.client === 'modern') await expect(sent).rejects.toThrow();
    else await sent;
    expect(textOf(await client().callTool('text'))).toBe('plain');
  });
}
