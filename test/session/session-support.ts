import { createGrants, type Principal } from '../../src/auth/principal.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { InstanceExit } from '../../src/events.ts';
import type { Lease } from '../../src/instance/pool/pool.ts';
import { deferred } from '../../src/util/deferred.ts';

export function principal(id: string): Principal {
  return { id, label: `label of ${id}`, grants: createGrants({}), credential: '' };
}

/** A lease without a process: it records how it was given back. */
export interface FakeLease extends Lease {
  readonly given: readonly ErrorCode[];
  /** The process ends by itself. */
  die(): void;
}

const unused = (): never => {
  throw new Error('not part of this test');
};

export function fakeLease(instance = 1): FakeLease {
  const given: ErrorCode[] = [];
  const ended = deferred<InstanceExit>();
  return {
    instance,
    era: 'legacy',
    facts: undefined,
    given,
    ended: ended.promise,
    die: () =>
      ended.resolve({ exitCode: 1, signal: null, expected: false, spawnError: undefined, stderrTail: [] }),
    call: unused,
    tell: unused,
    answer: unused,
    resume: unused,
    end: async (why) => void given.push(why),
    [Symbol.asyncDispose]: unused,
  };
}
