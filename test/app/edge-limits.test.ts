import { describe, expect, it } from 'vitest';
import { groupsGone, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { exchange, expectProblem, expectRpcError, head, JSON_TYPE, told } from './edge-support.ts';

const SERVERS = { echo: runs(HOSTILE_SERVER), slow: runs(HOSTILE_SERVER, '--slow-init=300') };

function call(
  gateway: TestGateway,
  tool: string,
  sessionId: string,
  args = '{}',
  headers: Record<string, string> = {},
) {
  return told(
    fetch(`${gateway.url}/api/echo/${tool}?sessionId=${sessionId}`, {
      method: 'POST',
      headers: { ...JSON_TYPE, ...headers },
      body: args,
    }),
  );
}

async function text(answer: ReturnType<typeof call>): Promise<string> {
  const { status, body } = await answer;
  expect([status, body]).toEqual([200, expect.any(String)]);
  return (JSON.parse(body) as { content: { text: string }[] }).content[0]?.text ?? '';
}

describe('at the cap of sessions of one principal', () => {
  it('[fault 18] the longest idle gives way, its process ends, and the others keep their state', async () => {
    await using gateway = await startGateway({ limits: { sessionsPerPrincipal: 2 }, servers: SERVERS });
    const first = Number(await text(call(gateway, 'pid', 'first')));
    const second = await text(call(gateway, 'pid', 'second'));
    await text(call(gateway, 'pid', 'third'));
    await groupsGone([first]);
    expect(await text(call(gateway, 'pid', 'second'))).toBe(second);
    expect(gateway.gateway.inspect().sessions).toBe(2);
    await gateway.event(
      'session.ended',
      ({ session, reason }) => session === 'first' && reason === 'replaced at the session limit',
    );
  });

  it('[fault 18] 429 and Retry-After when none can go: streams and calls are not ended for a newcomer', async () => {
    await using gateway = await startGateway({ limits: { sessionsPerPrincipal: 2 }, servers: SERVERS });
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const running = call(gateway, 'sleep', 'busy', '{"ms":400}');
    await gateway.event('session.leased', ({ session }) => session === 'busy');
    const refused = await call(gateway, 'pid', 'newcomer');
    expectProblem(refused, 429, 'PRINCIPAL_SESSIONS_FULL');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const stream = await exchange(gateway.port, head('GET /echo', 'Accept: text/event-stream'));
    expectRpcError(stream, 429, -32000, 'principal-sessions-full');
    expect(Number(stream.headers['retry-after'])).toBeGreaterThan(0);
    expect(await text(running)).toBe('slept');
    expect(await client.callTool('echo', { still: 1 })).toBe('{"still":1}');
    expect(await text(call(gateway, 'pid', 'newcomer'))).toMatch(/^\d+$/);
    client.close();
  });

  it('[fault 18] other principals are not touched', async () => {
    await using gateway = await startGateway({
      limits: { sessions: 3, sessionsPerPrincipal: 2 },
      servers: SERVERS,
      auth: { bearer: { tokens: ['token-of-alice', 'token-of-bob'] } },
    });
    const alice = { authorization: 'Bearer token-of-alice' };
    const bob = { authorization: 'Bearer token-of-bob' };
    const pids = [
      await text(call(gateway, 'pid', 'a', '{}', alice)),
      await text(call(gateway, 'pid', 'b', '{}', alice)),
    ];
    for (const id of ['a', 'b', 'c']) await text(call(gateway, 'pid', id, '{}', bob));
    expect(await Promise.all(['a', 'b'].map((id) => text(call(gateway, 'pid', id, '{}', alice))))).toEqual(
      pids,
    );
    expect(gateway.gateway.inspect().sessions).toBe(3);
  });
});

describe('at the cap of processes', () => {
  it('[fault 18] 503 and Retry-After, nothing is kept of the refused, and a place that is free again is taken', async () => {
    await using gateway = await startGateway({ limits: { instances: 1 }, servers: SERVERS });
    const pid = Number(await text(call(gateway, 'pid', 'first')));
    const refused = await call(gateway, 'pid', 'second');
    expectProblem(refused, 503, 'INSTANCES_FULL');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect([gateway.pids(), gateway.gateway.inspect().sessions]).toEqual([[pid], 1]);
    const client = await BareSseClient.open(`${gateway.url}/echo`);
    const { error } = await client.request('initialize', {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'x', version: '0' },
    });
    expect(error).toMatchObject({ code: -32603, data: { reason: 'instances-full' } });
    client.close();
    expect((await fetch(`${gateway.url}/api/sessions/first`, { method: 'DELETE' })).status).toBe(204);
    await groupsGone([pid]);
    await gateway.event('instance.exited', (event) => event.pid === pid);
    expect(await text(call(gateway, 'pid', 'second'))).toMatch(/^\d+$/);
  });

  it('[fault 17] starts beyond concurrentStarts wait their turn; one that is ended while it waits is told so and starts nothing', async () => {
    await using gateway = await startGateway({ limits: { concurrentStarts: 1 }, servers: SERVERS });
    const slow = (id: string) =>
      told(fetch(`${gateway.url}/api/slow/pid?sessionId=${id}`, { method: 'POST' }));
    const first = slow('first');
    await gateway.event('instance.started');
    const waiting = slow('waiting');
    await gateway.event('session.opened', ({ session }) => session === 'waiting');
    expect(gateway.gateway.inspect()).toMatchObject({ instances: 1, waiting: 1 });
    expect((await fetch(`${gateway.url}/api/sessions/waiting`, { method: 'DELETE' })).status).toBe(204);
    expectProblem(await waiting, 404, 'SESSION_UNKNOWN');
    expect((await first).status).toBe(200);
    expect(gateway.pids()).toHaveLength(1);
    expect(gateway.events.filter(({ type }) => type === 'gateway.fault')).toEqual([]);
  });

  it('one that is ended while its process starts is told so, and no process is left', async () => {
    await using gateway = await startGateway({ servers: SERVERS });
    const starting = told(fetch(`${gateway.url}/api/slow/pid?sessionId=starting`, { method: 'POST' }));
    const { pid } = await gateway.event('instance.started');
    expect((await fetch(`${gateway.url}/api/sessions/starting`, { method: 'DELETE' })).status).toBe(204);
    expectProblem(await starting, 404, 'SESSION_UNKNOWN');
    await groupsGone([pid]);
    expect(gateway.gateway.inspect().sessions).toBe(0);
  });
});

