/** A server that says more than is read is slowed down itself: not ended, and not heard at the cost of others. */
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PacedPipe } from '../../src/instance/paced-pipe.ts';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';

const RATE = 500;
let gateway: TestGateway;

/** A server beside which another program writes to the same pipes without end. */
const beside = (flood: string): Record<string, unknown> => ({
  command: 'sh',
  args: ['-c', `${flood} & exec "$0" "$@"`, process.execPath, HOSTILE_SERVER],
});

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      good: runs(HOSTILE_SERVER),
      flood: { ...runs(HOSTILE_SERVER, '--flood-stdout'), maxLinesPerSecond: RATE },
      blank: { ...beside('yes ""'), maxLinesPerSecond: 50_000 },
      noise: beside('yes nonsense'),
      stderr: beside('yes nonsense >&2'),
      talker: { ...runs(HOSTILE_SERVER), maxLinesPerSecond: 1 },
      storm: { ...runs(HOSTILE_SERVER, '--notify-storm=2000'), maxLinesPerSecond: 100_000 },
    },
  });
});
afterAll(() => gateway.stop());

async function call(server: string, tool: string): Promise<number> {
  const response = await fetch(`${gateway.url}/api/${server}/${tool}?sessionId=pace`, { method: 'POST' });
  await response.text();
  return response.status;
}

describe('[fault 27] a server that floods its output', () => {
  it('is read no faster than it may write, and is told of once', async () => {
    expect(await call('flood', 'count')).toBe(200);
    let lines = 0;
    const stop = gateway.gateway.events.subscribe(
      (event) => {
        if (event.type === 'message' && event.server === 'flood' && event.direction === 'from-server')
          lines += 1;
      },
      { messages: true },
    );
    const begin = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const seconds = (performance.now() - begin) / 1000;
    stop();
    // What may be said at once, and what one read brings with it.
    const atOnce = RATE * 0.1 + 1000;
    expect(lines).toBeLessThan(RATE * seconds + atOnce);
    expect(lines).toBeGreaterThan(0);
    expect(await call('flood', 'count')).toBe(200);
    const told = gateway.events.filter(
      (event) => event.type === 'instance.paced' && event.server === 'flood',
    );
    expect(told).toMatchObject([{ linesPerSecond: RATE }]);
    expect(gateway.events.filter(({ type }) => type === 'instance.exited')).toEqual([]);
  });

  it.each(['blank', 'noise', 'stderr'])(
    'answers still, if slowly, and keeps nobody else waiting: %s',
    async (server) => {
      expect(await call(server, 'count')).toBe(200);
      const neighbour = await BareSseClient.initialized(`${gateway.url}/good`);
      for (let n = 1; n <= 50; n += 1) expect(await neighbour.callTool('count')).toBe(String(n));
      expect(await call(server, 'count')).toBe(200);
      neighbour.close();
      const { status } = await fetch(`${gateway.url}/api/sessions/pace`, { method: 'DELETE' });
      expect(status).toBe(204);
    },
  );

  it('but answers to calls are no flood', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/talker`);
    // One a second would take minutes.
    const answers = await Promise.all(Array.from({ length: 300 }, (_, n) => client.callTool('echo', { n })));
    expect(answers).toEqual(Array.from({ length: 300 }, (_, n) => JSON.stringify({ n })));
    expect(gateway.events.some((event) => event.type === 'instance.paced' && event.server === 'talker')).toBe(
      false,
    );
    client.close();
  });

  it('nor is a burst that the limit allows: nothing of it is lost', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/storm`);
    expect(await client.callTool('count')).toBe('1');
    const logs = client.events.filter(({ data }) => data.includes('notifications/message'));
    expect(logs).toHaveLength(2000);
    client.close();
  });
});

describe('a paced pipe', () => {
  const paced = (perSecond = 1000, burst = 100) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const pipe = new PassThrough();
    pipe.on('data', () => undefined);
    return { pipe, paced: new PacedPipe(pipe, { perSecond, burst }) };
  };
  afterAll(() => void vi.useRealTimers());

  it('rests as long as it takes to make up for what was spent', () => {
    const { pipe, paced: pace } = paced();
    pace.spend(100);
    expect(pipe.isPaused()).toBe(false);
    pace.spend(50);
    expect(pipe.isPaused()).toBe(true);
    vi.advanceTimersByTime(49);
    expect(pipe.isPaused()).toBe(true);
    vi.advanceTimersByTime(1);
    expect(pipe.isPaused()).toBe(false);
    // Nothing is left over from a rest, and no more than a burst from a long one.
    pace.spend(1);
    expect(pipe.isPaused()).toBe(true);
    vi.advanceTimersByTime(10_000);
    pace.spend(100);
    expect(pipe.isPaused()).toBe(false);
  });

  it('takes what was asked for as no expense', () => {
    const { pipe, paced: pace } = paced(1, 1);
    for (let n = 0; n < 1000; n += 1) {
      pace.credit(1);
      pace.spend(1);
    }
    expect(pipe.isPaused()).toBe(false);
    pace.spend(3);
    expect(pipe.isPaused()).toBe(true);
  });

  it('stays paused for its reader, and goes on resting when the reader resumes', () => {
    const { pipe, paced: pace } = paced();
    pace.spend(200);
    pace.pause();
    vi.advanceTimersByTime(1000);
    expect(pipe.isPaused()).toBe(true);
    pace.resume();
    expect(pipe.isPaused()).toBe(false);
    pace.spend(300);
    pace.resume();
    expect(pipe.isPaused()).toBe(true);
  });

  it('is drained as fast as can be in the end, and leaves no timer', () => {
    const { pipe, paced: pace } = paced();
    pace.spend(10_000);
    pace.pause();
    pace.drain();
    expect([pipe.isPaused(), vi.getTimerCount()]).toEqual([false, 0]);
    pace.spend(10_000);
    expect(pipe.isPaused()).toBe(false);
  });
});
