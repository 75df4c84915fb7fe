/** The life of a Streamable HTTP session: its owner, its end, its ids in flight, its batches. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupsGone, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, RawExchange } from '../support/raw-exchange.ts';
import { answerOf, BOTH, callOf, initialize, StreamableClient } from '../support/streamable-client.ts';

let gateway: TestGateway;
const open = (options?: Parameters<typeof StreamableClient.open>[2]) =>
  StreamableClient.open(gateway.port, '/echo', options);
const ping = (id: string | number) => ({ jsonrpc: '2.0', id, method: 'ping' });

beforeAll(async () => {
  gateway = await startGateway({ servers: { echo: runs(HOSTILE_SERVER) } });
});
afterAll(() => gateway.stop());

/** What POST, GET and DELETE answer. */
async function statuses(client: StreamableClient): Promise<number[]> {
  const sent = [client.post(ping(1)), client.listen(), client.end()];
  return Promise.all(sent.map(async (each) => (await each.done()).status));
}

describe('the end of a session', () => {
  it('[era 18] [fault 15] [fault 16] DELETE: the process goes, running calls hear it, and everything after is 404', async () => {
    const client = await open();
    const pid = Number(await client.text('pid'));
    const stream = client.listen();
    const [json, sse] = [
      client.call('sleep', { ms: 60_000 }),
      client.call('sleep', { ms: 60_000 }, { accept: 'text/event-stream' }),
    ];
    await Promise.all([stream.head(), sse.head()]);
    await client.text('echo');
    expect((await client.end().done()).status).toBe(200);
    await Promise.all([json.done(), sse.done(), stream.done()]);
    for (const call of [json, sse]) expect(answerOf(call).error).toMatchObject({ code: -32001 });
    expect(stream.messages).toEqual([]);
    expect(await statuses(client)).toEqual([404, 404, 404]);
    await groupsGone([pid]);
  });

  it('[era 19] the process exits: pending calls get -32603, streams end, and everything after is 404', async () => {
    const client = await open();
    const stream = client.listen();
    const [json, sse] = [
      client.call('sleep', { ms: 60_000 }),
      client.call('sleep', { ms: 60_000 }, { accept: 'text/event-stream' }),
    ];
    await Promise.all([stream.head(), sse.head()]);
    await client.text('echo');
    const crash = client.call('crash', { code: 3 });
    await Promise.all([json.done(), sse.done(), crash.done(), stream.done()]);
    for (const call of [json, sse, crash])
      expect(answerOf(call).error).toMatchObject({ code: -32603, data: { reason: 'server-exited' } });
    expect(await statuses(client)).toEqual([404, 404, 404]);
  });

  it('a new session has a process of its own and knows nothing of the old', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    expect([await one.text('count'), await one.text('count'), await two.text('count')]).toEqual([
      '1',
      '2',
      '1',
    ]);
    expect(await one.text('pid')).not.toBe(await two.text('pid'));
  });

  it('a client that goes away while it initializes leaves no session', async () => {
    const known = gateway.events.length;
    const opening = new RawExchange(gateway.port, {
      path: '/echo',
      headers: { accept: BOTH },
      body: initialize(),
    });
    const { session } = await gateway.event(
      'session.opened',
      (event) => gateway.events.indexOf(event) >= known,
    );
    opening.reset();
    const ended = await gateway.event('session.ended', (event) => event.session === session);
    expect(ended.reason).toBe('the client went away');
  });
});

