/** Clients that vanish and never return leave nothing behind after their time. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fixture,
  groupsGone,
  HOSTILE_SERVER,
  runs,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { type Holdings, holdings } from '../support/no-leaks.ts';
import { RawExchange } from '../support/raw-exchange.ts';
import { BOTH, initialize, StreamableClient } from '../support/streamable-client.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const SESSIONS = 1000;
const AT_ONCE = 40;
const IDLE_MS = 4000;
const CALL_TIMEOUT_MS = 500;
/** What a thousand sessions may leave behind in all: a leak of 2 KiB each is found. */
const MEMORY_SLACK_BYTES = 2 * 1024 * 1024;

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    limits: {
      sessions: 2000,
      sessionsPerPrincipal: 2000,
      instances: 2000,
      concurrentStarts: 16,
      sessionIdleMs: IDLE_MS,
    },
    servers: {
      tiny: { command: 'sh', args: [fixture('tiny-server.sh')], callTimeoutMs: CALL_TIMEOUT_MS },
      echo: runs(HOSTILE_SERVER),
    },
  });
});
afterAll(() => gateway.stop());

/** How a client can leave; none of them says goodbye. */
const DEPARTURES: readonly ((client: StreamableClient) => Promise<void>)[] = [
  async () => undefined,
  async (client) => {
    const stream = client.listen();
    await stream.head();
    stream.reset();
  },
  async (client) => {
    const call = client.post({ jsonrpc: '2.0', id: 1, method: 'hang' }, { accept: 'text/event-stream' });
    await call.until(() => call.events.length > 0);
    call.reset();
  },
  async (client) => {
    const call = client.post({ jsonrpc: '2.0', id: 1, method: 'hang' });
    await client.post({ jsonrpc: '2.0', id: 2, method: 'ping' }).done();
    call.reset();
  },
];

async function openAndVanish(index: number): Promise<void> {
  const leave = DEPARTURES[index % (DEPARTURES.length + 1)];
  if (leave !== undefined) return leave(await StreamableClient.open(gateway.port, '/tiny'));
  const opening = new RawExchange(gateway.port, {
    path: '/tiny',
    headers: { accept: BOTH },
    body: initialize(),
  });
  await opening.until(() => !opening.socket.connecting);
  opening.reset();
}

/** @returns the most sessions that were open at once */
async function abandon(count: number): Promise<number> {
  let [next, most] = [0, 0];
  const open = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await openAndVanish(next);
      most = Math.max(most, gateway.gateway.inspect().sessions);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, open));
  return most;
}

/** Resolves with what is held, in the end with nothing of sessions; the events that the test keeps are let go. */
async function settled(): Promise<Holdings & { readonly bytes: number }> {
  await expect
    .poll(() => ({ ...gateway.gateway.inspect() }), { timeout: 30_000, interval: 50 })
    .toMatchObject({ sessions: 0, instances: 0, waiting: 0 });
  (gateway.events as unknown[]).length = 0;
  // Connections, pipes and what only a finalizer frees take a few turns after their owner let go of them.
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return { ...holdings(gateway.gateway), bytes: heapUsed + external };
}

function describeHeld({ bytes, descriptors, children }: Awaited<ReturnType<typeof settled>>): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB, ${descriptors} descriptors, ${children} children`;
}

describe('sessions that were opened and abandoned', () => {
  it('leave nothing behind, a thousand of them', { timeout: 120_000 }, async () => {
    // The first hundred also fill caches and pools that stay.
    await abandon(100);
    const before = await settled();
    const most = await abandon(SESSIONS);
    expect(most).toBeGreaterThan(AT_ONCE);
    const after = await settled();
    console.info(`${SESSIONS} sessions, ${most} at once: ${describeHeld(before)} -> ${describeHeld(after)}`);
    expect(after).toMatchObject({ sessions: 0, instances: 0, waiting: 0 });
    expect(after.children).toBeLessThanOrEqual(before.children);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
    expect(after.bytes - before.bytes).toBeLessThan(MEMORY_SLACK_BYTES);
  });
});

describe('a client that vanishes', () => {
  it('keeps its process until its time is over, and is told 404 when it returns after all', async () => {
    const client = await StreamableClient.open(gateway.port, '/echo');
    const pid = Number(await client.text('pid'));
    const stream = client.listen();
    await stream.head();
    stream.reset();
    expect(await client.text('count')).toBe('1');
    await groupsGone([pid], IDLE_MS + 5000);
    const back = client.listen({ 'last-event-id': '1-0' });
    expect((await back.done()).status).toBe(404);
  });

  it('is not idle while a call runs, and is from the end of the call', async () => {
    const client = await StreamableClient.open(gateway.port, '/echo');
    const call = client.call('sleep', { ms: IDLE_MS + 500 });
    await client.text('echo');
    call.reset();
    const ended = await gateway.event('call.settled', ({ tookMs }) => tookMs > IDLE_MS);
    expect(ended.outcome).toBe('ok');
    expect(gateway.gateway.inspect().sessions).toBe(1);
    expect(await client.text('count')).toBe('1');
    expect((await client.end().done()).status).toBe(200);
  });
});
