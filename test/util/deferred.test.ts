import { describe, expect, it } from 'vitest';
import { deferred } from '../../src/util/deferred.ts';

describe('deferred', () => {
  it('settles once, by the first handle', async () => {
    const first = deferred<number>();
    first.resolve(1);
    first.reject(new Error('too late'));
    first.resolve(2);
    await expect(first.promise).resolves.toBe(1);
  });

  it('rejects', async () => {
    const failing = deferred<never>();
    failing.reject(new Error('no'));
    await expect(failing.promise).rejects.toThrow('no');
  });
});
