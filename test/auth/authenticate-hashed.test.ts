import { describe, expect, it } from 'vitest';
import { type AuthOptions, type AuthOutcome, createAuthenticator } from '../../src/auth/authenticate.ts';
import type { SecretHash } from '../../src/auth/secret-hash.ts';
import { type Deferred, deferred } from '../../src/util/deferred.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { atOnce, basic, cheapHash, told } from './helpers.ts';

const options: AuthOptions = {
  anonymous: false,
  basic: [
    { username: 'alice', passwordHash: cheapHash('wonder'), servers: ['files'] },
    { username: 'bob', password: 'builder' },
  ],
  bearer: [{ name: 'ci', tokenHash: cheapHash('ci-token') }, { tokenHash: cheapHash('nameless') }],
};

/** Counts the checks and answers them all with one verdict. */
function counting(verdict: boolean): {
  verify: (secret: string, hash: SecretHash) => Promise<boolean>;
  costs: number[];
} {
  const costs: number[] = [];
  return {
    costs,
    verify: (_secret, hash) => {
      costs.push(hash.cost.N);
      return Promise.resolve(verdict);
    },
  };
}

/** Checks that wait until the test lets them go. */
function gated(): { verify: () => Promise<boolean>; gates: Deferred<boolean>[] } {
  const gates: Deferred<boolean>[] = [];
  return {
    gates,
    verify: () => {
      const gate = deferred<boolean>();
      gates.push(gate);
      return gate.promise;
    },
  };
}

describe('hashed secrets', () => {
  it('lets the right ones in, for real', async () => {
    const authenticator = createAuthenticator(options);
    const plainTwin = createAuthenticator({ anonymous: false, bearer: [{ token: 'nameless' }] });
    expect(told(await authenticator.authenticate([basic('alice', 'wonder')]))).toBe('basic:alice');
    expect(told(await authenticator.authenticate(['Bearer ci-token']))).toBe('bearer:ci');
    expect(told(await authenticator.authenticate(['Bearer nameless']))).toBe(
      told(atOnce(plainTwin.authenticate(['Bearer nameless']))),
    );
    expect(told(await authenticator.authenticate([basic('alice', 'builder')]))).toBe('UNAUTHORIZED');
    expect(told(await authenticator.authenticate([basic('zoe', 'wonder')]))).toBe('UNAUTHORIZED');
    expect(told(await authenticator.authenticate(['Bearer wonder']))).toBe('UNAUTHORIZED');
  });

  it('answers a plain secret at once although hashes are configured', () => {
    expect(told(atOnce(createAuthenticator(options).authenticate([basic('bob', 'builder')])))).toBe(
      'basic:bob',
    );
  });

  it('[fault 78] does the same work for every user name', async () => {
    const given: AuthOptions = {
      anonymous: false,
      basic: [
        { username: 'one', passwordHash: cheapHash('a') },
        { username: 'three', passwordHash: cheapHash('a') },
        { username: 'three', passwordHash: cheapHash('b') },
        { username: 'three', passwordHash: cheapHash('c', 8192) },
        { username: 'dear', passwordHash: cheapHash('a', 8192) },
        { username: 'plain', password: 'p' },
      ],
    };
    for (const username of ['one', 'three', 'dear', 'plain', 'unknown', '']) {
      const { verify, costs } = counting(false);
      expect(
        told(await createAuthenticator(given, { verify }).authenticate([basic(username, 'guess')])),
      ).toBe('UNAUTHORIZED');
      expect(
        costs.toSorted((a, b) => a - b),
        username,
      ).toEqual([4096, 4096, 8192]);
    }
  });

  it('[fault 77] does not stop at the first match, and a decoy proves nobody', async () => {
    const right = counting(true);
    const authenticator = createAuthenticator(options, { verify: right.verify });
    expect(told(await authenticator.authenticate(['Bearer x']))).toBe('bearer:ci');
    expect(right.costs).toHaveLength(2);
    expect(told(await authenticator.authenticate([basic('unknown', 'x')]))).toBe('UNAUTHORIZED');
  });

  it('survives a check that fails and tries again next time', async () => {
    const verdicts = [() => Promise.reject(new Error('out of memory')), () => Promise.resolve(true)];
    const authenticator = createAuthenticator(
      { anonymous: false, basic: options.basic },
      { verify: () => verdicts.shift()?.() ?? Promise.resolve(false) },
    );
    await expect(authenticator.authenticate([basic('alice', 'x')])).rejects.toThrow('out of memory');
    expect(told(await authenticator.authenticate([basic('alice', 'x')]))).toBe('basic:alice');
  });
});

