/**
 * Who a connection has proven to be. A request that brings the very header of the one before it on the same connection
 * is compared with that, which costs a hundredth of looking its secret up, and tells its sender nothing new.
 */
import type { Socket } from 'node:net';
import type { Authenticator, AuthOutcome } from '../auth/authenticate.ts';

interface Proof {
  readonly header: string;
  /** Another one may know other secrets. */
  readonly authenticator: Authenticator;
  readonly outcome: AuthOutcome;
}

/** A longer header is looked up each time, so that nobody can have much kept for a connection. */
const MAX_HEADER_LENGTH = 512;

const proofs = new WeakMap<Socket, Proof>();

/** As `Authenticator.authenticate`. Whoever has proven itself does not wait for others who guess from its address. */
export function authenticateOn(
  socket: Socket,
  headers: readonly string[],
  authenticator: Authenticator,
): AuthOutcome | Promise<AuthOutcome> {
  const [header] = headers;
  const proof = proofs.get(socket);
  if (proof?.header === header && headers.length === 1 && proof?.authenticator === authenticator)
    return proof.outcome;
  const outcome = authenticator.authenticate(headers, socket.remoteAddress);
  const isKept = header !== undefined && header.length <= MAX_HEADER_LENGTH;
  if (isKept && !(outcome instanceof Promise) && outcome.ok)
    proofs.set(socket, { header, authenticator, outcome });
  return outcome;
}
