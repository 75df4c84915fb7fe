/** Real processes under a clock that the test moves: when a server is started, and when it is not. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createEvents, type GatewayEvent } from '../../src/events.ts';
import type { Lease, Pool } from '../../src/instance/pool/pool.ts';
import { createPool } from '../../src/instance/pool/processes.ts';
import { RESTART_TIMES as TIMES } from '../../src/instance/restart-policy.ts';
import type { ServerSpec } from '../../src/instance/spec.ts';
import { HOSTILE_SERVER } from '../support/gateway.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { tempFolder } from './helpers.ts';

const SPEC: Omit<ServerSpec, 'name' | 'args'> = {
  command: process.execPath,
  cwd: undefined,
  env: {},
  era: 'legacy',
  startTimeoutMs: 20_000,
  probeTimeoutMs: 3000,
  parkTtlMs: 1000,
  callTimeoutMs: 20_000,
  maxCallMs: 20_000,
  warm: 0,
  maxCalls: 1000,
  maxLinesPerSecond: 10_000,
  maxLineBytes: 1_000_000,
};

/** A pool of one server `it`, whose time stands still. */
class Bench implements AsyncDisposable {
  readonly clock = new ManualClock(1000);
  readonly events: GatewayEvent[] = [];
  readonly pool: Pool;
  readonly #waiting = new Set<() => void>();

  constructor(...switches: string[]) {
    const events = createEvents();
    events.subscribe((event) => {
      this.events.push(event);
      for (const look of this.#waiting) look();
    });
    this.pool = createPool({
      servers: new Map([['it', { ...SPEC, name: 'it', args: [HOSTILE_SERVER, ...switches] }]]),
      events,
      clientInfo: { name: 'bench', version: '0' },
      maxInstances: 50,
      concurrentStarts: 50,
      idleMs: 60_000,
      spareMaxAgeMs: 3_600_000,
      instanceMaxAgeMs: 86_400_000,
      queuedStarts: 1000,
      supervision: { clock: this.clock, random: () => 0 },
    });
  }

  lease(signal = new AbortController().signal): Promise<Lease> {
    return this.pool.lease({
      server: 'it',
      handshake: 'gateway',
      outbox: { offer: () => 'gone' },
      signal,
    });
  }

  /** What a start comes to: `started`, or the code of its error. */
  async outcome(): Promise<string> {
    const answer = await this.lease().then(
      () => 'started',
      (cause: { code: string }) => cause.code,
    );
    // A process is judged by its end, which is noticed with the failure of the handshake or right after it.
    if (answer !== 'SERVER_FAILING') await this.ended();
    this.clock.advance(1);
    return answer;
  }

  /** Resolves when every process that failed was seen to end. */
  async ended(): Promise<void> {
    const open = (): number => this.count('instance.started') - this.count('instance.exited');
    while (open() > 0 && this.count('instance.ready') === 0)
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Resolves when the server is in that state. */
  async state(wanted: string): Promise<void> {
    while (this.pool.health('it').state !== wanted)
      await new Promise<void>((resolve) => setImmediate(resolve));
  }

  count(type: GatewayEvent['type']): number {
    return this.events.filter((event) => event.type === type).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.stop(true);
  }
}

const folder = tempFolder();
const broken = join(folder.path, 'broken');
afterEach(() => rmSync(broken, { force: true }));

describe('[fault 23] a crash loop', () => {
  it('is slowed down, then stopped; a single start finds out whether it is over, and then everything is as before', async () => {
    writeFileSync(broken, '');
    await using bench = new Bench(`--broken-while=${broken}`);
    expect(await bench.outcome()).toBe('START_FAILED');
    expect(await bench.outcome()).toBe('START_FAILED');
    expect([await bench.outcome(), bench.pool.health('it').state]).toEqual(['SERVER_FAILING', 'backing-off']);
    for (const waitMs of [500, 1000, 2000]) {
      bench.clock.advance(waitMs);
      expect(await bench.outcome()).toBe('START_FAILED');
    }
    expect(bench.pool.health('it')).toMatchObject({ state: 'failed', failures: 5, reason: 'exit code 1' });
    expect(bench.events.filter(({ type }) => type === 'server.failing')).toMatchObject([
      { state: 'backing-off', failures: 2, waitMs: 500 },
      { state: 'backing-off', failures: 3, waitMs: 1000 },
      { state: 'backing-off', failures: 4, waitMs: 2000 },
      { state: 'failed', failures: 5, waitMs: TIMES.firstTrialMs, reason: 'exit code 1' },
    ]);
    const spawned = bench.count('instance.started');
    await expect(bench.lease()).rejects.toMatchObject({
      code: 'SERVER_FAILING',
      detail: 'It has failed; the next start is allowed in 30 s.',
    });
    expect(bench.count('instance.started')).toBe(spawned);

    bench.clock.advance(TIMES.firstTrialMs);
    const both = await Promise.all([bench.outcome(), bench.outcome()]);
    expect(both.toSorted()).toEqual(['SERVER_FAILING', 'START_FAILED']);
    expect(bench.count('instance.started')).toBe(spawned + 1);

    rmSync(broken);
    bench.clock.advance(2 * TIMES.firstTrialMs);
    await bench.lease();
    expect(bench.pool.health('it').state).toBe('ok');
    expect(bench.count('server.recovered')).toBe(1);
    await bench.lease();
  });

  it('of processes that end soon after they were ready counts as well', async () => {
    await using bench = new Bench('--exit-after-init');
    for (const waitMs of [0, 500, 1000, 2000]) {
      bench.clock.advance(waitMs);
      const ends = bench.count('instance.exited');
      await (await bench.lease().catch(() => undefined))?.ended;
      while (bench.count('instance.exited') === ends) await bench.ended();
      bench.clock.advance(1);
    }
    await bench.state('backing-off');
    expect(bench.pool.health('it').failures).toBe(4);
  });

  it('is none when starts are given up', async () => {
    await using bench = new Bench('--slow-init=50');
    for (let n = 0; n < 6; n += 1) {
      const abort = new AbortController();
      const given = bench.lease(abort.signal);
      while (bench.count('instance.started') <= n) await new Promise((resolve) => setImmediate(resolve));
      abort.abort();
      await expect(given).rejects.toThrow();
    }
    expect(bench.pool.health('it')).toMatchObject({ state: 'ok', failures: 0 });
  });

  it('of starts that were under way together is one failure', async () => {
    writeFileSync(broken, '');
    await using bench = new Bench(`--broken-while=${broken}`);
    const many = await Promise.all(Array.from({ length: 8 }, () => bench.outcome()));
    expect(new Set(many)).toEqual(new Set(['START_FAILED']));
    expect(bench.pool.health('it')).toMatchObject({ state: 'ok', failures: 1 });
  });
});