describe('verdicts', () => {
  it('remembers who passed for five minutes, then checks again', async () => {
    const clock = new ManualClock();
    const { verify, costs } = counting(true);
    const authenticator = createAuthenticator(options, { clock, verify });
    const header = basic('alice', 'wonder');
    await authenticator.authenticate([header]);
    clock.advance(299_999);
    expect(told(atOnce(authenticator.authenticate([header])))).toBe('basic:alice');
    expect(costs).toHaveLength(1);
    clock.advance(1);
    await authenticator.authenticate([header]);
    expect(costs).toHaveLength(2);
  });

  it('does not remember who failed', async () => {
    const { verify, costs } = counting(false);
    const authenticator = createAuthenticator(options, { verify });
    await authenticator.authenticate([basic('alice', 'x')]);
    await authenticator.authenticate([basic('alice', 'x')]);
    expect(costs).toHaveLength(2);
  });

  it('does not take one secret for another', async () => {
    const authenticator = createAuthenticator(options);
    await authenticator.authenticate([basic('alice', 'wonder')]);
    expect(told(await authenticator.authenticate([basic('alice', 'wonder ')]))).toBe('UNAUTHORIZED');
    expect(told(await authenticator.authenticate(['Bearer alice:wonder']))).toBe('UNAUTHORIZED');
  });

  it('checks concurrent requests with one header once', async () => {
    const { verify, gates } = gated();
    const authenticator = createAuthenticator(options, { verify });
    const outcomes = [1, 2, 3].map(() => authenticator.authenticate([basic('alice', 'wonder')]));
    expect(gates).toHaveLength(1);
    gates[0]?.resolve(true);
    expect((await Promise.all(outcomes.map((outcome) => Promise.resolve(outcome)))).map(told)).toEqual([
      'basic:alice',
      'basic:alice',
      'basic:alice',
    ]);
  });
});

describe('[fault 79] a flood of guesses', () => {
  it('runs two checks at once, lets 64 wait, and refuses the rest at once', async () => {
    const { verify, gates } = gated();
    const authenticator = createAuthenticator({ anonymous: false, basic: options.basic }, { verify });
    const outcomes: (AuthOutcome | Promise<AuthOutcome>)[] = [];
    for (let guess = 0; guess < 66; guess += 1)
      outcomes.push(authenticator.authenticate([basic('alice', `guess ${guess}`)]));
    expect(outcomes.every((outcome) => outcome instanceof Promise)).toBe(true);
    expect(gates).toHaveLength(2);
    expect(told(atOnce(authenticator.authenticate([basic('alice', 'one too many')])))).toBe('UNAUTHORIZED');
    expect(told(atOnce(authenticator.authenticate([basic('bob', 'builder')])))).toBe('basic:bob');
    for (let released = 0; released < 66; released += 1) {
      gates[released]?.resolve(released === 65);
      await outcomes[released];
    }
    const answers = await Promise.all(outcomes.map((outcome) => Promise.resolve(outcome)));
    expect(answers.filter((outcome) => outcome.ok)).toHaveLength(1);
    expect(gates).toHaveLength(66);
    expect(authenticator.authenticate([basic('alice', 'later')])).toBeInstanceOf(Promise);
  });
});
