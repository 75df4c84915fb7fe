import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { InstanceExit } from '../../src/events.ts';
import type { Instance } from '../../src/instance/instance.ts';
import { Shelf, type ShelfHost } from '../../src/instance/pool/spare-shelf.ts';
import type { ServerSpec } from '../../src/instance/spec.ts';
import { deferred } from '../../src/util/deferred.ts';
import { ManualClock } from '../support/manual-clock.ts';

const EXIT: InstanceExit = {
  exitCode: 1,
  signal: null,
  expected: false,
  spawnError: undefined,
  stderrTail: [],
};

/** Everything that can run, runs. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A shelf of processes that are none; `refuse` says what starts fail with. */
function bench({ warm = 1, era = 'legacy' }: Partial<ServerSpec> = {}) {
  const clock = new ManualClock();
  const started: { die(): void; stopped: boolean }[] = [];
  const waits: number[] = [];
  const state = { refusal: undefined as GatewayError | undefined, shakes: true };
  const host: ShelfHost = {
    clock,
    random: () => 0,
    start: async () => {
      if (state.refusal !== undefined) throw state.refusal;
      const ended = deferred<InstanceExit>();
      const process = { die: () => ended.resolve(EXIT), stopped: false };
      started.push(process);
      const instance = {
        id: started.length,
        ended: ended.promise,
        attach: () => ({ end: async () => undefined }),
        stop: async () => {
          process.stopped = true;
          process.die();
        },
      };
      return { instance: instance as unknown as Instance, settled: () => undefined };
    },
    shakeHands: async () => {
      if (!state.shakes) throw new GatewayError('START_FAILED');
    },
    delayed: (_spec, waitMs) => void waits.push(waitMs),
  };
  const shelf = new Shelf({ name: 'it', warm, era } as ServerSpec, host);
  return { shelf, clock, started, waits, state };
}

describe('a shelf of spares', () => {
  it('keeps as many of each kind as are wanted, and replaces what is taken a little later', async () => {
    const { shelf, clock, started } = bench({ warm: 2 });
    shelf.fill();
    shelf.fill();
    await settled();
    expect([shelf.count, started.length]).toEqual([4, 4]);
    const ids = [shelf.take('raw'), shelf.take('raw'), shelf.take('raw')].map((instance) => instance?.id);
    expect(ids).toEqual([1, 2, undefined]);
    shelf.fill();
    await settled();
    expect(started.length).toBe(4);
    clock.advance(25);
    await settled();
    expect([shelf.count, started.length]).toEqual([4, 6]);
    shelf.end();
  });

  it('gives whoever wants hands shaken one that must still do so rather than none', async () => {
    const { shelf } = bench();
    shelf.fill();
    await settled();
    expect([shelf.take('shaken')?.id, shelf.take('shaken')?.id, shelf.take('shaken')]).toEqual([
      2,
      1,
      undefined,
    ]);
    shelf.end();
  });

  it('[fault 23] replaces what dies ever more slowly, up to five minutes; what lasted counts for nothing', async () => {
    const { shelf, clock, started, waits } = bench({ era: 'modern' });
    shelf.fill();
    await settled();
    for (let n = 0; n < 11; n += 1) {
      started.at(-1)?.die();
      await settled();
      const count = started.length;
      shelf.fill();
      clock.advance((waits.at(-1) ?? 0) - 1);
      await settled();
      expect(started.length).toBe(count);
      clock.advance(1);
      await settled();
      expect(started.length).toBe(count + 1);
    }
    expect(waits.map((ms) => ms / 1000)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    clock.advance(60_000);
    started.at(-1)?.die();
    await settled();
    expect(waits.at(-1)).toBe(1000);
    shelf.end();
  });

  it('counts several that die at once as one failure', async () => {
    const { shelf, started, waits } = bench({ warm: 3, era: 'modern' });
    shelf.fill();
    await settled();
    for (const process of started) process.die();
    await settled();
    expect(waits).toEqual([1000]);
    shelf.end();
  });

  it('waits as long as it is told to, and not at all for what ends by itself', async () => {
    const { shelf, clock, state, started, waits } = bench({ era: 'modern' });
    state.refusal = new GatewayError('INSTANCES_FULL');
    shelf.fill();
    await settled();
    expect(waits).toEqual([]);
    state.refusal = new GatewayError('SERVER_FAILING', undefined, { retryAfterMs: 7000 });
    shelf.fill();
    await settled();
    expect(waits).toEqual([7000]);
    // Who says that it may be at once is not asked again at once.
    state.refusal = new GatewayError('SERVER_FAILING', undefined, { retryAfterMs: 0 });
    clock.advance(7000);
    await settled();
    expect(waits).toEqual([7000, 2000]);
    // Somebody got a process: so can the shelf.
    state.refusal = undefined;
    shelf.works('modern');
    await settled();
    expect(started.length).toBe(1);
    shelf.end();
    await settled();
    expect(clock.timers).toBe(0);
  });

  it('shakes no hands with a server that does not take them, until somebody has', async () => {
    const { shelf, state, started, waits } = bench({ era: 'auto' });
    state.shakes = false;
    shelf.fill();
    await settled();
    expect([shelf.count, started.map(({ stopped }) => stopped), waits]).toEqual([1, [false, true], []]);
    shelf.fill();
    await settled();
    expect(started.length).toBe(2);
    state.shakes = true;
    shelf.works('legacy');
    await settled();
    expect(shelf.count).toBe(2);
    shelf.end();
  });

  it('replaces what is old, and ends one at a time for whoever needs the room', async () => {
    const { shelf, clock, started } = bench();
    shelf.fill();
    await settled();
    clock.advance(999);
    shelf.recycle(1000);
    expect(started.some(({ stopped }) => stopped)).toBe(false);
    clock.advance(1);
    shelf.recycle(1000);
    await settled();
    expect(started.map(({ stopped }) => stopped)).toEqual([true, true, false, false]);
    await shelf.giveWay();
    await shelf.giveWay();
    expect([shelf.count, shelf.giveWay()]).toEqual([0, undefined]);
    shelf.end();
  });

  it('ends all, also those that are only starting', async () => {
    const { shelf, started } = bench();
    shelf.fill();
    shelf.end();
    await settled();
    expect(started.map(({ stopped }) => stopped)).toEqual([true, true]);
    shelf.fill();
    await settled();
    expect(started.length).toBe(2);
  });
});
