import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deferred } from '../../src/util/deferred.ts';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { groupEnded, pidOfSession, RawSseClient, rest, textOf } from './helpers.ts';

const MiB = 1024 * 1024;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    http: { sseGraceMs: 50, drainMs: 100 },
    servers: {
      good: runs(HOSTILE_SERVER),
      // As fast as it can: here its reader is what stops it.
      flood: { ...runs(HOSTILE_SERVER, '--flood-stdout'), maxLinesPerSecond: 10_000_000 },
      endless: { ...runs(HOSTILE_SERVER, `--no-newline=${50 * MiB}`), maxLineBytes: 64 * 1024 },
      long: { ...runs(HOSTILE_SERVER, `--no-newline=${50 * MiB}`), maxLineBytes: 64 * MiB },
      'deaf-later': { ...runs(HOSTILE_SERVER, '--never-read-stdin=after-init'), callTimeoutMs: 60_000 },
    },
  });
});
afterAll(() => gateway.stop());

/** Messages and bytes that came from a server so far, counted from now on. */
function countFrom(server: string): { readonly messages: number; readonly bytes: number; stop(): void } {
  const count = { messages: 0, bytes: 0, stop: (): void => undefined };
  count.stop = gateway.gateway.events.subscribe(
    (event) => {
      if (event.type !== 'message' || event.server !== server || event.direction !== 'from-server') return;
      count.messages += 1;
      count.bytes += event.bytes.reduce((sum, piece) => sum + piece.length, 0);
    },
    { messages: true },
  );
  return count;
}

