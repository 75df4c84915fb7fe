/** What callers, operators and neighbours see of a server that keeps failing to start. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/telemetry/log.ts';
import { rest, tempFolder, textOf } from '../instance/helpers.ts';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { ModernClient } from '../support/modern-client.ts';
import { RawExchange } from '../support/raw-exchange.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { BOTH, StreamableClient } from '../support/streamable-client.ts';

const MODERN = fixture('modern-hostile.mjs');
const folder = tempFolder();
const logOf = (server: string): string => `--call-log=${join(folder.path, server)}`;
const callsOf = (server: string): string[] =>
  readFileSync(join(folder.path, server), 'utf8').trim().split('\n');
const broken = { ...runs(HOSTILE_SERVER, '--exit-on-start=3'), era: 'legacy' };
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '0' } },
};
const log = new PassThrough({ encoding: 'utf8' });
let logged = '';
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    auth: {
      basic: { enabled: true, credentials: [{ username: 'all', password: 'password-of-all' }] },
      bearer: {
        enabled: true,
        tokens: [{ name: 'good-only', token: 'token-of-good-only', servers: ['good'] }],
      },
    },
    servers: {
      good: runs(HOSTILE_SERVER),
      broken,
      'broken-modern': { ...runs(MODERN, '--exit-on-start=4'), era: 'modern' },
    },
  });
  log.on('data', (text: string) => {
    logged += text;
  });
  createLog({ level: 'info', format: 'pretty', colors: false, secrets: [], stream: log }).follow(
    gateway.gateway.events,
  );
});
afterAll(async () => {
  await gateway.stop();
  folder[Symbol.dispose]();
});

const ALL = { authorization: `Basic ${Buffer.from('all:password-of-all').toString('base64')}` };
const callBroken = (session = 's') =>
  fetch(`${gateway.url}/api/broken/pid?sessionId=${session}`, {
    method: 'POST',
    headers: { ...ALL, 'content-type': 'application/json' },
    body: '{}',
  });
const readyz = async (headers: Record<string, string> = {}) => {
  const response = await fetch(`${gateway.url}/readyz`, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('[fault 23] a server that keeps failing to start', () => {
  it('is refused at once on every front, with its state and when to come again', async () => {
    let last = await callBroken();
    while (last.status === 502) last = await callBroken();
    expect([last.status, Number(last.headers.get('retry-after'))]).toEqual([503, 1]);
    expect(await last.json()).toMatchObject({
      code: 'SERVER_FAILING',
      detail: expect.stringMatching(/It is backing off; the next start is allowed in 1 s\.$/),
    });
    // However long it takes: each failure makes the wait longer, and at five the server has failed.
    while (gateway.gateway.inspect().servers[1]?.state !== 'failed') await callBroken();
    const spawned = gateway.pids().length;
    const refused = await callBroken('another');
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([503, expect.any(Number)]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(5);

    const streamable = new RawExchange(gateway.port, {
      path: '/broken',
      headers: { ...ALL, accept: BOTH },
      body: INITIALIZE,
    });
    const head = await streamable.done();
    expect([head.status, Number(head.headers['retry-after'])]).toEqual([503, expect.any(Number)]);
    expect(Number(head.headers['retry-after'])).toBeGreaterThan(5);
    expect(head.headers['mcp-session-id']).toBeUndefined();

    const sse = await BareSseClient.open(`${gateway.url}/broken`, ALL);
    const { error } = await sse.request('initialize', INITIALIZE.params);
    expect(error).toMatchObject({ code: -32603, data: { reason: 'server-failing' } });
    expect(error?.message).toMatch(/It has failed; the next start is allowed in \d+ s\.$/);
    sse.close();

    const client = new ModernClient(gateway.port, '/broken', { headers: ALL });
    const modern = await client.call('pid');
    expect(modern).toMatchObject({
      status: 503,
      error: { code: -32603, data: { reason: 'server-failing' } },
    });
    expect(Number(modern.head.headers['retry-after'])).toBeGreaterThan(5);
    expect(gateway.pids().length).toBe(spawned);
  });

  it('[fault 122] does not disturb the others, nor make the gateway unready', async () => {
    expect((await readyz()).status).toBe(200);
    const response = await fetch(`${gateway.url}/api/good/count?sessionId=s`, {
      method: 'POST',
      headers: { ...ALL, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(200);
  });

  it('is named by /readyz to whoever may use it; others are told a number', async () => {
    const counts = { status: 'ready', servers: { ok: 2, failing: 1 } };
    expect((await readyz()).body).toEqual(counts);
    expect((await readyz({ authorization: 'Bearer wrong' })).body).toEqual(counts);
    expect((await readyz({ authorization: 'Bearer token-of-good-only' })).body).toEqual({
      ...counts,
      failing: [],
    });
    const { body } = await readyz(ALL);
    expect(body).toEqual({
      ...counts,
      failing: [
        {
          server: 'broken',
          state: 'failed',
          failures: 5,
          reason: 'exit code 3',
          retryInMs: expect.any(Number),
        },
      ],
    });
  });

  it('is named where nothing is configured to whoever sits at this machine, and to no proxy', async () => {
    await using own = await startGateway({ servers: { broken, good: runs(HOSTILE_SERVER) } });
    const failing = (): boolean => own.gateway.inspect().servers[0]?.state !== 'ok';
    while (!failing()) await rest(own, 'broken/pid', 's');
    const ask = async (headers = {}): Promise<Record<string, unknown>> =>
      (await (await fetch(`${own.url}/readyz`, { headers })).json()) as Record<string, unknown>;
    expect(Object.keys(await ask())).toEqual(['status', 'servers', 'failing']);
    expect(Object.keys(await ask({ 'x-forwarded-for': '192.0.2.1' }))).toEqual(['status', 'servers']);
  });

  it('is shown by a metric, and explained once by the log', async () => {
    const metrics = await (await fetch(`${gateway.url}/metrics`, { headers: ALL })).text();
    expect(metrics).toContain('mcp_gateway_server_state{server="broken",state="failed"} 1');
    expect(metrics).toContain('mcp_gateway_server_state{server="broken",state="ok"} 0');
    expect(metrics).toContain('mcp_gateway_server_state{server="good",state="ok"} 1');
    const lines = logged.split('\n').filter((line) => line.includes('Server broken has failed'));
    expect(lines).toEqual([
      expect.stringMatching(
        /\[ERROR\]: Server broken has failed: 5 failed starts in a row, the last with exit code 3; the next start is allowed in \d+\.\d s/,
      ),
    ]);
  });

  it('is the same where the server would be shared', async () => {
    const client = new ModernClient(gateway.port, '/broken-modern', { headers: ALL });
    let answer = await client.call('pid');
    while (answer.status === 502) answer = await client.call('pid');
    expect(answer).toMatchObject({ status: 503, error: { data: { reason: 'server-failing' } } });
  });
});

describe('[fault 22] after a call that ended its process', () => {
  it.each(['legacy', 'modern'])(
    'a shared %s process is started again by the next call, and no call is sent twice',
    async (era) => {
      const script = era === 'modern' ? MODERN : HOSTILE_SERVER;
      await using own = await startGateway({
        servers: { it: { ...runs(script, logOf(`shared-${era}`)), era } },
      });
      const client = new ModernClient(own.port, '/it');
      expect(await client.text('count')).toBe('1');
      expect(await client.call('crash')).toMatchObject({
        status: 502,
        error: { code: -32603, data: { reason: 'server-exited' } },
      });
      expect(await client.text('count')).toBe('1');
      expect(callsOf(`shared-${era}`)).toEqual(['count', 'crash', 'count']);
    },
  );

  it('a stateful session is over: 404 for Streamable HTTP, 410 once for REST, and no call is sent twice', async () => {
    await using own = await startGateway({ servers: { it: runs(HOSTILE_SERVER, logOf('sessions')) } });
    const client = await StreamableClient.open(own.port, '/it');
    await client.call('crash').done();
    const late = await client.call('count').done();
    expect(late.status).toBe(404);
    expect((await rest(own, 'it/crash', 's')).code).toBe('SERVER_EXITED');
    expect(await rest(own, 'it/count', 's')).toMatchObject({ status: 410, code: 'SESSION_GONE' });
    expect(await textOf(own, 'it/count', 's')).toBe('1');
    expect(callsOf('sessions')).toEqual(['crash', 'crash', 'count']);
  });

  it('however often, the server is not held to be failing: nobody can shut it for the others', async () => {
    await using own = await startGateway({ servers: { it: { ...runs(HOSTILE_SERVER), era: 'legacy' } } });
    for (let n = 0; n < 7; n += 1) expect((await rest(own, 'it/crash', `s${n}`)).code).toBe('SERVER_EXITED');
    expect(await textOf(own, 'it/count', 'mine')).toBe('1');
    expect(own.gateway.inspect().servers).toMatchObject([{ state: 'ok', failures: 0 }]);
  });
});

describe('a server of unknown era', () => {
  it('that dies of the handshake is started again at once to be asked whether it is modern', async () => {
    await using own = await startGateway({
      servers: { it: runs(fixture('modern-hostile.mjs'), '--exit-on-initialize') },
    });
    const clients = await Promise.all([1, 2, 3].map(() => StreamableClient.open(own.port, '/it')));
    for (const client of clients) expect((await client.call('echo', { text: 'x' }).done()).status).toBe(200);
    expect(own.gateway.inspect().servers).toMatchObject([{ state: 'ok' }]);
  });
});
