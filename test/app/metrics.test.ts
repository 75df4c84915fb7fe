import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';

const ALL = 'token-that-may-use-everything';
const SOME = 'token-that-may-use-one-server';
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    auth: { bearer: { tokens: [ALL, { name: 'some', token: SOME, servers: ['one'] }] } },
    servers: { one: runs(HOSTILE_SERVER), two: runs(HOSTILE_SERVER) },
  });
});
afterAll(() => gateway.stop());

function get(path: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetch(gateway.url + path, {
    ...init,
    headers: { 'content-type': 'application/json', ...authorization },
  });
}

/** The value of the line that begins so. */
function valueOf(text: string, start: string): number {
  const line = text.split('\n').find((each) => each.startsWith(start));
  return Number(line?.slice(line.lastIndexOf(' ') + 1));
}

describe('/metrics', () => {
  it('[fault 92] is for valid credentials that may use every server, and for nobody else', async () => {
    expect((await get('/metrics')).status).toBe(401);
    expect((await get('/metrics', SOME)).status).toBe(404);
    const response = await get('/metrics', ALL);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/plain'),
    ]);
  });

  it('counts calls, sessions, processes, bytes and refusals, and names no session', async () => {
    const session = 'a-session-nobody-should-read';
    await get(`/api/one/echo?sessionId=${session}`, ALL, { method: 'POST', body: '{"a":1}' });
    await get('/api/one/echo', ALL, { method: 'POST', body: '{}' });
    const text = await (await get('/metrics', ALL)).text();
    const call = 'mcp_gateway_call_duration_seconds_count{server="one",method="tools/call",outcome="ok"}';
    expect(valueOf(text, call)).toBe(1);
    expect(valueOf(text, 'mcp_gateway_sessions_opened_total{server="one",front="rest"}')).toBe(1);
    expect(valueOf(text, 'mcp_gateway_sessions ')).toBe(1);
    expect(valueOf(text, 'mcp_gateway_instances ')).toBe(1);
    expect(valueOf(text, 'mcp_gateway_instance_starts_total{server="one"}')).toBe(1);
    expect(valueOf(text, 'mcp_gateway_requests_refused_total{code="SESSION_MISSING"}')).toBe(1);
    expect(valueOf(text, 'mcp_gateway_server_bytes_total{direction="to"}')).toBeGreaterThan(200);
    expect(valueOf(text, 'mcp_gateway_server_bytes_total{direction="from"}')).toBeGreaterThan(100);
    expect(valueOf(text, 'mcp_gateway_http_requests_total{status="2xx"}')).toBeGreaterThanOrEqual(2);
    expect(valueOf(text, 'mcp_gateway_http_requests_total{status="4xx"}')).toBeGreaterThanOrEqual(3);
    expect(text).toContain('mcp_gateway_nodejs_eventloop_lag_seconds');
    expect(text).not.toContain(session);
    expect(text).not.toContain(ALL);
  });

  it('cannot be made to grow by methods that a client makes up', async () => {
    const initialize = {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'c', version: '0' },
    };
    const opened = await get('/one', ALL, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: initialize }),
    });
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${ALL}`,
      'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
    };
    const calls = Array.from({ length: 5 }, (_, n) =>
      JSON.stringify({ jsonrpc: '2.0', id: n, method: `made/up-${n}` }),
    );
    await Promise.all(calls.map((body) => fetch(`${gateway.url}/one`, { method: 'POST', headers, body })));
    const text = await (await get('/metrics', ALL)).text();
    expect(text).not.toContain('made/up');
    expect(valueOf(text, 'mcp_gateway_call_duration_seconds_count{server="one",method="other"')).toBe(5);
  });
});
