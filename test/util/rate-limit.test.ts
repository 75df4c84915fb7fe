import { array, assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toAddressKey } from '../../src/util/address-key.ts';
import { RateLimit } from '../../src/util/rate-limit.ts';

describe('a rate limit', () => {
  it('lets its number through at once, and then one after the other', () => {
    const limit = new RateLimit();
    expect([1, 2, 3, 4].map(() => limit.take('a', 3, 1000))).toEqual([0, 0, 0, 20_000]);
    expect(limit.take('a', 3, 20_999)).toBeCloseTo(1);
    expect([limit.take('a', 3, 21_000), limit.take('b', 3, 21_000)]).toEqual([0, 0]);
    expect(limit.take('a', 3, 21_000)).toBeCloseTo(20_000);
  });

  it('never lets through more than its number and what has come back, and says truly when to come again', () => {
    assert(
      property(
        integer({ min: 1, max: 600 }),
        array(integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 300 }),
        (perMinute, gaps) => {
          const limit = new RateLimit();
          let now = 0;
          let through = 0;
          for (const gap of gaps) {
            now += gap;
            const waitMs = limit.take('k', perMinute, now);
            if (waitMs === 0) through += 1;
            else expect(limit.take('k', perMinute, now + waitMs - 0.01)).toBeGreaterThan(0);
            expect(through).toBeLessThanOrEqual(perMinute + (now * perMinute) / 60_000 + 0.001);
          }
        },
      ),
    );
  });

  it('remembers a bounded number of keys', () => {
    const limit = new RateLimit();
    for (let n = 0; n < 60_000; n += 1) limit.take(`k${n}`, 1, 0);
    expect(limit.size).toBe(50_000);
    expect(limit.take('k59999', 1, 0)).toBeGreaterThan(0);
  });
});

describe('the key of an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    [undefined, ''],
  ])('%s is %s', (address, key) => {
    expect(toAddressKey(address)).toBe(key);
  });
});
