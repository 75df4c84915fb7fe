import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { rest, textOf } from '../instance/helpers.ts';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { descendants, groupMembers, processesGone } from '../support/no-leaks.ts';
import { BareSseClient } from '../support/sse-client.ts';

const hostile = `"${process.execPath}" "${HOSTILE_SERVER}"`;
const SERVERS = {
  echo: runs(HOSTILE_SERVER),
  wrapped: { command: 'sh', args: ['-c', `${hostile} ; true`] },
  stubborn: runs(HOSTILE_SERVER, '--ignore-eof', '--ignore-term', '--fork'),
};
const STOPPING = /Stopping: running calls have/;

/** A connection that is there before the gateway stops to listen, and has asked nothing yet. */
async function connection(
  gateway: GatewayProcess,
): Promise<(head: string, body?: string) => Promise<string>> {
  const socket = connect(gateway.port, '127.0.0.1');
  await once(socket, 'connect');
  // The connection is accepted for sure once a later one was served.
  await fetch(`${gateway.url}/healthz`, { headers: { connection: 'close' } });
  let seen = '';
  socket.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  socket.on('error', () => undefined);
  return async (head, body = '') => {
    const length = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    socket.end(`${head}\r\nHost: localhost\r\nConnection: close\r\n${length}\r\n${body}`);
    await once(socket, 'close');
    return seen;
  };
}

/** A call that runs when this resolves, with the pid of its server. */
async function runningCall(gateway: GatewayProcess, server: string, ms: number) {
  const pid = Number(await textOf(gateway, `${server}/pid`, 's'));
  const call = rest(gateway, `${server}/sleep`, 's', { ms });
  await textOf(gateway, `${server}/count`, 's');
  return { pid, call };
}

