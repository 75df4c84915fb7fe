import { describe, expect, it } from 'vitest';
import { ASKING, Bench, pick, said } from './modern-to-legacy-support.ts';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const LEVEL = 'io.modelcontextprotocol/logLevel';

describe('[era 57] a modern client that listens to a legacy server', () => {
  it('is told first what it will hear, after the server has agreed', async () => {
    await using bench = new Bench({ it: ASKING });
    const notifications = {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: false,
      resourceSubscriptions: ['file:///a', 'file:///bad', 'file:///a'],
    };
    const { exchange, call } = await bench.send('subscriptions/listen', { notifications }, { id: 9 });
    await exchange.until(1);
    expect(bench.written('resources/subscribe')).toHaveLength(2);
    expect(exchange.notifications[0]).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: {
        _meta: { [SUBSCRIPTION]: 9 },
        notifications: { toolsListChanged: true, resourceSubscriptions: ['file:///a'] },
      },
    });
    await bench.tool('tell', { method: 'notifications/resources/list_changed' });
    await bench.tool('touch', { uri: 'file:///b' });
    await bench.tool('touch', { uri: 'file:///a' });
    await bench.tool('tell', { method: 'notifications/tools/list_changed' });
    expect(exchange.notifications.slice(1)).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/resources/updated',
        params: { uri: 'file:///a', _meta: { [SUBSCRIPTION]: 9 } },
      },
      {
        jsonrpc: '2.0',
        method: 'notifications/tools/list_changed',
        params: { _meta: { [SUBSCRIPTION]: 9 } },
      },
    ]);
    call.cancel('the client has gone');
    await bench.until(() => bench.written('resources/unsubscribe').length > 0);
    expect(bench.written('resources/unsubscribe').map(({ params }) => params)).toEqual([
      { uri: 'file:///a' },
    ]);
    await bench.tool('touch', { uri: 'file:///a' });
    expect(exchange.notifications).toHaveLength(3);
    expect(exchange.isSettled).toBe(false);
  });

  it('shares a subscription with others; the last one ends it', async () => {
    await using bench = new Bench({ it: ASKING });
    const notifications = { resourceSubscriptions: ['file:///a'] };
    const first = await bench.send('subscriptions/listen', { notifications }, { id: '1' });
    const second = await bench.send('subscriptions/listen', { notifications }, { id: 1 });
    await Promise.all([first.exchange.until(1), second.exchange.until(1)]);
    await bench.tool('touch', { uri: 'file:///a/part' });
    expect(
      [first, second].map(({ exchange }) => pick(exchange.notifications[1], 'params', '_meta', SUBSCRIPTION)),
    ).toEqual(['1', 1]);
    first.call.cancel('gone');
    await first.upstream.end('CALL_CANCELLED');
    await bench.tool('touch', { uri: 'file:///a' });
    expect([first, second].map(({ exchange }) => exchange.notifications.length)).toEqual([2, 3]);
    await second.upstream.end('CALL_CANCELLED');
    await bench.until(() => bench.written('resources/unsubscribe').length > 0);
    expect(bench.written('resources/subscribe')).toHaveLength(1);
    expect(second.exchange.failure?.code).toBe('CALL_CANCELLED');
  });

  it('hears of nothing when it asked for nothing that is offered, and of the end of the process', async () => {
    await using bench = new Bench({ it: {} });
    const { exchange } = await bench.send('subscriptions/listen', {
      notifications: { resourceSubscriptions: ['file:///a'] },
    });
    expect(pick(exchange.notifications[0], 'params', 'notifications')).toEqual({});
    await bench.tool('notify', { method: 'notifications/tools/list_changed' });
    await bench.tool('crash');
    expect(await exchange.text).toBe('!SERVER_EXITED');
    expect(exchange.notifications).toHaveLength(1);
  });
});

