import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashSecret, parseSecretHash, verifySecret } from '../../src/auth/secret-hash.ts';
import { cheapHash } from './helpers.ts';

const SALT = Buffer.alloc(16, 1).toString('base64');
const HASH = Buffer.alloc(32, 2).toString('base64');

describe('hashSecret', () => {
  it('makes a text that verifies its own secret only, with a new salt each time', async () => {
    const [first, second] = await Promise.all([hashSecret('pässwörd:1'), hashSecret('pässwörd:1')]);
    expect(first).toMatch(/^scrypt\$32768\$8\$1\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$/);
    expect(first).not.toBe(second);
    expect(await verifySecret('pässwörd:1', first)).toBe(true);
    expect(await verifySecret('pässwörd:2', first)).toBe(false);
  });
});

describe('verifySecret', () => {
  it('takes what others derived with the same parameters', async () => {
    expect(await verifySecret('s', cheapHash('s', 8192))).toBe(true);
    expect(await verifySecret('S', cheapHash('s', 8192))).toBe(false);
  });

  it('is false, not a fault, for a text that is no hash', async () => {
    expect(await verifySecret('s', 'plain')).toBe(false);
    expect(await verifySecret('', '')).toBe(false);
  });
});

describe('parseSecretHash', () => {
  it.each([
    ['2^15, 8, 1', '32768$8$1'],
    ['OWASP: 2^17, 8, 1', '131072$8$1'],
    ['OWASP: 2^14, 8, 5', '16384$8$5'],
    ['the weakest', '4096$8$1'],
  ])('takes %s', (_what, cost) => {
    expect(parseSecretHash(`scrypt$${cost}$${SALT}$${HASH}`)).toBeDefined();
  });

  it.each([
    ['N that eats the memory', `scrypt$1073741824$8$1$${SALT}$${HASH}`],
    ['N times r that eats the memory', `scrypt$131072$16$1$${SALT}$${HASH}`],
    ['p that eats the time', `scrypt$32768$8$100$${SALT}$${HASH}`],
    ['N that protects nothing', `scrypt$2048$8$1$${SALT}$${HASH}`],
    ['N that is no power of two', `scrypt$32767$8$1$${SALT}$${HASH}`],
    ['N too large for r', `scrypt$65536$1$1$${SALT}$${HASH}`],
    ['r of zero', `scrypt$32768$0$1$${SALT}$${HASH}`],
    ['p of zero', `scrypt$32768$8$0$${SALT}$${HASH}`],
    ['a negative number', `scrypt$-32768$8$1$${SALT}$${HASH}`],
    ['an exponent', `scrypt$4e3$8$1$${SALT}$${HASH}`],
    ['hexadecimal', `scrypt$0x8000$8$1$${SALT}$${HASH}`],
    ['a leading zero', `scrypt$032768$8$1$${SALT}$${HASH}`],
    ['a blank', `scrypt$ 32768$8$1$${SALT}$${HASH}`],
    ['another scheme', `scrypt2$32768$8$1$${SALT}$${HASH}`],
    ['a missing part', `scrypt$32768$8$1$${SALT}`],
    ['a part too many', `scrypt$32768$8$1$${SALT}$${HASH}$x`],
    ['no hash', `scrypt$32768$8$1$${SALT}$`],
    ['a hash of one byte', `scrypt$32768$8$1$${SALT}$AA==`],
    ['no salt', `scrypt$32768$8$1$$${HASH}`],
    ['base64 that is not canonical', `scrypt$32768$8$1$${SALT.replaceAll('=', '')}$${HASH}`],
    ['a hash of a megabyte', `scrypt$32768$8$1$${SALT}$${'A'.repeat(2 ** 20)}`],
  ])('refuses %s', (_what, encoded) => {
    expect(parseSecretHash(encoded)).toBeUndefined();
  });

  it('never throws, and what it takes can be derived', async () => {
    const count = fc.oneof(
      fc.nat().map(String),
      fc.integer({ min: 0, max: 31 }).map((bits) => String(2 ** bits)),
      fc.string(),
    );
    const encoded = fc.tuple(count, count, count).map((cost) => `scrypt$${cost.join('$')}$${SALT}$${HASH}`);
    fc.assert(
      fc.property(fc.oneof(encoded, fc.string()), (text) => {
        const parsed = parseSecretHash(text);
        if (parsed !== undefined) expect(parsed.cost.N * parsed.cost.r).toBeLessThanOrEqual(2 ** 20);
      }),
    );
    for (const cost of ['4096$256$2', '32768$1$64', '4096$1$512']) {
      expect(await verifySecret('s', `scrypt$${cost}$${SALT}$${HASH}`)).toBe(false);
    }
  });
});
