/**
 * From Authorization headers to a principal. Any valid credential grants access. No answer and no timing tells which
 * user names exist or how near a guess came.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, systemClock } from '../util/clock.ts';
import { type Presented, parseAuthorization } from './authorization-header.ts';
import {
  type BasicCredential,
  type BearerCredential,
  type Check,
  type CredentialSet,
  compileBasic,
  compileBearer,
  digestOf,
} from './credentials.ts';
import type { Guessing } from './guessing.ts';
import { ANONYMOUS, type Principal } from './principal.ts';
import { type SecretHash, verifyParsed } from './secret-hash.ts';
import { createSlowLane } from './slow-lane.ts';
import { createVerdictCache } from './verdict-cache.ts';

/** A scheme without credentials is not enabled. */
export interface AuthOptions {
  /** Serve callers who send no Authorization header. A wrong header is still refused, unless no scheme is enabled. */
  readonly anonymous: boolean;
  readonly basic?: readonly BasicCredential[] | undefined;
  readonly bearer?: readonly BearerCredential[] | undefined;
}

export type AuthOutcome =
  | { readonly ok: true; readonly principal: Principal }
  | {
      readonly ok: false;
      readonly code: 'UNAUTHORIZED' | 'AMBIGUOUS_CREDENTIALS' | 'RATE_LIMIT';
      /** WWW-Authenticate values, one for each enabled scheme. */
      readonly challenges: string[];
      /** When nothing was checked: how long that stays so, in milliseconds. */
      readonly retryAfterMs?: number;
    };

type Refused = Extract<AuthOutcome, { ok: false }>;

export interface Authenticator {
  /**
   * Takes the values of all Authorization headers, and where they come from. Answers at once for plain secrets and for recently verified hashed ones;
   * with a promise only when a hash must be checked. When too many such checks wait, refuses like a wrong secret.
   */
  authenticate(authorizationHeaders: readonly string[], address?: string): AuthOutcome | Promise<AuthOutcome>;
  /** Whether a caller can prove to be this principal, with whatever secret. */
  knows(principal: Principal): boolean;
  /** Whether the very secret that proved this principal still does; needs the `key` of the authenticator that it proved itself to. */
  accepts(principal: Principal): boolean;
}

export interface AuthDependencies {
  readonly clock?: Clock;
  /** Authenticators with the same key know each other's principals by their credentials. */
  readonly key?: Buffer;
  readonly verify?: (secret: string, hash: SecretHash) => Promise<boolean>;
  /** Makes who guesses wait. */
  readonly guessing?: Guessing;
}

const BASIC_CHALLENGE = 'Basic realm="mcp-gateway", charset="UTF-8"';
const BEARER_CHALLENGE = 'Bearer realm="mcp-gateway"';

/** How long a verified hashed secret is not checked again, and how many are remembered. */
const VERDICTS = { ttlMs: 300_000, entries: 1000 };
/** Half of libuv's thread pool: name look-ups and files share it. The queue is about three seconds of work. */
const SLOW_CHECKS = { running: 2, waiting: 64 };

/** Throws on a credential that could never match. */
export function createAuthenticator(
  options: AuthOptions,
  dependencies: AuthDependencies = {},
): Authenticator {
  const { clock = systemClock, verify = verifyParsed, key = randomBytes(32), guessing } = dependencies;
  const sets = {
    basic: compileBasic(options.basic ?? [], key),
    bearer: compileBearer(options.bearer ?? [], key),
  };
  const challenges = enabledChallenges(options);
  const verdicts = createVerdictCache(VERDICTS, clock);
  const lane = createSlowLane(SLOW_CHECKS);
  const flights = new Map<string, Promise<AuthOutcome>>();

  const refuse = (code: Refused['code'] = 'UNAUTHORIZED'): Refused => ({
    ok: false,
    code,
    challenges: [...challenges],
  });

  const authenticateOne = (presented: Presented): AuthOutcome | Promise<AuthOutcome> => {
    const set = sets[presented.scheme];
    const digest = digestOf(presented, key);
    const plain = findPlain(set, digest);
    if (plain !== undefined) return { ok: true, principal: plain };
    const checks = set.checksFor(presented);
    if (checks.length === 0) return refuse();
    const flightKey = digest.toString('base64');
    const known = verdicts.get(flightKey);
    if (known !== undefined) return { ok: true, principal: known };
    const shared = flights.get(flightKey);
    if (shared !== undefined) return shared;
    const running = lane.run(() => runChecks(checks, presented.secret, verify));
    if (running === undefined) return refuse();
    const flight = running
      .then((principal): AuthOutcome => {
        if (principal === undefined) return refuse();
        verdicts.put(flightKey, principal);
        return { ok: true, principal };
      })
      .finally(() => flights.delete(flightKey));
    flights.set(flightKey, flight);
    return flight;
  };

  const accepts = ({ id, credential }: Principal): boolean =>
    id === ANONYMOUS.id
      ? options.anonymous
      : sets.basic.credentials.has(credential) || sets.bearer.credentials.has(credential);

  return {
    authenticate(headers, address = '') {
      const [header] = headers;
      if (options.anonymous && (header === undefined || challenges.length === 0))
        return { ok: true, principal: ANONYMOUS };
      if (headers.length > 1) return refuse('AMBIGUOUS_CREDENTIALS');
      const presented = header === undefined ? undefined : parseAuthorization(header);
      if (presented === undefined) return refuse();
      if (guessing === undefined || presented.scheme !== 'basic') return authenticateOne(presented);
      const { username } = presented;
      const retryAfterMs = guessing.waitMs(address, username);
      if (retryAfterMs > 0) return { ...refuse('RATE_LIMIT'), retryAfterMs };
      const note = (outcome: AuthOutcome): AuthOutcome => {
        if (outcome.ok) guessing.succeeded(address, username);
        else guessing.failed(address, username);
        return outcome;
      };
      const outcome = authenticateOne(presented);
      return outcome instanceof Promise ? outcome.then(note) : note(outcome);
    },
    knows: (principal) =>
      accepts(principal) || sets.basic.ids.has(principal.id) || sets.bearer.ids.has(principal.id),
    accepts,
  };
}

function enabledChallenges({ basic = [], bearer = [] }: AuthOptions): string[] {
  return [...(basic.length > 0 ? [BASIC_CHALLENGE] : []), ...(bearer.length > 0 ? [BEARER_CHALLENGE] : [])];
}

/** Looks at every credential, so that the time tells nothing about which one it was. */
function findPlain(set: CredentialSet, digest: Buffer): Principal | undefined {
  let found: Principal | undefined;
  for (const credential of set.plain) {
    const isMatch = timingSafeEqual(credential.digest, digest);
    if (isMatch && found === undefined) found = credential.principal;
  }
  return found;
}

/** Runs every check, one after the other; the first match counts. */
async function runChecks(
  checks: readonly Check[],
  secret: string,
  verify: (secret: string, hash: SecretHash) => Promise<boolean>,
): Promise<Principal | undefined> {
  let found: Principal | undefined;
  for (const check of checks) {
    const isMatch = await verify(secret, check.hash);
    if (isMatch && found === undefined) found = check.principal?.(secret);
  }
  return found;
}
