/** What a client that speaks more than one era is told when it asks in the newest, and that a refusal names its request. */
import { SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { enveloped, MODERN, request, VERSION_KEY } from '../support/inbound.ts';
import { openV2 } from '../support/mcp-body-v2.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({ servers: { full: runs(fixture('full-server-v1.mjs')) } });
});
afterAll(() => gateway.stop());

const MODERN_HEADERS = { 'mcp-protocol-version': MODERN, 'mcp-method': 'server/discover' };
const MODERN_PING = { ...MODERN_HEADERS, 'mcp-method': 'ping' };

async function post(
  body: object | string,
  headers: Record<string, string> = {},
  path = '/full',
): Promise<{ status: number; text: string }> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  expect(response.headers.get('mcp-session-id')).toBeNull();
  return { status: response.status, text: await response.text() };
}

describe('an enveloped server/discover', () => {
  it('of a version that is not served is told which are, under its own id, and starts no process', async () => {
    const { status, text } = await post(
      { ...request('server/discover', enveloped({ [VERSION_KEY]: '2099-01-01' })), id: 'probe-1' },
      { ...MODERN_HEADERS, 'mcp-protocol-version': '2099-01-01' },
    );
    expect(status).toBe(400);
    expect(JSON.parse(text)).toEqual({
      jsonrpc: '2.0',
      id: 'probe-1',
      error: {
        code: -32022,
        message: expect.any(String),
        data: { reason: 'version-unsupported', supported: [MODERN], requested: '2099-01-01' },
      },
    });
    expect(gateway.pids()).toEqual([]);
  });
});

describe('the id of a refusal', () => {
  it.each([
    ['modern', '"id":1.50', request('ping', enveloped()), MODERN_PING, '/full', 404],
    ['H modern, no claim', '"id":"a\\u0062"', request('tools/list'), MODERN_HEADERS, '/full', 400],
    ['no session', '"id":-0', request('tools/list'), {}, '/full', 400],
    [
      'unknown session',
      '"id":9007199254740993',
      request('tools/list'),
      { 'mcp-session-id': 'x' },
      '/full',
      404,
    ],
    ['unknown session of HTTP+SSE', '"id":5', request('tools/list'), {}, '/full?sessionId=x', 404],
    ['unknown server', '"id":6', request('tools/list'), {}, '/other', 404],
    ['unknown path', '"id":7', request('tools/list'), {}, '/full/what/ever', 404],
    ['nothing acceptable', '"id":8', request('initialize'), { accept: 'text/html' }, '/full', 406],
    ['not JSON-RPC 2.0', '"id":9', { ...request('tools/list'), jsonrpc: '1.0' }, {}, '/full', 400],
  ])('is the request’s own text: %s', async (_what, member, body, headers, path, expected) => {
    const { status, text } = await post(JSON.stringify(body).replace('"id":1', member), headers, path);
    expect(status).toBe(expected);
    expect(text).toContain(`{"jsonrpc":"2.0",${member},"error":{`);
  });

  it.each([
    ['not JSON', '{"jsonrpc":"2.0","id":1,'],
    ['a response', { jsonrpc: '2.0', id: 1, result: {} }],
    ['a batch', [request('ping')]],
    ['the id null', { ...request('ping'), id: null }],
  ])('is null where there is none to read, and left out under a modern header: %s', async (_what, body) => {
    const legacy = await post(body);
    expect(legacy).toMatchObject({
      status: 400,
      text: expect.stringMatching(/^\{"jsonrpc":"2.0","id":null,"error":/),
    });
    const modern = await post(body, MODERN_HEADERS);
    expect(modern).toMatchObject({ status: 400, text: expect.stringMatching(/^\{"jsonrpc":"2.0","error":/) });
  });

  it('is left out where the body claims to be modern', async () => {
    const { text } = await post([request('ping', enveloped())]);
    expect(text).toMatch(/^\{"jsonrpc":"2.0","error":\{"code":-32600,/);
  });

  it('is null before a body is read', async () => {
    const { status, text } = await post(request('ping'), { 'content-type': 'text/plain' });
    expect([status, JSON.parse(text).id]).toEqual([415, null]);
  });
});

describe.each([
  ['Streamable HTTP', (url: URL) => new StreamableHTTPClientTransport(url), ['subscriptions/listen']],
  ['HTTP+SSE', (url: URL) => new SSEClientTransport(url), ['initialize', 'notifications/initialized']],
])('an SDK v2 client that probes first, over %s', (_front, transport, next) => {
  it('[era 25] is served in the newest era that the front has, and works', async () => {
    const url = new URL(`${gateway.url}/full`);
    const opened = transport(url);
    const send = vi.spyOn(opened, 'send');
    await using client = await openV2(opened, {}, { versionNegotiation: { mode: 'auto' } });
    const sent = send.mock.calls.map(([message]) => ('method' in message ? message.method : undefined));
    expect(sent).toEqual(['server/discover', ...next]);
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThan(0);
  });
});
