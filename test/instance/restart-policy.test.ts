import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterFailure,
  afterLasting,
  afterReady,
  afterTrialBegan,
  afterTrialLost,
  decideStart,
  NO_HISTORY,
  type StartHistory,
  RESTART_TIMES as TIMES,
} from '../../src/instance/restart-policy.ts';

/** Without luck a wait is as long as it can be. */
const fail = (history: StartHistory, nowMs: number, chance = 0): StartHistory =>
  afterFailure(history, { startedMs: nowMs - 1, nowMs, chance }, TIMES);
const waitOf = (history: StartHistory, nowMs: number): number => {
  const decision = decideStart(history, nowMs, TIMES);
  return decision.kind === 'start' ? 0 : decision.waitMs;
};
/** A server that failed as often as its limit, each time as soon as it could. */
function failedServer(): { history: StartHistory; nowMs: number } {
  let history = NO_HISTORY;
  let nowMs = 1000;
  for (let n = 0; n < TIMES.limit; n += 1) {
    nowMs += waitOf(history, nowMs) + 10;
    history = fail(history, nowMs);
  }
  return { history, nowMs };
}

describe('[fault 23] a server whose starts fail', () => {
  it('may be started again at once after one failure, then after a wait that doubles', () => {
    let history = fail(NO_HISTORY, 1000);
    expect(decideStart(history, 1000, TIMES)).toEqual({ kind: 'start', trial: false });
    const waits: number[] = [];
    for (let nowMs = 1010; waits.length < 3; nowMs += (waits.at(-1) ?? 0) + 10) {
      history = fail(history, nowMs);
      waits.push(waitOf(history, nowMs));
    }
    expect(waits).toEqual([500, 1000, 2000]);
  });

  it('has failed at the limit; after a longer wait one start is let through, and no second one', () => {
    const { history, nowMs } = failedServer();
    expect(decideStart(history, nowMs, TIMES)).toEqual({
      kind: 'refuse',
      state: 'failed',
      waitMs: TIMES.firstTrialMs,
    });
    const later = nowMs + TIMES.firstTrialMs;
    expect(decideStart(history, later, TIMES)).toEqual({ kind: 'start', trial: true });
    const trying = afterTrialBegan(history);
    expect(decideStart(trying, later, TIMES)).toMatchObject({ kind: 'refuse', state: 'failed' });
    expect(decideStart(afterTrialLost(trying), later, TIMES)).toEqual({ kind: 'start', trial: true });
  });

  it('waits twice as long each time that its trial fails, up to a bound', () => {
    let { history, nowMs } = failedServer();
    const waits: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      nowMs += waitOf(history, nowMs);
      history = fail(afterTrialBegan(history), nowMs + 1);
      nowMs += 1;
      waits.push(waitOf(history, nowMs));
    }
    expect(waits).toEqual([60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
  });

  it('is open to everyone once its trial got ready, and failed again at once when that did not last', () => {
    const { history, nowMs } = failedServer();
    const ready = afterReady(afterTrialBegan(history));
    const later = nowMs + TIMES.firstTrialMs;
    expect(decideStart(ready, later, TIMES)).toEqual({ kind: 'start', trial: false });
    expect(decideStart(fail(ready, later), later, TIMES)).toMatchObject({ state: 'failed' });
    expect(waitOf(fail(ready, later), later)).toBe(2 * TIMES.firstTrialMs);
    expect(waitOf(fail(afterLasting(), later), later)).toBe(0);
  });

  it('is not failed by failures that are further apart than the window', () => {
    let history = NO_HISTORY;
    for (let n = 1; n <= 20; n += 1) {
      const nowMs = n * (TIMES.windowMs / 4 + 1);
      history = fail(history, nowMs);
      expect(decideStart(history, nowMs + TIMES.maxWaitMs, TIMES).kind).toBe('start');
    }
    expect(history.failuresMs.length).toBeLessThan(TIMES.limit);
  });

  it('counts starts that were under way together once', () => {
    const one = fail(NO_HISTORY, 1000);
    const many = [1, 2, 3, 4, 5, 6].reduce(
      (history, n) => afterFailure(history, { startedMs: 990, nowMs: 1000 + n, chance: 0 }, TIMES),
      one,
    );
    expect(many).toBe(one);
  });

  it('never waits longer than the bounds say, nor less than half of it, whatever happened', () => {
    const step = fc.record({
      gapMs: fc.integer({ min: 1, max: 120_000 }),
      chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      what: fc.constantFrom('fail', 'ready', 'lasting', 'trial', 'lost'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let history = NO_HISTORY;
        let nowMs = 0;
        for (const { gapMs, chance, what } of steps) {
          nowMs += gapMs;
          if (what === 'fail') history = fail(history, nowMs, chance);
          if (what === 'ready') history = afterReady(history);
          if (what === 'lasting') history = afterLasting();
          if (what === 'trial' && decideStart(history, nowMs, TIMES).kind === 'start')
            history = afterTrialBegan(history);
          if (what === 'lost') history = afterTrialLost(history);
          expect(history.failuresMs.length).toBeLessThanOrEqual(TIMES.limit);
          const decision = decideStart(history, nowMs, TIMES);
          if (decision.kind === 'start') continue;
          const most = decision.state === 'failed' ? TIMES.maxTrialMs : TIMES.maxWaitMs;
          expect(decision.waitMs).toBeLessThanOrEqual(most);
          if (what === 'fail') expect(decision.waitMs).toBeGreaterThanOrEqual(TIMES.firstWaitMs / 2 - 1);
        }
      }),
    );
  });
});
