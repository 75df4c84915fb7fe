import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/util/clock.ts';
import { ManualClock } from '../support/manual-clock.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('systemClock', () => {
  it('fires once after the time, and not when cancelled', () => {
    vi.useFakeTimers();
    const fired: string[] = [];
    systemClock.setTimer(100, () => fired.push('kept'));
    systemClock.setTimer(100, () => fired.push('cancelled')).cancel();
    vi.advanceTimersByTime(99);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(10_000);
    expect(fired).toEqual(['kept']);
  });

  it('waits for longer than setTimeout can', () => {
    vi.useFakeTimers();
    const sixtyDaysMs = 60 * 86_400_000;
    const fn = vi.fn();
    const cancelled = vi.fn();
    systemClock.setTimer(sixtyDaysMs, fn);
    const timer = systemClock.setTimer(sixtyDaysMs, cancelled);
    vi.advanceTimersByTime(sixtyDaysMs - 1);
    expect(fn).not.toHaveBeenCalled();
    timer.cancel();
    vi.advanceTimersByTime(1);
    expect(fn).toHaveBeenCalledTimes(1);
    expect(cancelled).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('[fault 74] does not follow the wall clock', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const before = systemClock.now();
    vi.setSystemTime(0);
    const after = systemClock.now();
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after - before).toBeLessThan(60_000);
  });
});

describe('ManualClock', () => {
  it('runs what is due in order of time, each at its own moment', () => {
    const clock = new ManualClock(1000);
    const seen: [string, number][] = [];
    clock.setTimer(30, () => seen.push(['late', clock.now()]));
    clock.setTimer(10, () => {
      seen.push(['early', clock.now()]);
      clock.setTimer(5, () => seen.push(['set meanwhile', clock.now()]));
    });
    clock.setTimer(10, () => seen.push(['same time, set later', clock.now()]));
    clock.setTimer(31, () => seen.push(['not yet', clock.now()]));
    clock.advance(30);
    expect(seen).toEqual([
      ['early', 1010],
      ['same time, set later', 1010],
      ['set meanwhile', 1015],
      ['late', 1030],
    ]);
    expect(clock.now()).toBe(1030);
    expect(clock.timers).toBe(1);
  });

  it('forgets a cancelled timer', () => {
    const clock = new ManualClock();
    const fn = vi.fn();
    const timer = clock.setTimer(1, fn);
    timer.cancel();
    timer.cancel();
    clock.advance(5);
    expect(fn).not.toHaveBeenCalled();
    expect(clock.timers).toBe(0);
  });
});
