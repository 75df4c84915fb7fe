import { describe, expect, it } from 'vitest';
import { type Answer, ASKING, Bench, pick, said } from './modern-to-legacy-support.ts';

describe('a modern client on a legacy server', () => {
  it('[era 47] reads a DiscoverResult made from the answer to initialize', async () => {
    await using bench = new Bench({ it: {} });
    const { result } = await bench.ask('server/discover');
    expect(result).toEqual({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: { listChanged: true }, logging: {} },
      instructions: 'Expect the worst.',
      ttlMs: 0,
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'hostile', version: '1.0.0' } },
    });
    expect(bench.written('server/discover')).toEqual([]);
  });

  it('[era 47] keeps the envelope to itself and everything else as it came', async () => {
    await using bench = new Bench({ it: {} });
    const text =
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"raw","x":1.0,"arguments":{"n":9007199254740993,"n":2e0},' +
      '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","traceparent":"00-1","io.modelcontextprotocol/clientCapabilities":{},"progressToken":"a","v.example/k":[1.50]},' +
      '"inputResponses":{}}}';
    const { exchange } = await bench.sendText(text);
    const answer = JSON.parse(await exchange.text) as Answer;
    expect(answer.id).toBe(7);
    expect(answer.result?.['resultType']).toBe('complete');
    expect(answer.result?.['_meta']).toEqual({
      'io.modelcontextprotocol/serverInfo': { name: 'hostile', version: '1.0.0' },
    });
    const line = pick(answer, 'result', 'content', 0, 'text');
    const id = String(pick(said(answer), 'id'));
    expect(line).toBe(
      `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"raw","x":1.0,"arguments":{"n":9007199254740993,"n":2e0},` +
        `"_meta":{"traceparent":"00-1","progressToken":${id},"v.example/k":[1.50]}}}`,
    );
  });

  it('[era 47] leaves out a _meta in which nothing else was', async () => {
    await using bench = new Bench({ it: {} });
    const answer = await bench.tool(
      'raw',
      { a: 1 },
      { meta: { 'io.modelcontextprotocol/logLevel': 'info' } },
    );
    expect(said(answer)).toEqual({
      jsonrpc: '2.0',
      id: expect.any(Number),
      method: 'tools/call',
      params: { name: 'raw', arguments: { a: 1 } },
    });
  });

  it('[era 47] gets lists that say for how long they hold', async () => {
    await using bench = new Bench({ it: {} });
    const { result } = await bench.ask('tools/list');
    expect(result).toMatchObject({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
    expect(result?.['tools']).toContainEqual(expect.objectContaining({ name: 'echo' }));
    const { result: called } = await bench.tool('echo');
    expect(called).not.toHaveProperty('ttlMs');
  });

  it('[era 55] gets codes of its own revision', async () => {
    await using bench = new Bench({ it: ASKING, hostile: {} });
    expect((await bench.ask('resources/read', { uri: 'file:///no' })).error).toEqual({
      code: -32602,
      message: 'Resource not found',
      data: { uri: 'file:///no' },
    });
    const refused = (code: number): Promise<Answer> =>
      bench.tool('refuse', { code, message: 'm', data: { d: 1 } }, { server: 'hostile' });
    for (const code of [-32050, -32020, -32099, -32021, -32042]) {
      const { error } = await refused(code);
      expect(error).toEqual({
        code: -32603,
        message: 'm',
        data: { original: { code, message: 'm', data: { d: 1 } } },
      });
    }
    for (const code of [-32601, -32019, -32100, -32000, 5])
      expect((await refused(code)).error).toEqual({ code, message: 'm', data: { d: 1 } });
    expect((await bench.ask('vendor/nothing', {}, { server: 'hostile' })).error?.code).toBe(-32601);
  });

  it('[era 55] reaches no method that its revision has removed', async () => {
    await using bench = new Bench({ it: {} });
    for (const method of [
      'initialize',
      'ping',
      'logging/setLevel',
      'resources/subscribe',
      'resources/unsubscribe',
      'tasks/list',
      'tasks/result',
    ]) {
      expect((await bench.ask(method)).error?.message).toBe('!METHOD_NOT_FOUND');
    }
    expect(said(await bench.tool('seen'))).toEqual(['initialize', 'notifications/initialized', 'tools/call']);
  });

  it('[era 56] is introduced to a process of its own class, with exactly what it declared', async () => {
    await using bench = new Bench({ it: {} });
    const pids = [
      await bench.tool('pid'),
      await bench.tool(
        'pid',
        {},
        { capabilities: { elicitation: {}, roots: { listChanged: true }, tasks: {} } },
      ),
    ];
    expect(said(pids[0] as Answer)).not.toBe(said(pids[1] as Answer));
    expect(bench.written('initialize').map(({ params }) => params?.['capabilities'])).toEqual([
      {},
      { elicitation: {}, roots: { listChanged: false } },
    ]);
  });

  it('[era 58] gets its own progress only, under a token of its own type', async () => {
    await using bench = new Bench({ it: {} });
    const send = (progressToken: unknown, steps: number) =>
      bench.send(
        'tools/call',
        { name: 'progress', arguments: { steps } },
        { isolation: 'shared', meta: { progressToken } },
      );
    const all = await Promise.all([send('a', 1), send('a', 2), send(1, 3)]);
    for (const { exchange } of all) await exchange.text;
    const tokens = all.map(({ exchange }) =>
      exchange.notifications.map(({ params }) => params?.['progressToken']),
    );
    expect(tokens).toEqual([['a'], ['a', 'a'], [1, 1, 1]]);
  });

  it('[era 60] meets the state it left; another principal does not', async () => {
    await using bench = new Bench({ it: {} });
    expect(said(await bench.tool('count'))).toBe(1);
    expect(said(await bench.tool('count'))).toBe(2);
    expect(said(await bench.tool('count', {}, { principal: 'bob' }))).toBe(1);
    expect(bench.started).toBe(2);
  });

  it('cancels its call when it goes away', async () => {
    await using bench = new Bench({ it: {} });
    const sent = await bench.send('tools/call', { name: 'sleep', arguments: { ms: 60_000 } });
    sent.call.cancel('the client has gone');
    await sent.upstream.end('CALL_CANCELLED');
    const [call] = bench.written('tools/call') as readonly { readonly id?: number }[];
    expect(said(await bench.tool('cancelledIds'))).toEqual([String(call?.id)]);
    expect(sent.exchange.isSettled).toBe(false);
  });

  it('hears that the process has ended', async () => {
    await using bench = new Bench({ it: {} });
    const waiting = await bench.send('tools/call', { name: 'sleep', arguments: { ms: 60_000 } });
    await bench.tool('crash');
    expect(await waiting.exchange.text).toBe('!SERVER_EXITED');
    expect(said(await bench.tool('count'))).toBe(1);
  });
});