describe('a session that is not used', () => {
  it('ends after sessionIdleMs with its process, but not while a call runs or a stream is open', async () => {
    await using gateway = await startGateway({ limits: { sessionIdleMs: 1000 }, servers: SERVERS });
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const pid = Number(await text(call(gateway, 'pid', 'idle')));
    expect(await text(call(gateway, 'sleep', 'busy', '{"ms":1800}'))).toBe('slept');
    expect(await text(call(gateway, 'count', 'busy'))).toBe('1');
    await gateway.event(
      'session.ended',
      ({ session, reason }) => session === 'idle' && reason === 'idle for too long',
    );
    await groupsGone([pid]);
    expect(await client.callTool('count')).toBe('1');
    client.close();
    expect(await text(call(gateway, 'pid', 'idle'))).not.toBe(String(pid));
  });

  it('[fault 3] ends at sessionMaxAgeMs even when it is used: its stream closes and its id is unknown', async () => {
    await using gateway = await startGateway({ limits: { sessionMaxAgeMs: 2500 }, servers: SERVERS });
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    await client.ended();
    expect((await client.post({ jsonrpc: '2.0', id: 9, method: 'ping' })).status).toBe(404);
    await gateway.event('session.ended', ({ reason }) => reason === 'open for too long');
    await groupsGone(gateway.pids());
  });
});
