/** What one server does must not be felt in the session of another: its calls are timed while the fault runs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { groupEnded, pidOfSession, RawSseClient, rest, textOf } from './helpers.ts';

const MiB = 1024 * 1024;
/** What a fault may add to the slowest call of a neighbour, in milliseconds. */
const MAX_STALL_MS = 50;
/** Other work on the machine makes calls slow, too: the best of these counts. */
const ATTEMPTS = 5;
const CALLS = 200;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    http: { sseGraceMs: 50, drainMs: 100 },
    servers: {
      good: runs(HOSTILE_SERVER),
      flood: runs(HOSTILE_SERVER, '--flood-stdout'),
      endless: { ...runs(HOSTILE_SERVER, `--no-newline=${50 * MiB}`), maxLineBytes: 16 * MiB },
      loud: runs(HOSTILE_SERVER, '--stderr-flood=50000'),
    },
  });
});
afterAll(() => gateway.stop());

/** The slowest of a neighbour's calls while `fault` runs, and of `CALLS` of them at least. */
async function slowestMs(fault: () => Promise<unknown>): Promise<number> {
  const state = { runs: true };
  const over = fault().finally(() => {
    state.runs = false;
  });
  let slowest = 0;
  for (let calls = 0; state.runs || calls < CALLS; calls += 1) {
    const startedMs = performance.now();
    await textOf(gateway, 'good/count', 'neighbour');
    slowest = Math.max(slowest, performance.now() - startedMs);
  }
  await over;
  return slowest;
}

let sessions = 0;
function newSession(): string {
  sessions += 1;
  return `session-${sessions}`;
}

const FAULTS: Readonly<Record<string, () => Promise<unknown>>> = {
  '[fault 26] a line of 50 MB without a newline': () => rest(gateway, 'endless/write', newSession()),
  '[fault 27] a flood on standard output': async () => {
    const reader = await RawSseClient.initialized(gateway, 'flood');
    const pid = await pidOfSession(gateway, reader.sessionId);
    await reader.until(/flood 2000 /);
    reader.reset();
    await groupEnded(pid);
  },
  '[fault 29] a flood on standard error': () => textOf(gateway, 'loud/count', newSession()),
};

describe('a neighbour is not stalled by', () => {
  it.each(Object.entries(FAULTS))('%s', { timeout: 120_000 }, async (_name, fault) => {
    await slowestMs(async () => undefined);
    const added: number[] = [];
    for (let attempt = 0; attempt < ATTEMPTS && !added.some((ms) => ms <= MAX_STALL_MS); attempt += 1) {
      const control = await slowestMs(async () => undefined);
      added.push((await slowestMs(fault)) - control);
    }
    expect(Math.min(...added), `added by each attempt: ${added.join(', ')}`).toBeLessThanOrEqual(
      MAX_STALL_MS,
    );
  });
});
