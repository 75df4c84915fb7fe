import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAuthorization } from '../../src/auth/authorization-header.ts';
import { basic } from './helpers.ts';

const encoded = (bytes: string | Buffer): string => Buffer.from(bytes).toString('base64');

describe('parseAuthorization', () => {
  it.each([
    ['Basic', `Basic ${encoded('alice:wonder')}`, { scheme: 'basic', username: 'alice', secret: 'wonder' }],
    [
      'scheme in any case',
      `bAsIc ${encoded('alice:wonder')}`,
      { scheme: 'basic', username: 'alice', secret: 'wonder' },
    ],
    [
      'colons in the password',
      `Basic ${encoded('a:b:c::')}`,
      { scheme: 'basic', username: 'a', secret: 'b:c::' },
    ],
    ['empty user and password', `Basic ${encoded(':')}`, { scheme: 'basic', username: '', secret: '' }],
    [
      'a byte order mark is kept',
      `Basic ${encoded('\uFEFFa:b')}`,
      { scheme: 'basic', username: '\uFEFFa', secret: 'b' },
    ],
    ['Bearer', 'Bearer abc.def-ghi_~+/==', { scheme: 'bearer', secret: 'abc.def-ghi_~+/==' }],
    ['bearer, blanks around', '\t bearer   tok \t', { scheme: 'bearer', secret: 'tok' }],
  ])('reads %s', (_what, header, expected) => {
    expect(parseAuthorization(header)).toEqual(expected);
  });

  it.each([
    ['nothing', ''],
    ['a scheme alone', 'Basic'],
    ['an empty token', 'Bearer '],
    ['no blank', `Basic${encoded('a:b')}`],
    ['a tab for the blank', `Basic\t${encoded('a:b')}`],
    ['another scheme', 'Digest username="a"'],
    ['no colon', `Basic ${encoded('alice')}`],
    ['not base64', 'Basic !!!!'],
    ['base64url', `Basic ${encoded('a:b???>>>').replaceAll('/', '_')}`],
    ['no padding', `Basic ${encoded('a:bc').replaceAll('=', '')}`],
    ['bits behind the end', 'Basic YTpiYx=='],
    ['text behind the padding', `Basic ${encoded('a:bc')}YQ==`],
    ['blanks in the base64', 'Basic YTpi YQ=='],
    ['bytes that are not UTF-8', `Basic ${encoded(Buffer.from([0x61, 0x3a, 0xff, 0xfe]))}`],
    ['overlong UTF-8', `Basic ${encoded(Buffer.from([0x61, 0xc0, 0xba, 0x62]))}`],
    ['a surrogate in UTF-8', `Basic ${encoded(Buffer.from([0x61, 0x3a, 0xed, 0xa0, 0x80]))}`],
    ['two credentials joined by a comma', `${basic('a', 'b')}, Bearer tok`],
    ['two tokens joined by a comma', 'Bearer tok, Bearer tok2'],
    ['a token with a blank', 'Bearer to k'],
    ['a token outside ASCII', 'Bearer t\u00f6k'],
    ['a NUL', 'Bearer to\0k'],
    ['a line break', 'Bearer tok\r\nX-Evil: 1'],
    ['parameters', 'Bearer token="tok" x'],
  ])('takes %s for nothing', (_what, header) => {
    expect(parseAuthorization(header)).toBeUndefined();
  });

  it('refuses 100 kB, and reads just what fits', () => {
    expect(parseAuthorization(`Bearer ${'x'.repeat(100_000)}`)).toBeUndefined();
    expect(parseAuthorization(`Bearer ${'x'.repeat(8192 - 7)}`)).toBeDefined();
    expect(parseAuthorization(`Bearer ${'x'.repeat(8193 - 7)}`)).toBeUndefined();
  });

  it('gives back every user and password that UTF-8 can carry', () => {
    const username = fc.string({ unit: 'binary' }).map((text) => text.replaceAll(':', ''));
    fc.assert(
      fc.property(username, fc.string({ unit: 'binary' }), (user, secret) => {
        expect(parseAuthorization(basic(user, secret))).toEqual({ scheme: 'basic', username: user, secret });
      }),
    );
  });

  it('never throws', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => `Basic ${text}`),
      fc.base64String().map((text) => `basic ${text}`),
    );
    fc.assert(
      fc.property(hostile, (header) => ['undefined', 'object'].includes(typeof parseAuthorization(header))),
    );
  });
});
