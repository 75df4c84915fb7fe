/** The rows of the decision table that only a running gateway can tell: which methods there are, and which sessions are known. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { enveloped, MODERN, notification, request } from '../support/inbound.ts';
import { BareSseClient } from '../support/sse-client.ts';

const INITIALIZE = request('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'rows', version: '0' },
});
const PING = { ...request('ping'), id: 'p' };
const INITIALIZED = notification('notifications/initialized');
const ANSWER = { jsonrpc: '2.0', id: 77, result: {} };
const STREAM = { accept: 'text/event-stream' };

let gateway: TestGateway;
let url: string;

beforeAll(async () => {
  gateway = await startGateway({ servers: { one: runs(HOSTILE_SERVER) } });
  url = `${gateway.url}/one`;
});
afterAll(() => gateway.stop());

/** Status and JSON-RPC code, or status alone. */
async function told(response: Response): Promise<string> {
  const text = await response.text();
  const { error } = text === '' ? {} : JSON.parse(text);
  return error === undefined ? String(response.status) : `${response.status} ${error.code}`;
}

function post(body: object, headers: Record<string, string> = {}, query = ''): Promise<Response> {
  return fetch(url + query, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function newSession(): Promise<Record<string, string>> {
  const opened = await post(INITIALIZE);
  expect(opened.status).toBe(200);
  await opened.text();
  return { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
}

const unknown = { 'mcp-session-id': '0123456789abcdef0123456789abcdef' };

describe('methods', () => {
  it.each(['HEAD', 'PUT', 'PATCH'])('row 1: %s is refused, and no stream is opened', async (method) => {
    const response = await fetch(url, { method, headers: STREAM });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE, OPTIONS']);
    if (method !== 'HEAD') expect(await told(response)).toBe('405 -32000');
  });

  it('row 1: OPTIONS is not', async () => expect((await fetch(url, { method: 'OPTIONS' })).status).toBe(204));

  it('[fault 15] row 2: DELETE ends a session for ever; an unknown one is not found', async () => {
    const session = await newSession();
    expect(await told(await fetch(url, { method: 'DELETE', headers: session }))).toBe('200');
    for (const headers of [session, unknown]) {
      expect(await told(await fetch(url, { method: 'DELETE', headers }))).toBe('404 -32001');
    }
  });

  it('row 3: DELETE of nothing', async () => {
    expect(await told(await fetch(url, { method: 'DELETE' }))).toBe('400 -32000');
    const response = await fetch(url, { method: 'DELETE', headers: { 'mcp-protocol-version': MODERN } });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });
});

describe('GET', () => {
  it('[era 6] row 4: opens the stream of a known session; an unknown one is not found', async () => {
    const session = await newSession();
    const stream = await fetch(url, { headers: { ...STREAM, ...session } });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    await stream.body?.cancel();
    expect(await told(await fetch(url, { headers: { ...STREAM, ...unknown } }))).toBe('404 -32001');
  });

  it('row 5: Last-Event-ID resumes its HTTP+SSE session whatever H says, and is otherwise ignored', async () => {
    const first = await BareSseClient.open(url);
    const endpoint = await first.waitFor((event) => event);
    first.close();
    const again = await BareSseClient.open(url, {
      'last-event-id': endpoint.id ?? '',
      'mcp-protocol-version': '2025-11-25',
    });
    expect((await again.waitFor((event) => event)).data).toBe(endpoint.data);
    again.close();
    const fresh = await BareSseClient.open(url, { 'last-event-id': 'of-somebody-else' });
    expect((await fresh.waitFor((event) => event)).data).not.toBe(endpoint.data);
    fresh.close();
  });

  it.each([
    ['2025-11-25', '405 -32000'],
    [MODERN, '405 -32600'],
    ['v9', '405 -32000'],
  ])('[era 5] [era 24] row 6: no session, H %s', async (version, expected) => {
    const headers = { ...STREAM, 'mcp-protocol-version': version };
    expect(await told(await fetch(url, { headers }))).toBe(expected);
  });

  it('[era 4] row 7: curl and EventSource get an endpoint, and no process is started for it', async () => {
    const started = gateway.pids().length;
    for (const accept of ['*/*', 'text/event-stream']) {
      const client = await BareSseClient.open(url, { accept });
      expect(await client.waitFor((event) => event)).toMatchObject({
        event: 'endpoint',
        data: expect.stringMatching(/^\/one\?sessionId=/),
      });
      client.close();
    }
    expect(gateway.pids()).toHaveLength(started);
  });

  it('row 8: a browser gets none', async () => {
    expect(await told(await fetch(url, { headers: { accept: 'text/html,*/*;q=0.8' } }))).toBe('406 -32000');
  });
});

describe('POST', () => {
  it('[era 25] row 9: an HTTP+SSE message is taken with any header, and enveloped server/discover answered on the stream', async () => {
    const client = await BareSseClient.open(url);
    const query = new URL(await client.endpoint()).search;
    const headers = { ...unknown, 'mcp-protocol-version': MODERN };
    expect((await post(request('server/discover', enveloped()), headers, query)).status).toBe(202);
    expect((await client.message(({ id }) => id === 1)).error?.code).toBe(-32601);
    client.close();
    expect(await told(await post(PING, {}, '?sessionId=unknown'))).toBe('404 -32001');
  });

  it.each([
    [10, 'a batch', [PING]],
    [11, 'a response', ANSWER],
    [14, 'initialize', INITIALIZE],
    [18, 'a request', PING],
    [23, 'a notification', INITIALIZED],
  ])('row %i: %s of an unknown session is not found', async (_row, _what, body) => {
    expect(await told(await post(body, unknown))).toBe('404 -32001');
  });

  it.each([
    [10, 'a batch where the revision has none', [PING], {}, '400 -32600'],
    [11, 'a response', ANSWER, {}, '202'],
    [14, 'initialize', INITIALIZE, {}, '400 -32600'],
    [17, 'a request', PING, {}, '200'],
    [17, 'a request, H of another known version', PING, { 'mcp-protocol-version': '2025-03-26' }, '200'],
    [17, 'a request, H unknown', PING, { 'mcp-protocol-version': 'v9' }, '400 -32000'],
    [23, 'a notification', INITIALIZED, {}, '202'],
  ])('row %i: %s in a known session', async (_row, _what, body, headers, expected) => {
    expect(await told(await post(body, { ...(await newSession()), ...headers }))).toBe(expected);
  });

  it('row 14: initialize opens a session whatever H says, unless it is modern (row 13)', async () => {
    for (const version of ['2025-11-25', 'v9']) {
      const opened = await post(INITIALIZE, { 'mcp-protocol-version': version });
      expect([opened.status, opened.headers.get('mcp-session-id')]).toEqual([
        200,
        expect.stringMatching(/^[!-~]{22,}$/),
      ]);
      await opened.text();
    }
    expect(await told(await post(INITIALIZE, { 'mcp-protocol-version': MODERN }))).toBe('400 -32020');
  });
});
