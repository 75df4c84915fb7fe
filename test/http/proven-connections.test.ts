/** A connection that has proven who it is need not do so with every request; anything else is checked as ever. */
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Authenticator, createAuthenticator } from '../../src/auth/authenticate.ts';
import { authenticateOn } from '../../src/http/proven-connections.ts';

const RIGHT = 'Bearer right';

/** Counts how often it is asked. */
function counting(token = 'right'): Authenticator & { asked: number } {
  const inner = createAuthenticator({ anonymous: false, bearer: [{ name: 'a', token }] });
  const outer = {
    ...inner,
    asked: 0,
    authenticate: (headers: readonly string[], address?: string) => {
      outer.asked += 1;
      return inner.authenticate(headers, address);
    },
  };
  return outer;
}

describe('authentication of a connection', () => {
  it('asks once for the same header on the same connection', () => {
    const [authenticator, socket] = [counting(), new Socket()];
    const outcomes = [1, 2, 3].map(() => authenticateOn(socket, [RIGHT], authenticator));
    expect(outcomes.map((outcome) => 'ok' in outcome && outcome.ok)).toEqual([true, true, true]);
    expect(authenticator.asked).toBe(1);
  });

  it('asks for each connection', () => {
    const authenticator = counting();
    for (const socket of [new Socket(), new Socket()]) void authenticateOn(socket, [RIGHT], authenticator);
    expect(authenticator.asked).toBe(2);
  });

  it('asks an authenticator that has come since, which may not know the secret any more', () => {
    const socket = new Socket();
    expect(authenticateOn(socket, [RIGHT], counting())).toMatchObject({ ok: true });
    expect(authenticateOn(socket, [RIGHT], counting('another'))).toMatchObject({ ok: false });
  });

  it.each([
    ['another header', ['Bearer wrong'], 'UNAUTHORIZED'],
    ['no header', [], 'UNAUTHORIZED'],
    ['the header twice', [RIGHT, RIGHT], 'AMBIGUOUS_CREDENTIALS'],
  ])('asks for %s', (_what, headers, code) => {
    const [authenticator, socket] = [counting(), new Socket()];
    void authenticateOn(socket, [RIGHT], authenticator);
    expect(authenticateOn(socket, headers, authenticator)).toMatchObject({ ok: false, code });
    expect(authenticateOn(socket, [RIGHT], authenticator)).toMatchObject({ ok: true });
  });

  it('keeps no refusal and no long header', () => {
    const long = 'x'.repeat(600);
    const [authenticator, socket] = [counting(long), new Socket()];
    for (const header of ['Bearer wrong', 'Bearer wrong', `Bearer ${long}`, `Bearer ${long}`])
      void authenticateOn(socket, [header], authenticator);
    expect(authenticator.asked).toBe(4);
  });
});
