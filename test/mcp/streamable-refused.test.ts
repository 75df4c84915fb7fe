/** What a Streamable HTTP request with something wrong is answered with, on bare sockets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, type Sent } from '../support/raw-exchange.ts';
import { answerOf, initialize, StreamableClient } from '../support/streamable-client.ts';

let gateway: TestGateway;
let client: StreamableClient;

beforeAll(async () => {
  gateway = await startGateway({ servers: { echo: runs(HOSTILE_SERVER), other: runs(HOSTILE_SERVER) } });
  client = await StreamableClient.open(gateway.port, '/echo');
});
afterAll(() => gateway.stop());

const ping = (id: string | number = 1) => ({ jsonrpc: '2.0', id, method: 'ping' });
const NOTE = { jsonrpc: '2.0', method: 'notifications/initialized' };
const ANSWER = { jsonrpc: '2.0', id: 5, result: {} };
const NONE = { 'mcp-session-id': undefined };
const UNKNOWN = { 'mcp-session-id': 'nope' };
const SSE = { accept: 'text/event-stream' };
const typed = (type: string) => ({ 'content-type': type });

type Row = readonly [
  what: string,
  status: number,
  code: number,
  id: unknown,
  method: string,
  headers: Sent['headers'],
  body?: unknown,
];

/** Each of the session's own requests with something wrong; `id` is what the error answers. */
const REFUSED: readonly Row[] = [
  ['a request without a session', 400, -32000, 'a', 'POST', NONE, ping('a')],
  ['a notification without a session', 400, -32000, null, 'POST', NONE, NOTE],
  ['an answer without a session', 400, -32000, null, 'POST', NONE, ANSWER],
  ['DELETE without a session', 400, -32000, null, 'DELETE', NONE],
  ['a request to an unknown session', 404, -32001, 'b', 'POST', UNKNOWN, ping('b')],
  ['a notification to an unknown session', 404, -32001, null, 'POST', UNKNOWN, NOTE],
  ['an answer to an unknown session', 404, -32001, null, 'POST', UNKNOWN, ANSWER],
  ['initialize in an unknown session', 404, -32001, 'init', 'POST', UNKNOWN, initialize()],
  ['GET of an unknown session', 404, -32001, null, 'GET', { ...UNKNOWN, ...SSE }],
  ['DELETE of an unknown session', 404, -32001, null, 'DELETE', UNKNOWN],
  ['initialize inside a live session', 400, -32600, 'init', 'POST', {}, initialize()],
  ['a version nobody knows', 400, -32000, 1, 'POST', { 'mcp-protocol-version': '1999-12-31' }, ping()],
  ['a version nobody knows, on GET', 400, -32000, null, 'GET', { 'mcp-protocol-version': 'x', ...SSE }],
  [
    'a version nobody knows, on DELETE',
    400,
    -32000,
    null,
    'DELETE',
    { 'mcp-protocol-version': '2025-06-19' },
  ],
  ['neither JSON nor SSE accepted', 406, -32000, 1, 'POST', { accept: 'text/html, image/*' }, ping()],
  [
    'initialize that accepts neither',
    406,
    -32000,
    'init',
    'POST',
    { ...NONE, accept: 'text/html' },
    initialize(),
  ],
  ['GET that does not accept SSE', 406, -32000, null, 'GET', { accept: 'application/json' }],
  ['SSE refused by weight', 406, -32000, null, 'GET', { accept: 'text/event-stream;q=0, */*;q=0' }],
  ['a form', 415, -32000, null, 'POST', typed('application/x-www-form-urlencoded'), ping()],
  ['a text', 415, -32000, null, 'POST', typed('text/plain'), ping()],
  ['JSON by half its name', 415, -32000, null, 'POST', typed('text/plain; x=application/json'), ping()],
  ['no JSON', 400, -32700, null, 'POST', {}, '{'],
  ['an empty body', 400, -32700, null, 'POST', {}, ''],
  ['a number', 400, -32600, null, 'POST', {}, '5'],
  [
    'a request whose id is null',
    400,
    -32600,
    null,
    'POST',
    {},
    '{"jsonrpc":"2.0","id":null,"method":"ping"}',
  ],
  ['an event that never was', 400, -32000, null, 'GET', { ...SSE, 'last-event-id': '999-1' }],
];

describe('what is refused', () => {
  for (const [what, status, code, id, method, headers, body] of REFUSED) {
    it(`${what}: ${status}, code ${code}, id ${JSON.stringify(id)}`, async () => {
      expectRefusal(await exchange(gateway.port, client.sent(method, headers, body)), status, code, id);
    });
  }

  it('[fault 15] a session under another server: 404', async () => {
    const elsewhere = { ...client.sent('POST', {}, ping()), path: '/other' };
    expectRefusal(await exchange(gateway.port, elsewhere), 404, -32001, 1);
  });

  it.each([
    ['PUT', 'GET, POST, DELETE, OPTIONS', {}, -32000],
    ['PATCH', 'GET, POST, DELETE, OPTIONS', {}, -32000],
    ['TRACE', 'GET, POST, DELETE, OPTIONS', {}, -32000],
    ['GET', 'POST, OPTIONS', { ...NONE, ...SSE, 'mcp-protocol-version': '2025-11-25' }, -32000],
    ['GET', 'POST, OPTIONS', { ...SSE, 'mcp-protocol-version': '2026-07-28' }, -32600],
  ])('%s: 405 and Allow: %s', async (method, allow, headers, code) => {
    const head = await exchange(gateway.port, client.sent(method, headers));
    expect([head.status, head.headers['allow']]).toEqual([405, allow]);
    expect(JSON.parse(head.body)).toMatchObject({ error: { code } });
  });

  it('none of this ended the session, and a charset is no other media type', async () => {
    const call = client.post(ping('alive'), typed('Application/JSON; charset=utf-8'));
    expect((await call.done()).status).toBe(200);
    expect(answerOf(call)).toMatchObject({ id: 'alive', result: {} });
  });
});

function expectRefusal(
  answer: Awaited<ReturnType<typeof exchange>>,
  status: number,
  code: number,
  id: unknown,
): void {
  const { headers, body } = answer;
  expect(answer.status).toBe(status);
  expect(headers).toMatchObject({
    'x-request-id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-z]+$/),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'content-type': expect.stringMatching(/^application\/json(; charset=utf-8)?$/),
    'content-length': String(Buffer.byteLength(body)),
  });
  expect(Object.keys(headers)).not.toContain('mcp-session-id');
  const error = { code, message: expect.any(String), data: { reason: expect.any(String) } };
  expect(JSON.parse(body)).toEqual({ jsonrpc: '2.0', id, error });
}