describe.concurrent('[fault 116] a gateway that is told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s lets calls finish, is not ready meanwhile, takes nothing new, ends its servers, and exits with 0',
    async (signal) => {
      await using gateway = await startGatewayProcess({ servers: SERVERS });
      await textOf(gateway, 'wrapped/count', 'idle');
      // A call that runs until its client answers a question.
      const client = await BareSseClient.initialized(`${gateway.url}/echo`, { roots: {} });
      const endpoint = new URL(await client.endpoint());
      const call = client.callTool('ask', { method: 'roots/list' });
      const question = await client.message(({ method }) => method === 'roots/list');
      const [ready, late, lateStream, answer] = await Promise.all(
        Array.from({ length: 4 }, () => connection(gateway)),
      );
      const servers = descendants(gateway.pid);
      expect(servers.length).toBeGreaterThanOrEqual(3);
      gateway.signal(signal);
      await gateway.says(STOPPING);
      const refused = await ready?.('GET /readyz HTTP/1.1');
      expect(refused).toMatch(/^HTTP\/1\.1 503 /);
      expect(refused).toMatch(/^retry-after: /im);
      expect(await late?.('POST /api/echo/count?sessionId=s HTTP/1.1')).toMatch(
        /^HTTP\/1\.1 503 [\s\S]*"code":"STOPPING"/,
      );
      expect(await lateStream?.('GET /echo HTTP/1.1\r\nAccept: text/event-stream')).toMatch(
        /^HTTP\/1\.1 503 /,
      );
      await expect(fetch(`${gateway.url}/readyz`)).rejects.toThrow();
      const body = JSON.stringify({ jsonrpc: '2.0', id: question.id, result: { roots: [] } });
      expect(await answer?.(`POST ${endpoint.pathname}${endpoint.search} HTTP/1.1`, body)).toMatch(
        /^HTTP\/1\.1 202 /,
      );
      expect(await call).toContain('"roots":[]');
      await client.ended();
      expect(await gateway.outcome).toMatchObject({ code: 0, signal: null, stdout: '' });
      await processesGone(servers, 0);
    },
  );

  it('answers what runs in an MCP session before its stream ends', async () => {
    await using gateway = await startGatewayProcess({ servers: SERVERS });
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const running = client.request('tools/call', { name: 'sleep', arguments: { ms: 600 } });
    await client.callTool('count');
    gateway.signal('SIGTERM');
    expect((await running).result).toBeDefined();
    await client.ended();
    expect((await gateway.outcome).code).toBe(0);
  });

  it('waits no longer than drainMs, tells what still runs, kills what does not go, and exits with 0', async () => {
    await using gateway = await startGatewayProcess({ http: { drainMs: 300 }, servers: SERVERS });
    const { pid, call } = await runningCall(gateway, 'stubborn', 60_000);
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const started = performance.now();
    gateway.signal('SIGTERM');
    expect(await call).toMatchObject({ status: 503, code: 'STOPPING' });
    await client.ended();
    expect((await gateway.outcome).code).toBe(0);
    const tookMs = performance.now() - started;
    expect(tookMs).toBeGreaterThanOrEqual(300);
    expect(tookMs).toBeLessThan(300 + 5000);
    expect(groupMembers(pid)).toEqual([]);
  });

  it('twice, more than a second apart, stops at once: exit code 1, and still no process is left', async () => {
    await using gateway = await startGatewayProcess({ servers: SERVERS });
    const { pid, call } = await runningCall(gateway, 'stubborn', 60_000);
    const answered = call.catch(() => undefined);
    gateway.signal('SIGTERM');
    await gateway.says(STOPPING);
    // The time between two signals is what this is about.
    await sleep(1100);
    expect(gateway.child.exitCode).toBeNull();
    const started = performance.now();
    gateway.signal('SIGTERM');
    expect(await gateway.outcome).toMatchObject({ code: 1, signal: null });
    expect(performance.now() - started).toBeLessThan(2000);
    expect(groupMembers(pid)).toEqual([]);
    await answered;
  });

  it('twice, while it already ends processes that do not go, stops at once, too', async () => {
    await using gateway = await startGatewayProcess({ http: { drainMs: 0 }, servers: SERVERS });
    const pid = Number(await textOf(gateway, 'stubborn/pid', 's'));
    gateway.signal('SIGTERM');
    await gateway.says(STOPPING);
    await sleep(1100);
    const started = performance.now();
    gateway.signal('SIGINT');
    expect((await gateway.outcome).code).toBe(1);
    expect(performance.now() - started).toBeLessThan(1500);
    expect(groupMembers(pid)).toEqual([]);
  });

  it('many times within a second, as under npm, still lets calls finish', async () => {
    await using gateway = await startGatewayProcess({ servers: SERVERS });
    const { call } = await runningCall(gateway, 'echo', 600);
    for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGINT'] as const) gateway.signal(signal);
    expect((await call).text).toBe('slept');
    expect(await gateway.outcome).toMatchObject({ code: 0, signal: null });
    expect(gateway.stderr().match(new RegExp(STOPPING, 'g'))).toHaveLength(1);
  });

  it('while a server is starting does not wait for it', async () => {
    await using gateway = await startGatewayProcess({
      http: { drainMs: 200 },
      servers: { slow: runs(HOSTILE_SERVER, '--never-init') },
    });
    const waiting = rest(gateway, 'slow/count', 's').catch(() => undefined);
    await expectDescendants(gateway);
    const started = performance.now();
    gateway.signal('SIGTERM');
    expect(await waiting).toMatchObject({ status: 503, code: 'STOPPING' });
    expect((await gateway.outcome).code).toBe(0);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('without anything to do ends at once, by itself', async () => {
    await using gateway = await startGatewayProcess({ servers: SERVERS });
    const started = performance.now();
    gateway.signal('SIGTERM');
    expect(await gateway.outcome).toMatchObject({ code: 0, signal: null });
    expect(performance.now() - started).toBeLessThan(2000);
    expect(gateway.stderr()).toContain('Stopped');
  });
});

async function expectDescendants(gateway: GatewayProcess): Promise<void> {
  while (descendants(gateway.pid).length === 0) await sleep(20);
}
