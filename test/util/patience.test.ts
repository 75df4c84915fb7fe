import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Patience } from '../../src/util/patience.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('patience', () => {
  it('tells each thing that is late, in its time, and what was removed never', () => {
    const late: string[] = [];
    const patience = new Patience<string>(100, (item) => late.push(item));
    patience.add('first');
    vi.advanceTimersByTime(40);
    patience.add('second');
    patience.remove(patience.add('removed'));
    vi.advanceTimersByTime(59);
    expect(late).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(late).toEqual(['first']);
    vi.advanceTimersByTime(40);
    expect(late).toEqual(['first', 'second']);
  });

  it('has one timer however much waits, and none when nothing does', () => {
    const patience = new Patience<number>(100, () => undefined);
    for (let item = 0; item < 1000; item += 1) patience.add(item);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(200);
    expect(vi.getTimerCount()).toBe(0);
    patience.remove(patience.add(1));
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('can be added to from what it calls', () => {
    let turns = 0;
    const patience: Patience<string> = new Patience(10, () => {
      turns += 1;
      if (turns < 3) patience.add('again');
    });
    patience.add('again');
    vi.advanceTimersByTime(100);
    expect(turns).toBe(3);
  });
});
