import { describe, expect, it } from 'vitest';
import { createGrants, type Principal } from '../../src/auth/principal.ts';
import { createSlowLane } from '../../src/auth/slow-lane.ts';
import { createVerdictCache } from '../../src/auth/verdict-cache.ts';
import { deferred } from '../../src/util/deferred.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('createSlowLane', () => {
  it('gives the place of a job that failed to the next, in order', async () => {
    const lane = createSlowLane({ running: 1, waiting: 2 });
    const gate = deferred<string>();
    const started: string[] = [];
    const first = lane.run(() => gate.promise);
    const second = lane.run(() => Promise.resolve(started.push('second')));
    const third = lane.run(() => Promise.resolve(started.push('third')));
    expect(lane.run(() => Promise.resolve('fourth'))).toBeUndefined();
    expect(started).toEqual([]);
    gate.reject(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await Promise.all([second, third]);
    expect(started).toEqual(['second', 'third']);
    await expect(lane.run(() => Promise.resolve('free again'))).resolves.toBe('free again');
  });

  it('frees the place of a job that throws before it waits', async () => {
    const lane = createSlowLane({ running: 1, waiting: 0 });
    await expect(
      lane.run(() => {
        throw new Error('at once');
      }),
    ).rejects.toThrow('at once');
    await expect(lane.run(() => Promise.resolve(1))).resolves.toBe(1);
  });
});

describe('createVerdictCache', () => {
  it('holds a bounded number and forgets the oldest first', () => {
    const cache = createVerdictCache({ ttlMs: 10, entries: 2 }, new ManualClock());
    cache.put('a', who('a'));
    cache.put('b', who('b'));
    cache.put('a', who('a again'));
    cache.put('c', who('c'));
    expect(['a', 'b', 'c'].map((key) => cache.get(key)?.id)).toEqual(['a again', undefined, 'c']);
  });
});

function who(id: string): Principal {
  return { id, label: id, grants: createGrants({}), credential: '' };
}