describe('the owner of a session', () => {
  it('[era 18] is the only one for whom it exists: the same 404 as for an unknown one, byte for byte', async () => {
    const tokens = ['token-of-alice-0123456789', 'token-of-bobby-0123456789'];
    await using guarded = await startGateway({
      auth: { bearer: { enabled: true, tokens } },
      servers: { echo: runs(HOSTILE_SERVER) },
    });
    const [alice, bob] = tokens.map((token) => ({ authorization: `Bearer ${token}` }));
    const client = await StreamableClient.open(guarded.port, '/echo', { headers: alice ?? {} });
    const call = client.call('log', { text: 'private' });
    await call.done();
    const last = call.events.at(-1)?.id;
    for (const [method, headers, body] of [
      ['POST', { accept: BOTH }, ping(1)],
      ['POST', { accept: BOTH }, initialize()],
      [
        'POST',
        { accept: BOTH },
        { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
      ],
      ['GET', { accept: 'text/event-stream' }, undefined],
      ['GET', { accept: 'text/event-stream', 'last-event-id': last }, undefined],
      ['DELETE', {}, undefined],
    ] as const) {
      const foreign = await exchange(guarded.port, client.sent(method, { ...headers, ...bob }, body));
      const unknown = await exchange(
        guarded.port,
        client.sent(method, { ...headers, ...bob, 'mcp-session-id': 'f'.repeat(38) }, body),
      );
      expect([foreign.statusLine, foreign.body, varying(foreign.headers)]).toEqual([
        unknown.statusLine,
        unknown.body,
        varying(unknown.headers),
      ]);
      expect(foreign.status).toBe(404);
    }
    expect(await client.text('echo', { mine: 1 })).toBe('{"mine":1}');
  });
});

/** Headers without what differs between any two answers. */
function varying(headers: Readonly<Record<string, string>>) {
  return Object.entries(headers).filter(([name]) => name !== 'x-request-id' && name !== 'date');
}

describe('an id in flight', () => {
  it('[fault 6] is refused a second time, and the first is unaffected', async () => {
    const client = await open();
    const first = client.call('sleep', { ms: 150 }, { accept: 'text/event-stream' }, 'twice');
    await first.head();
    const second = client.post(ping('twice'));
    expect((await second.done()).status).toBe(400);
    expect(answerOf(second)).toMatchObject({
      id: 'twice',
      error: { code: -32600, data: { reason: 'duplicate-id' } },
    });
    await first.done();
    expect(answerOf(first)).toMatchObject({ id: 'twice', result: {} });
    const third = client.post(ping('twice'));
    expect((await third.done()).status).toBe(200);
  });

  it('[fault 8] "1" and 1 are two ids, and the same id in another session is another', async () => {
    const [client, other] = await Promise.all([open(), open()]);
    const calls = [
      client.call('sleep', { ms: 100 }, {}, 1),
      client.call('sleep', { ms: 100 }, {}, '1'),
      other.call('sleep', { ms: 100 }, {}, 1),
    ];
    await Promise.all(calls.map((call) => call.done()));
    expect(calls.map((call) => answerOf(call).id)).toEqual([1, '1', 1]);
  });

  it('[fault 8] is answered in its own text', async () => {
    const client = await open();
    const call = client.post('{"jsonrpc":"2.0","id":"\\u0061","method":"ping"}');
    await call.done();
    expect(call.body).toBe('{"jsonrpc":"2.0","id":"\\u0061","result":{}}');
  });
});

describe('a batch', () => {
  it('[era 13] 2025-03-26: all answers, as a JSON array when no stream is needed', async () => {
    const client = await open({ version: '2025-03-26' });
    const call = client.post([
      ping('a'),
      callOf('echo', { x: 1 }, 'b'),
      { jsonrpc: '2.0', method: 'notifications/roots/list_changed' },
    ]);
    expect((await call.done()).headers['content-type']).toContain('application/json');
    const answers = JSON.parse(call.body) as { id: string; result: object }[];
    expect(answers.map(({ id, result }) => [id, typeof result])).toEqual([
      ['a', 'object'],
      ['b', 'object'],
    ]);
  });

  it('2025-03-26: a stream with one event per answer when something else comes first', async () => {
    const client = await open({ version: '2025-03-26' });
    const call = client.post([callOf('progress', { steps: 2 }, 'a', 't'), ping('b')]);
    expect((await call.done()).headers['content-type']).toBe('text/event-stream');
    const said = call.messages.map(({ method, id }) => method ?? id);
    expect(said.filter((each) => each === 'notifications/progress')).toHaveLength(2);
    expect(said).toEqual(expect.arrayContaining(['a', 'b']));
    expect(said).toHaveLength(4);
  });

  it('2025-03-26, only JSON accepted: an array without the notifications', async () => {
    const client = await open({ version: '2025-03-26' });
    const call = client.post([callOf('progress', { steps: 2 }, 'a', 't'), ping('b')], {
      accept: 'application/json',
    });
    await call.done();
    const answered = (JSON.parse(call.body) as { id: string }[]).map(({ id }) => id);
    expect(answered).toHaveLength(2);
    expect(answered).toEqual(expect.arrayContaining(['a', 'b']));
  });

  it('2025-03-26: one id twice is answered twice, once with an error', async () => {
    const client = await open({ version: '2025-03-26' });
    const call = client.post([callOf('sleep', { ms: 20 }, 'a'), ping('a')]);
    expect((await call.done()).status).toBe(200);
    const answers = JSON.parse(call.body) as { id: string; error?: { code: number } }[];
    expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
      ['a', -32600],
      ['a', undefined],
    ]);
  });

  it('2025-03-26: what was cancelled is left out, and the rest answered', async () => {
    const client = await open({ version: '2025-03-26' });
    const call = client.post([
      callOf('sleep', { ms: 60_000 }, 'never'),
      callOf('echo', {}, 'b'),
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'never' } },
    ]);
    await call.done();
    expect(JSON.parse(call.body)).toMatchObject([{ id: 'b', result: {} }]);
  });

  it('[fault 13] 2025-03-26: notifications and answers alone are accepted with 202 and nothing', async () => {
    const client = await open({ version: '2025-03-26' });
    const head = await exchange(
      gateway.port,
      client.sent('POST', {}, [
        { jsonrpc: '2.0', method: 'notifications/roots/list_changed' },
        { jsonrpc: '2.0', id: 9, result: {} },
      ]),
    );
    expect([head.status, head.headers['content-length'], head.body]).toEqual([202, '0', '']);
    expect(JSON.parse(await client.text('seen'))).toContain('notifications/roots/list_changed');
  });

  it.each([
    ['initialize among others', '2025-03-26', () => [ping(1), initialize()]],
    ['nothing', '2025-03-26', () => []],
    ['no message among others', '2025-03-26', () => [ping(1), 5]],
    ['a batch in a batch', '2025-03-26', () => [[ping(1)]]],
    ['any', '2025-06-18', () => [ping(1), ping(2)]],
    ['any', '2025-11-25', () => [ping(1)]],
    [
      'only notifications',
      '2025-11-25',
      () => [{ jsonrpc: '2.0', method: 'notifications/roots/list_changed' }],
    ],
  ])('[era 13] %s, %s: 400 -32600, and nothing of it reaches the server', async (_what, version, batch) => {
    const client = await open({ version });
    const call = client.post(batch());
    expect((await call.done()).status).toBe(400);
    expect(answerOf(call).error?.code).toBe(-32600);
    expect(JSON.parse(await client.text('seen'))).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/call',
    ]);
  });

  it('[fault 12] without a session: 400', async () => {
    expect(
      (await exchange(gateway.port, { path: '/echo', headers: { accept: BOTH }, body: [initialize()] }))
        .status,
    ).toBe(400);
  });
});
