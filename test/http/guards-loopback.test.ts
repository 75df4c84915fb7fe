import { describe, expect, it } from 'vitest';
import { isServedWithoutAuth } from '../../src/http/guards.ts';
import { isIpLiteral, isLoopbackAddress, isLoopbackHostName } from '../../src/http/loopback.ts';

describe('isServedWithoutAuth', () => {
  const local = { remoteAddress: '127.0.0.1', host: 'localhost:3000', headerNames: ['host', 'accept'] };

  it.each<[Partial<Parameters<typeof isServedWithoutAuth>[0]>, boolean]>([
    [{}, true],
    [{ remoteAddress: '::1', host: '[::1]:3000' }, true],
    [{ remoteAddress: '::ffff:127.0.0.1' }, true],
    [{ remoteAddress: '172.17.0.1' }, false],
    [{ remoteAddress: undefined }, false],
    [{ host: undefined }, false],
    [{ host: 'evil.test' }, false],
    [{ host: '192.168.1.5' }, false],
    [{ host: 'localhost@evil.test' }, false],
    [{ headerNames: ['host', 'Forwarded'] }, false],
    [{ headerNames: ['host', 'X-Forwarded-For'] }, false],
    [{ headerNames: ['host', 'x-forwarded-proto'] }, false],
    [{ headerNames: ['host', 'X-FORWARDED-ANYTHING'] }, false],
    [{ headerNames: ['host', 'X-Real-IP'] }, false],
    [{ headerNames: ['host', 'Via'] }, false],
    [{ headerNames: ['x-forward', 'viaduct'] }, true],
  ])('%j: %s', (change, expected) => {
    expect(isServedWithoutAuth({ ...local, ...change })).toBe(expected);
  });
});

describe('loopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.255.255.254', true],
    ['::1', true],
    ['0:0:0:0:0:0:0:1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:7f00:1', true],
    ['128.0.0.1', false],
    ['10.0.0.1', false],
    ['0.0.0.0', false],
    ['::', false],
    ['::2', false],
    ['::ffff:10.0.0.1', false],
    ['localhost', false],
    ['127.1', false],
    ['', false],
  ])('address %j: %s', (address, expected) => {
    expect(isLoopbackAddress(address)).toBe(expected);
  });

  it('knows names and literals', () => {
    expect(
      ['localhost', 'LocalHost', '[::1]', '::1', '127.0.0.9', 'foo.localhost', 'localhost:1', '10.0.0.1'].map(
        isLoopbackHostName,
      ),
    ).toEqual([true, true, true, true, true, false, false, false]);
    expect(['1.2.3.4', '[::1]', '2001:db8::1', '1.2.3', '01.2.3.4', 'a.b', ''].map(isIpLiteral)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
