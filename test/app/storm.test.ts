/** Very many clients at once, and very many that only stay. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { fixture, groupsGone, startGateway } from '../support/gateway.ts';
import { RawExchange } from '../support/raw-exchange.ts';
import { BOTH, initialize } from '../support/streamable-client.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const TINY = { command: 'sh', args: [fixture('tiny-server.sh')] };

interface Opening {
  readonly status: number;
  readonly sessionId: string | undefined;
  readonly retryAfter: string | undefined;
}

async function open(port: number): Promise<Opening> {
  const raw = new RawExchange(port, { path: '/tiny', headers: { accept: BOTH }, body: initialize() });
  const { status, headers } = await raw.done();
  return { status, sessionId: headers['mcp-session-id'], retryAfter: headers['retry-after'] };
}

async function end(port: number, sessionId: string): Promise<void> {
  await new RawExchange(port, {
    method: 'DELETE',
    path: '/tiny',
    headers: { 'mcp-session-id': sessionId },
  }).done();
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('[fault 17] clients that all come back after a restart', () => {
  const CLIENTS = 200;
  const INSTANCES = 20;

  it('are served as there is room, and told when to come again; never more runs than may', {
    timeout: 120_000,
  }, async () => {
    await using gateway = await startGateway({
      limits: { instances: INSTANCES, concurrentStarts: 4 },
      servers: { tiny: TINY },
    });
    let [refused, most] = [0, 0];
    const unclear: Opening[] = [];
    const client = async (no: number): Promise<void> => {
      for (;;) {
        const opening = await open(gateway.port);
        most = Math.max(most, gateway.gateway.inspect().instances);
        if (opening.status === 200 && opening.sessionId !== undefined) {
          // Each does a little before it makes room.
          await pause(20);
          return end(gateway.port, opening.sessionId);
        }
        refused += 1;
        if (opening.status !== 503 || Number(opening.retryAfter) < 1) unclear.push(opening);
        await pause(100 + (no % 10) * 20);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, no) => client(no)));
    expect(unclear).toEqual([]);
    expect(refused).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(INSTANCES);
    await expect
      .poll(() => ({ ...gateway.gateway.inspect() }), { timeout: 20_000 })
      .toMatchObject({ sessions: 0, instances: 0, waiting: 0 });
    await groupsGone(gateway.pids());
  });
});

describe('[fault 18] sessions that do nothing', () => {
  const SESSIONS = 3000;
  const AT_ONCE = 25;
  /** What is promised of a session that shares its process. */
  const BYTES_EACH = 20_000;

  it('cost little where they share a process', { timeout: 120_000 }, async () => {
    await using gateway = await startGateway({
      limits: { sessions: SESSIONS + 100, sessionsPerPrincipal: SESSIONS + 100 },
      servers: { tiny: { ...TINY, policy: 'shared' } },
    });
    const openMany = async (count: number): Promise<void> => {
      let left = count;
      const worker = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          expect((await open(gateway.port)).status).toBe(200);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    };
    // The first ones fill what is filled once.
    await openMany(100);
    const before = await heldBytes(gateway.events as unknown[]);
    await openMany(SESSIONS);
    const after = await heldBytes(gateway.events as unknown[]);
    expect(gateway.gateway.inspect()).toMatchObject({ sessions: SESSIONS + 100, instances: 1 });
    const each = (after - before) / SESSIONS;
    console.info(`${SESSIONS} idle sessions: ${Math.round(each)} bytes each`);
    expect(each).toBeLessThan(BYTES_EACH);
  });
});

/** Once the connections that are gone have been let go of. */
async function heldBytes(events: unknown[]): Promise<number> {
  for (let turn = 0; turn < 10; turn += 1) {
    events.length = 0;
    await pause(20);
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
