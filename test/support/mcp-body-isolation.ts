import { describe, expect, it } from 'vitest';
import { type ClientOptions, jsonOf, type Open, type OpenedClient, textOf } from './mcp-body-client.ts';
import { sharedClient } from './mcp-body-shared.ts';

const LOG = 'notifications/message';
const PROGRESS = 'notifications/progress';
const UPDATED = 'notifications/resources/updated';
const TOOLS_CHANGED = 'notifications/tools/list_changed';

export function isolationBody(open: Open): void {
  const a = sharedClient(open, { name: 'a', ...answering('a') });
  const b = sharedClient(open, { name: 'b', ...answering('b') });
  const both = (): [OpenedClient, string][] => [
    [a(), 'a'],
    [b(), 'b'],
  ];

  it('count for themselves', async () => {
    for (const expected of ['1', '2', '3']) expect(textOf(await a().callTool('count'))).toBe(expected);
    expect(textOf(await b().callTool('count'))).toBe('1');
  });

  it('are known to their server by their own name', async () => {
    for (const [client, name] of both())
      expect(jsonOf(await client.callTool('whoami'))).toMatchObject({ client: { name } });
  });

  it('hear their own log messages only', async () => {
    const words = ['first', 'second', 'last'];
    for (const word of words)
      await Promise.all(both().map(([client, name]) => log(client, `${word} of ${name}`)));
    for (const [client, name] of both()) {
      await client.wire.notified(LOG, { data: `last of ${name}` });
      expect(logsOf(client)).toEqual(words.map((word) => `${word} of ${name}`));
    }
  });

  it('see their own progress only, even with the same token and request id', async () => {
    await Promise.all(
      both().map(async ([client, label]) => {
        const params = { name: 'progress', arguments: { steps: 3, label }, _meta: { progressToken: 'same' } };
        await client.send({ jsonrpc: '2.0', id: 'same', method: 'tools/call', params });
        await client.wire.answer('same');
      }),
    );
    for (const [client, label] of both()) {
      const seen = client.wire
        .notifications(PROGRESS)
        .filter(({ progressToken }) => progressToken === 'same')
        .map(({ message }) => message);
      expect(seen).toEqual([`${label} 1`, `${label} 2`, `${label} 3`]);
      const { result } = await client.wire.answer('same');
      expect(result).toEqual({ content: [{ type: 'text', text: `${label} done` }] });
    }
  });

  it('are asked their own questions only', async () => {
    await Promise.all(
      both().map(async ([client, who]) => {
        const answers = await Promise.all([
          client.callTool('sample', { prompt: who }),
          client.callTool('elicit', { message: who }),
          client.callTool('roots'),
        ]);
        expect(answers.map(jsonOf)).toMatchObject([
          { model: who },
          { content: { name: who } },
          { roots: [{ uri: `file:///${who}` }] },
        ]);
      }),
    );
  });

  it('subscribe for themselves', async () => {
    await a().subscribe('full://watched');
    await b().subscribe('full://other');
    for (const [client] of both())
      for (const uri of ['full://watched', 'full://other']) await client.callTool('touch', { uri });
    for (const [client] of both()) await client.wire.notified(UPDATED);
    expect(a().wire.notifications(UPDATED)).toEqual([{ uri: 'full://watched' }]);
    expect(b().wire.notifications(UPDATED)).toEqual([{ uri: 'full://other' }]);
  });

  it("cannot cancel each other's calls", async () => {
    const args = { room: 'r', count: 2, value: 'kept' };
    const params = { name: 'meet', arguments: args, _meta: { progressToken: 'running' } };
    await a().send({ jsonrpc: '2.0', id: 'call', method: 'tools/call', params });
    await a().wire.notified(PROGRESS, { progressToken: 'running' });
    await b().send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'call' } });
    await b().ping();
    await a().callTool('meet', { room: 'r', count: 2, value: 'other' });
    expect((await a().wire.answer('call')).result).toEqual({ content: [{ type: 'text', text: 'kept' }] });
  });

  it('change their own tools only', async () => {
    await a().callTool('change', { what: 'tools', name: 'late' });
    await a().wire.notified(TOOLS_CHANGED);
    await log(b(), 'after the change');
    await b().wire.notified(LOG, { data: 'after the change' });
    expect(b().wire.notifications(TOOLS_CHANGED)).toEqual([]);
  });

  it('set their own log level', async () => {
    await a().setLoggingLevel('emergency');
    await b().setLoggingLevel('debug');
    await a().callTool('logFiltered', { level: 'info', data: 'quiet' });
    await b().callTool('logFiltered', { level: 'info', data: 'loud' });
    await b().wire.notified(LOG, { data: 'loud' });
    await log(a(), 'after quiet');
    await a().wire.notified(LOG, { data: 'after quiet' });
    expect(logsOf(a())).not.toContain('quiet');
  });

  describe('of which one closes', () => {
    const leaving = sharedClient(open);

    it('outlive each other', async () => {
      const running = b().callTool('meet', { room: 'last', count: 2, value: 'survived' });
      await leaving().callTool('text');
      await leaving().close();
      await b().callTool('meet', { room: 'last', count: 2, value: 'other' });
      expect(textOf(await running)).toBe('survived');
      expect(textOf(await b().callTool('count'))).toBe('2');
    });
  });
}

function answering(who: string): ClientOptions {
  return {
    sampling: () => ({ role: 'assistant', model: who, content: { type: 'text', text: who } }),
    elicitation: () => ({ action: 'accept', content: { name: who } }),
    roots: () => [{ uri: `file:///${who}` }],
  };
}

async function log(client: OpenedClient, data: string): Promise<void> {
  await client.callTool('log', { level: 'info', data });
}

function logsOf(client: OpenedClient): unknown[] {
  return client.wire.notifications(LOG).map(({ data }) => data);
}
