/** What each request of the rules of the erasis answered with, header by header, on bare sockets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, RawExchange } from '../support/raw-exchange.ts';
import { answerOf, BOTH, callOf, initialize, StreamableClient } from '../support/streamable-client.ts';

let gateway: TestGateway;
let client: StreamableClient;

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      echo: runs(HOSTILE_SERVER),
      other: runs(HOSTILE_SERVER),
      broken: runs(HOSTILE_SERVER, '--exit-on-start'),
      slow: runs(HOSTILE_SERVER, '--slow-init=250'),
    },
  });
  client = await StreamableClient.open(gateway.port, '/echo');
});
afterAll(() => gateway.stop());

const ping = (id: string | number = 1) => ({ jsonrpc: '2.0', id, method: 'ping' });
const ALWAYS = {
  'x-request-id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-z]+$/),
  'x-content-type-options': 'nosniff',
};
const JSON_HEADERS = {
  ...ALWAYS,
  'cache-control': 'no-store',
  'content-type': expect.stringMatching(/^application\/json(; charset=utf-8)?$/),
};
const SSE_HEADERS = {
  ...ALWAYS,
  'content-type': 'text/event-stream',
  'cache-control': expect.stringMatching(/^(?=.*\bno-cache\b)(?=.*\bno-transform\b)/),
  'x-accel-buffering': 'no',
};

describe('what succeeds', () => {
  it('initialize: 200, and the only answer with a session id', async () => {
    const head = await exchange(gateway.port, {
      path: '/echo',
      headers: { accept: BOTH },
      body: initialize(),
    });
    expect(head.statusLine).toBe('HTTP/1.1 200 OK');
    expect(head.headers).toMatchObject({
      ...JSON_HEADERS,
      'mcp-session-id': expect.stringMatching(/^[\x21-\x7e]{32,}$/),
    });
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(head.body)));
    expect(JSON.parse(head.body)).toMatchObject({
      jsonrpc: '2.0',
      id: 'init',
      result: { protocolVersion: '2025-11-25' },
    });
  });

  it('initialize twice: two sessions, two ids, neither guessed from the other', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() =>
        exchange(gateway.port, { path: '/echo', headers: { accept: BOTH }, body: initialize() }),
      ),
    );
    expect(one?.headers['mcp-session-id']?.slice(-32)).not.toBe(two?.headers['mcp-session-id']?.slice(-32));
  });

  it('a request: 200 JSON, no session id, no stream headers', async () => {
    const call = client.post(ping('p'));
    const head = await call.done();
    expect(head.statusLine).toBe('HTTP/1.1 200 OK');
    expect(head.headers).toMatchObject(JSON_HEADERS);
    expect(Object.keys(head.headers)).not.toContain('mcp-session-id');
    expect(Object.keys(head.headers)).not.toContain('x-accel-buffering');
    expect(call.body).toBe('{"jsonrpc":"2.0","id":"p","result":{}}');
  });

  it('a request that streams: 200 SSE, no session id, chunked, and the connection can be used again', async () => {
    const call = client.call('log', { text: 'hi' });
    const head = await call.done();
    expect(head.statusLine).toBe('HTTP/1.1 200 OK');
    expect(head.headers).toMatchObject({
      ...SSE_HEADERS,
      'transfer-encoding': 'chunked',
      connection: 'keep-alive',
    });
    expect(Object.keys(head.headers)).not.toContain('mcp-session-id');
    expect(call.messages.map(({ method, id }) => method ?? id)).toEqual([
      'notifications/message',
      expect.anything(),
    ]);
    expect(call.events.slice(1).every(({ event }) => event === 'message')).toBe(true);
  });

  it.each([
    ['a notification', { jsonrpc: '2.0', method: 'notifications/roots/list_changed' }],
    ['an answer to nothing that was asked', { jsonrpc: '2.0', id: 'nobody', result: {} }],
    ['an error to nothing that was asked', { jsonrpc: '2.0', id: 7, error: { code: 1, message: 'no' } }],
  ])('%s: 202, empty', async (_what, message) => {
    const head = await exchange(gateway.port, client.sent('POST', { accept: BOTH }, message));
    expect(head.statusLine).toBe('HTTP/1.1 202 Accepted');
    expect(head.headers['content-length']).toBe('0');
    expect(Object.keys(head.headers)).not.toContain('content-type');
    expect(head.body).toBe('');
  });

  it('GET: 200 SSE whose head comes before any event', async () => {
    const stream = client.listen();
    const head = await stream.head();
    expect(head.statusLine).toBe('HTTP/1.1 200 OK');
    expect(head.headers).toMatchObject(SSE_HEADERS);
    expect(Object.keys(head.headers)).not.toContain('mcp-session-id');
    stream.close();
  });

  it('DELETE: 200, empty', async () => {
    const ended = await StreamableClient.open(gateway.port, '/echo');
    const head = await ended.end().done();
    expect([head.statusLine, head.headers['content-length']]).toEqual(['HTTP/1.1 200 OK', '0']);
  });
});

describe('the version header', () => {
  it.each([undefined, '2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    '%s is accepted in a 2025-11-25 session',
    async (version) => {
      expect((await client.post(ping(), { 'mcp-protocol-version': version }).done()).status).toBe(200);
    },
  );
});

describe('initialize that fails', () => {
  it.each([
    ['JSON', BOTH, 'application/json'],
    ['a stream', 'text/event-stream', 'text/event-stream'],
  ])('as %s: the error, and no session to come back to', async (_how, accept, type) => {
    const sessions = gateway.gateway.inspect().sessions;
    const opening = new RawExchange(gateway.port, {
      path: '/broken',
      headers: { accept },
      body: initialize(),
    });
    const head = await opening.done();
    expect(head.status).toBe(type === 'application/json' ? 502 : 200);
    expect(head.headers['content-type']).toContain(type);
    expect(answerOf(opening)).toMatchObject({
      id: 'init',
      error: { code: -32603, data: { reason: 'start-failed' } },
    });
    if (type === 'application/json') expect(head.headers['mcp-session-id']).toBeUndefined();
    expect(gateway.gateway.inspect().sessions).toBe(sessions);
  });
});

it('[fault 5] a request before initialize was answered: 400, ping excepted, and the server sees nothing of it', async () => {
  const opening = new RawExchange(gateway.port, {
    path: '/slow',
    headers: { accept: 'text/event-stream' },
    body: initialize(),
  });
  const { headers } = await opening.head();
  const inSession = { accept: BOTH, 'mcp-session-id': headers['mcp-session-id'] };
  const post = (body: object) => exchange(gateway.port, { path: '/slow', headers: inSession, body });
  const early = await post(callOf('echo', {}, 'early'));
  expect([early.status, JSON.parse(early.body).error.data.reason]).toEqual([400, 'not-initialized']);
  expect((await post(ping('p'))).body).toBe('{"jsonrpc":"2.0","id":"p","result":{}}');
  await opening.done();
  expect((await post(callOf('seen', {}, 'later'))).body).toContain('[\\"initialize\\",\\"tools/call\\"]');
});