describe('[era 58] what a legacy server logs', () => {
  it('reaches the one call that asked for it', async () => {
    await using bench = new Bench({ it: {} });
    const none = await bench.send('tools/call', { name: 'log', arguments: { text: 'a' } });
    await none.exchange.text;
    expect(none.exchange.notifications).toEqual([]);
    expect(bench.written('logging/setLevel')).toEqual([]);
    const some = await bench.send(
      'tools/call',
      { name: 'log', arguments: { text: 'b', level: 'info' } },
      { meta: { [LEVEL]: 'info' } },
    );
    await some.exchange.text;
    expect(some.exchange.notifications).toMatchObject([
      { method: 'notifications/message', params: { level: 'info', data: 'b' } },
    ]);
    const less = await bench.send(
      'tools/call',
      { name: 'log', arguments: { text: 'c', level: 'debug' } },
      { meta: { [LEVEL]: 'info' } },
    );
    await less.exchange.text;
    expect(less.exchange.notifications).toEqual([]);
    expect(bench.written('logging/setLevel').map(({ params }) => params)).toEqual([{ level: 'info' }]);
    const levels = bench.lines.filter((line) => line.includes('logLevel'));
    expect(levels).toEqual([]);
  });

  it('reaches nobody while it could belong to several', async () => {
    await using bench = new Bench({ it: {} });
    const waiting = await bench.send('tools/call', { name: 'sleep', arguments: { ms: 60_000 } });
    const { exchange } = await bench.send(
      'tools/call',
      { name: 'log', arguments: { text: 'a' } },
      { meta: { [LEVEL]: 'debug' } },
    );
    await exchange.text;
    expect(exchange.notifications).toEqual([]);
    waiting.call.cancel('done');
  });

  it('is at the lowest level that running calls want, and the call waits until the server knows', async () => {
    await using bench = new Bench({ it: ASKING });
    const debug = await bench.send(
      'tools/call',
      { name: 'wait', arguments: {} },
      { meta: { [LEVEL]: 'debug' } },
    );
    await bench.tool('plain', {}, { meta: { [LEVEL]: 'error' } });
    debug.call.cancel('done');
    await bench.tool('plain', {}, { meta: { [LEVEL]: 'error' } });
    await bench.tool('plain', {}, { meta: { [LEVEL]: 'loud' } });
    expect(bench.written('logging/setLevel').map(({ params }) => params?.['level'])).toEqual([
      'debug',
      'error',
    ]);
    const [change] = bench.written('logging/setLevel') as readonly { readonly id?: number }[];
    const answered = bench.traffic.findIndex((line) => line.includes(`"id":${change?.id},"result"`));
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(bench.traffic.findIndex((line) => line.includes('tools/call')));
  });
});

describe('[era 63] a tool that only runs as a task', () => {
  it('gives its result as that of the call', async () => {
    await using bench = new Bench({ it: ASKING });
    const answer = await bench.tool('long');
    expect(answer.result?.['resultType']).toBe('complete');
    expect(Object.keys(pick(answer, 'result', '_meta') as object)).toEqual([
      'io.modelcontextprotocol/serverInfo',
    ]);
    expect(said(answer)).toBe('long done');
    expect(bench.written('tasks/get')).toHaveLength(2);
  });

  it('can ask', async () => {
    await using bench = new Bench({ it: ASKING });
    const options = { capabilities: { elicitation: {} } };
    const first = await bench.tool('longAsk', {}, options);
    expect(pick(first, 'result', 'inputRequests', 'r1-1', 'params', '_meta')).toBeUndefined();
    const more = {
      inputResponses: { 'r1-1': { action: 'accept', content: {} } },
      requestState: pick(first, 'result', 'requestState'),
    };
    expect(said(await bench.tool('longAsk', {}, options, more))).toEqual({ action: 'accept', content: {} });
  });

  it('is cancelled with the call', async () => {
    await using bench = new Bench({ it: ASKING });
    const { call } = await bench.send('tools/call', { name: 'long', arguments: {} });
    await bench.until(() => bench.written('tasks/get').length > 0);
    call.cancel('the client has gone');
    await bench.until(() => bench.written('tasks/cancel').length > 0);
    expect(bench.written('tasks/result')).toEqual([]);
  });

  it('is the only one that becomes a task, whatever the client says', async () => {
    await using bench = new Bench({ it: ASKING });
    expect(said(await bench.tool('plain', {}, {}, { task: { ttl: 5 } }))).toEqual({});
    expect((await bench.ask('tasks/get', { taskId: 't1' })).error?.message).toBe('!METHOD_NOT_FOUND');
  });
});
