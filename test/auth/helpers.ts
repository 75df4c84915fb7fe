import { scryptSync } from 'node:crypto';
import type { AuthOutcome } from '../../src/auth/authenticate.ts';

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The cheapest hash that is accepted, so that tests stay quick. */
export function cheapHash(secret: string, N = 4096): string {
  const salt = Buffer.from('0123456789abcdef');
  const hash = scryptSync(secret, salt, 32, { N, r: 8, p: 1, maxmem: 2 ** 28 });
  return `scrypt$${N}$8$1$${salt.toString('base64')}$${hash.toString('base64')}`;
}

/** An answer that must be there without waiting. */
export function atOnce(outcome: AuthOutcome | Promise<AuthOutcome>): AuthOutcome {
  if (outcome instanceof Promise) throw new Error('expected an answer at once');
  return outcome;
}

/** The principal's id, or the code of the refusal. */
export function told(outcome: AuthOutcome): string {
  // The grants that a narrowed credential adds to its id are the concern of a test of their own.
  return outcome.ok ? (outcome.principal.id.split(' ', 1)[0] ?? '') : outcome.code;
}
