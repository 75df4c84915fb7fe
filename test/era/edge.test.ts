/** Refusals that come before the era of a request matters, and requests that say nothing of theirs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { request } from '../support/inbound.ts';
import { META, MODERN_VERSION } from '../support/modern-client.ts';
import { exchange, type Sent } from '../support/raw-exchange.ts';
import { BOTH, initialize } from '../support/streamable-client.ts';

const path = '/one';
const envelope = { [`${META}protocolVersion`]: MODERN_VERSION, [`${META}clientCapabilities`]: {} };
const REQUESTS: Readonly<Record<string, Sent>> = {
  'HTTP+SSE': { method: 'GET', path, headers: { accept: 'text/event-stream' } },
  sessions: { path, headers: { accept: BOTH }, body: initialize() },
  stateless: {
    path,
    headers: { accept: BOTH, 'mcp-protocol-version': MODERN_VERSION, 'mcp-method': 'tools/list' },
    body: request('tools/list', { _meta: envelope }),
  },
};

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({ servers: { one: runs(HOSTILE_SERVER) } });
});
afterAll(() => gateway.stop());

const post = async (body: unknown, headers: Sent['headers'] = {}) => {
  const answer = await exchange(gateway.port, { path, body, headers });
  return { status: answer.status, ...(JSON.parse(answer.body) as { id: unknown; error: { code: number } }) };
};

describe('whatever the era', () => {
  it.each(Object.keys(REQUESTS))('[era 1] a page of another origin starts nothing: %s', async (era) => {
    const sent = REQUESTS[era] as Sent;
    for (const lie of [{ origin: 'https://evil.example' }, { host: 'evil.example' }]) {
      const answer = await exchange(gateway.port, { ...sent, headers: { ...sent.headers, ...lie } });
      expect(answer.status).toBe(403);
    }
    expect(gateway.pids()).toEqual([]);
  });

  it('[era 3] a body must be JSON-RPC, and be declared as JSON', async () => {
    const text = JSON.stringify(request('tools/list'));
    expect(await post(text, { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    const charset = await post(text, { 'content-type': 'application/json; charset=utf-8' });
    expect(charset).toMatchObject({ status: 400, id: 1, error: { data: { reason: 'session-missing' } } });
    expect(await post('{')).toMatchObject({ status: 400, id: null, error: { code: -32700 } });
    for (const body of ['5', text.replace('"id":1', '"id":null')])
      expect(await post(body)).toMatchObject({ status: 400, id: null, error: { code: -32600 } });
    expect(gateway.pids()).toEqual([]);
  });

  it('[era 7] a request of neither a session nor a claim has no client to be of', async () => {
    expect(await post(request('tools/list'))).toMatchObject({ status: 400, id: 1, error: { code: -32000 } });
    expect(gateway.pids()).toEqual([]);
  });
});