describe('a reader that does not read', () => {
  it('[fault 4] pauses its own server, in bounded memory; others are served; it misses nothing when it reads again', async () => {
    const count = countFrom('flood');
    const reader = await RawSseClient.initialized(gateway, 'flood');
    reader.socket.pause();
    const memory = process.memoryUsage.rss();
    const pid = await pidOfSession(gateway, reader.sessionId);
    // The work of a neighbour is the clock: the flood has stopped when ten of its calls see no message more.
    for (let quiet = 0, last = -1; quiet < 10; quiet = count.messages === last ? quiet + 1 : 0) {
      last = count.messages;
      await textOf(gateway, 'good/count', 'neighbour');
      expect(count.bytes).toBeLessThan(64 * MiB);
    }
    expect(process.memoryUsage.rss() - memory).toBeLessThan(128 * MiB);
    const stalledAt = count.messages;
    const before = [...reader.seen.matchAll(/flood (\d+) /g)].length;
    reader.socket.resume();
    await reader.until(new RegExp(`flood ${stalledAt + 1000} `));
    const seen = [...reader.seen.matchAll(/"flood (\d+) /g)].map(([, n]) => Number(n));
    expect(seen.length).toBeGreaterThan(before + 1000);
    expect(seen.every((n, index) => n === index)).toBe(true);
    reader.reset();
    await groupEnded(pid);
    count.stop();
  });

  it('[fault 27] [fault 2] that goes away while its server is paused frees it', async () => {
    const count = countFrom('flood');
    const reader = await RawSseClient.initialized(gateway, 'flood');
    reader.socket.pause();
    const pid = await pidOfSession(gateway, reader.sessionId);
    for (let last = -1; last !== count.messages; ) {
      last = count.messages;
      await textOf(gateway, 'good/count', 'neighbour');
    }
    reader.reset();
    await groupEnded(pid);
    expect(gateway.gateway.inspect().sessions).toBe(1);
    count.stop();
  });
});

describe('[fault 27] a server that floods', () => {
  it('does not keep a REST session, nor another server, from their answers', async () => {
    expect(await textOf(gateway, 'flood/count', 'flooded')).toBe('1');
    const client = await BareSseClient.initialized(`${gateway.url}/good`);
    const started = performance.now();
    for (let n = 1; n <= 20; n += 1) expect(await client.callTool('count')).toBe(String(n));
    expect(performance.now() - started).toBeLessThan(5000);
    await fetch(`${gateway.url}/api/sessions/flooded`, { method: 'DELETE' });
    await groupEnded(await pidOfSession(gateway, 'flooded'));
    client.close();
  });
});

describe('[fault 50] a server that still writes while the gateway stops', () => {
  it('is read to its end and heard by nobody', async () => {
    const own = await startGateway({
      http: { drainMs: 0 },
      servers: { flood: runs(HOSTILE_SERVER, '--flood-stdout', '--ignore-eof') },
    });
    const client = await BareSseClient.initialized(`${own.url}/flood`);
    await client.message(({ method }) => method === 'notifications/message');
    await own.stop();
    expect(own.gateway.inspect()).toMatchObject({ sessions: 0, instances: 0, waiting: 0 });
    expect(own.events.filter(({ type }) => type === 'gateway.fault')).toEqual([]);
    expect(own.events.at(-1)?.type).toBe('gateway.stopped');
    await client.ended();
  });
});

describe('[fault 26] a line without an end', () => {
  it('ends its instance where it passes maxLineBytes, with a clear error; others go on meanwhile', async () => {
    await textOf(gateway, 'endless/count', 'endless');
    const pid = await pidOfSession(gateway, 'endless');
    const memory = process.memoryUsage.rss();
    const lag = monitorEventLoopDelay({ resolution: 10 });
    lag.enable();
    const failed = rest(gateway, 'endless/write', 'endless', { raw: '' });
    for (let n = 0; n < 20; n += 1) await textOf(gateway, 'good/count', 'neighbour');
    expect(await failed).toMatchObject({ status: 502, code: 'SERVER_EXITED' });
    lag.disable();
    expect(lag.max / 1e6).toBeLessThan(500);
    expect(process.memoryUsage.rss() - memory).toBeLessThan(64 * MiB);
    const { why } = await gateway.event('instance.noise', ({ server }) => server === 'endless');
    expect(why).toContain('65536 bytes');
    await groupEnded(pid);
  });

  it('costs time in proportion to its length where it is allowed, and what follows is read', async () => {
    await textOf(gateway, 'long/count', 'long');
    const lag = monitorEventLoopDelay({ resolution: 10 });
    lag.enable();
    const written = textOf(gateway, 'long/write', 'long', { raw: '\n' });
    for (let n = 0; n < 5; n += 1) await textOf(gateway, 'good/count', 'neighbour');
    expect(await written).toBe('written');
    lag.disable();
    expect(lag.max / 1e6).toBeLessThan(1000);
    expect(await textOf(gateway, 'long/count', 'long')).toBe('2');
  });
});

describe('[fault 32] a server that stops reading', () => {
  it('has its calls refused with 503 once enough waits, in bounded memory; others are served', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/deaf-later`);
    const padding = 'x'.repeat(3 * MiB);
    const memory = process.memoryUsage.rss();
    const answers = Array.from({ length: 20 }, (_, n) =>
      client.request('tools/call', { name: 'echo', arguments: { padding } }, `n${n}`),
    );
    const refused = await client.message(
      ({ error }) => (error?.data as { reason?: string } | undefined)?.reason === 'server-overloaded',
    );
    expect(refused.error).toMatchObject({ code: -32603 });
    expect(await textOf(gateway, 'good/echo', 'neighbour', { a: 1 })).toBe('{"a":1}');
    expect(process.memoryUsage.rss() - memory).toBeLessThan(256 * MiB);
    const settled = Promise.allSettled(answers);
    client.close();
    await settled;
  });

  it('answers REST with 503 and Retry-After', async () => {
    // 16 MiB may wait: six bodies of 3 MiB get in, each is taken while there is not too much yet.
    const body = JSON.stringify({ padding: 'x'.repeat(3 * MiB) });
    const headers = { 'content-type': 'application/json' };
    const refused: Response[] = [];
    const allRefused = deferred<void>();
    const calls = Array.from({ length: 10 }, async () => {
      const response = await fetch(`${gateway.url}/api/deaf-later/echo?sessionId=full`, {
        method: 'POST',
        headers,
        body,
      });
      if (response.status === 503) refused.push(response);
      if (refused.length === 4) allRefused.resolve();
      return response.status;
    });
    await allRefused.promise;
    for (const response of refused) {
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await response.json()).toMatchObject({ code: 'SERVER_OVERLOADED' });
    }
    expect((await fetch(`${gateway.url}/api/sessions/full`, { method: 'DELETE' })).status).toBe(204);
    const statuses = await Promise.all(calls);
    expect([404, 503].map((status) => statuses.filter((each) => each === status).length)).toEqual([6, 4]);
    await groupEnded(await pidOfSession(gateway, 'full'));
  });
});
