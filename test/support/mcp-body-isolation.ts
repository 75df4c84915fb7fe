import { describe, expect, it } from 'vitest';
import {
  type ClientOptions,
  jsonOf,
  type Open,
  type OpenedClient,
  textOf,
  updatesOf,
} from './mcp-body-client.ts';
import { sharedClient } from './mcp-body-shared.ts';
import type { Traits } from './mcp-body-traits.ts';

const LOG = 'notifications/message';
const PROGRESS = 'notifications/progress';
const UPDATED = 'notifications/resources/updated';
const TOOLS_CHANGED = 'notifications/tools/list_changed';

export function isolationBody(open: Open, traits: Traits): void {
  const a = sharedClient(open, { name: 'a', ...answering('a') });
  const b = sharedClient(open, { name: 'b', ...answering('b') });
  const both = (): [OpenedClient, string][] => [
    [a(), 'a'],
    [b(), 'b'],
  ];

  const count = async (client: OpenedClient) => Number(textOf(await client.callTool('count')));

  it('count for themselves, or all together where the process is shared', async () => {
    const first = await count(a());
    if (traits.processPerClient) expect(first).toBe(1);
    expect(await count(a())).toBe(first + 1);
    expect(await count(b())).toBe(traits.processPerClient ? 1 : first + 2);
  });

  it('are known to their server by their own name', async () => {
    for (const [client, name] of both())
      expect(jsonOf(await client.callTool('whoami'))).toMatchObject({ client: { name } });
  });

  it('hear their own log messages only', async () => {
    const words = ['first', 'second', 'last'];
    for (const [client] of both()) if (!traits.logsFrom) await client.setLoggingLevel('info');
    for (const word of words)
      await Promise.all(both().map(([client, name]) => log(client, `${word} of ${name}`)));
    for (const [client, name] of both()) {
      // Log lines name no request: of two at once on one process they may be dropped, and must not go astray.
      if (!traits.processPerClient) await log(client, `alone: ${name}`);
      const own = words.map((word) => `${word} of ${name}`);
      const last = traits.processPerClient ? own.at(-1) : `alone: ${name}`;
      await client.wire.notified(LOG, { data: last });
      const heard = logsOf(client);
      if (traits.processPerClient) expect(heard).toEqual(own);
      else expect([...own, `alone: ${name}`]).toEqual(expect.arrayContaining(heard));
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
      expect(result?.['content']).toEqual([{ type: 'text', text: `${label} done` }]);
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
    // Where the process is shared, both touch what either watches.
    const times = traits.processPerClient ? 1 : 2;
    await b().wire.next(() => updatesOf(b(), traits).length === times);
    await a().wire.next(() => updatesOf(a(), traits).length === times);
    expect(new Set(updatesOf(a(), traits))).toEqual(new Set(['full://watched']));
    expect(new Set(updatesOf(b(), traits))).toEqual(new Set(['full://other']));
  });

  it("cannot cancel each other's calls", async () => {
    const args = { room: 'r', count: 2, value: 'kept' };
    const params = { name: 'meet', arguments: args, _meta: { progressToken: 'running' } };
    await a().send({ jsonrpc: '2.0', id: 'call', method: 'tools/call', params });
    await a().wire.notified(PROGRESS, { progressToken: 'running' });
    await b().send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'call' } });
    await b().callTool('text');
    await a().callTool('meet', { room: 'r', count: 2, value: 'other' });
    expect((await a().wire.answer('call')).result?.['content']).toEqual([{ type: 'text', text: 'kept' }]);
  });

  it('are told of changed tools by the process they use', async () => {
    await a().callTool('change', { what: 'tools', name: 'late' });
    await a().wire.notified(TOOLS_CHANGED);
    if (!traits.processPerClient) return void (await b().wire.notified(TOOLS_CHANGED));
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
    await log(a(), 'after quiet', 'emergency');
    await a().wire.notified(LOG, { data: 'after quiet' });
    expect(logsOf(a())).not.toContain('quiet');
  });

  describe('of which one closes', () => {
    const leaving = sharedClient(open);

    it('outlive each other', async () => {
      const before = await count(b());
      const running = b().callTool('meet', { room: 'last', count: 2, value: 'survived' });
      await leaving().callTool('text');
      await leaving().close();
      await b().callTool('meet', { room: 'last', count: 2, value: 'other' });
      expect(textOf(await running)).toBe('survived');
      expect(await count(b())).toBe(before + 1);
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

async function log(client: OpenedClient, data: string, level = 'info'): Promise<void> {
  await client.callTool('log', { level, data });
}

function logsOf(client: OpenedClient): unknown[] {
  return client.wire.notifications(LOG).map(({ data }) => data);
}
