import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    http: { legacyStateless: true },
    servers: { legacy: runs(HOSTILE_SERVER), modern: runs(fixture('modern-hostile.mjs')) },
  });
});
afterAll(() => gateway.stop());

async function post(
  server: string,
  method: string,
  params: object = {},
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${gateway.url}/${server}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'one', method, params }),
  });
  return {
    status: response.status,
    session: response.headers.get('mcp-session-id'),
    text: await response.text(),
  };
}

describe.each(['legacy', 'modern'])('with legacyStateless, on a %s server', (server) => {
  it('[era 7] a request without a session is served, and gets none', async () => {
    const { status, session, text } = await post(server, 'tools/list');
    expect([status, session]).toEqual([200, null]);
    const { id, result } = JSON.parse(text) as { id: string; result: Record<string, unknown> };
    expect([id, Object.keys(result)]).toEqual(['one', ['tools']]);
  });

  it('carries arguments as they came, and takes any known version', async () => {
    const call = { name: 'echo', arguments: { text: 'hi' } };
    const { status, text } = await post(server, 'tools/call', call, { 'mcp-protocol-version': '2025-06-18' });
    expect([status, text]).toEqual([200, expect.stringContaining('{\\"text\\":\\"hi\\"}')]);
  });

  it('still opens a session for who asks for one, and knows no other', async () => {
    const initialize = {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'c', version: '0' },
    };
    expect((await post(server, 'initialize', initialize)).session).toMatch(/^[0-9a-f]{38}$/);
    expect((await post(server, 'tools/list', {}, { 'mcp-session-id': 'gone' })).status).toBe(404);
  });
});

it('tells a legacy server at once that nobody can be asked', async () => {
  const call = { name: 'ask', arguments: { method: 'elicitation/create', params: {} } };
  expect((await post('legacy', 'tools/call', call)).text).toContain('-32601');
});
