import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuthOptions, createAuthenticator } from '../../src/auth/authenticate.ts';
import { atOnce, basic, told } from './helpers.ts';

const BASIC = 'Basic realm="mcp-gateway", charset="UTF-8"';
const BEARER = 'Bearer realm="mcp-gateway"';

const options: AuthOptions = {
  anonymous: false,
  basic: [
    { username: 'alice', password: 'won:der' },
    { username: 'bob', password: 'builder' },
    { username: 'alice', password: 'next', servers: ['files'] },
  ],
  bearer: [
    { name: 'ci', token: 'ci-token', tools: ['read_*'] },
    { token: 'nameless' },
    { name: 'ci', token: 'ci-next' },
  ],
};

function ask(headers: readonly string[], given: AuthOptions = options): string {
  return told(atOnce(createAuthenticator(given).authenticate(headers)));
}

describe('plain secrets', () => {
  it.each([
    [basic('alice', 'won:der'), 'basic:alice'],
    [basic('bob', 'builder').replace('Basic', 'BASIC'), 'basic:bob'],
    ['Bearer ci-token', 'bearer:ci'],
    ['bearer nameless', `bearer:sha256-${createHash('sha256').update('nameless').digest('hex')}`],
    [basic('alice', 'builder'), 'UNAUTHORIZED'],
    [basic('Alice', 'won:der'), 'UNAUTHORIZED'],
    [basic('alice', 'won:de'), 'UNAUTHORIZED'],
    [basic('alice', ''), 'UNAUTHORIZED'],
    [basic('alice:won', 'der'), 'basic:alice'],
    [basic('nobody', 'won:der'), 'UNAUTHORIZED'],
    ['Bearer CI-TOKEN', 'UNAUTHORIZED'],
    ['Bearer ci-token, Bearer ci-token', 'UNAUTHORIZED'],
    ['Bearer won:der', 'UNAUTHORIZED'],
    [basic('ci', 'ci-token'), 'UNAUTHORIZED'],
    [`Bearer ${'x'.repeat(100_000)}`, 'UNAUTHORIZED'],
  ])('%.60s', (header, expected) => {
    expect(ask([header])).toBe(expected);
  });

  it('[fault 87] keeps the principal over a rotation, with the grants of the credential that matched', () => {
    const authenticator = createAuthenticator(options);
    const both = ['won:der', 'next'].map((password) =>
      atOnce(authenticator.authenticate([basic('alice', password)])),
    );
    expect(both.map(told)).toEqual(['basic:alice', 'basic:alice']);
    expect(both.map((outcome) => outcome.ok && outcome.principal.grants.mayUseServer('mail'))).toEqual([
      true,
      false,
    ]);
    expect(ask(['Bearer ci-next'])).toBe('bearer:ci');
  });

  it('is another principal where the same name grants something else, so that neither meets the sessions of the other', () => {
    const authenticator = createAuthenticator(options);
    const ids = ['won:der', 'next'].map((password) => {
      const outcome = atOnce(authenticator.authenticate([basic('alice', password)]));
      return outcome.ok ? outcome.principal.id : outcome.code;
    });
    expect(ids).toEqual(['basic:alice', 'basic:alice {"servers":["files"]}']);
  });

  it('takes the first of two credentials with the same secret', () => {
    const twice: AuthOptions = {
      anonymous: false,
      bearer: [
        { name: 'first', token: 't' },
        { name: 'second', token: 't' },
      ],
    };
    expect(ask(['Bearer t'], twice)).toBe('bearer:first');
  });

  it('shows neither a token nor its hash in a label, nor a control character', () => {
    const authenticator = createAuthenticator({
      anonymous: false,
      basic: [{ username: 'eve\n[error] \u202e', password: 'p' }],
      bearer: options.bearer,
    });
    const labels = ['Bearer nameless', 'Bearer ci-token', basic('eve\n[error] \u202e', 'p')].map((header) => {
      const outcome = atOnce(authenticator.authenticate([header]));
      return outcome.ok && outcome.principal.label;
    });
    expect(labels).toEqual(['bearer:#2', 'bearer:ci', 'basic:eve\uFFFD[error] \uFFFD']);
  });
});

describe('refusals', () => {
  it.each([
    ['both', options, [BASIC, BEARER]],
    ['Basic alone', { anonymous: false, basic: options.basic }, [BASIC]],
    ['Bearer alone', { anonymous: true, basic: [], bearer: options.bearer }, [BEARER]],
  ])('challenge for the enabled schemes: %s', (_what, given, challenges) => {
    expect(createAuthenticator(given).authenticate(['Bearer wrong'])).toEqual({
      ok: false,
      code: 'UNAUTHORIZED',
      challenges,
    });
    expect(createAuthenticator(given).authenticate(['Bearer wrong', 'Bearer ci-token'])).toEqual({
      ok: false,
      code: 'AMBIGUOUS_CREDENTIALS',
      challenges,
    });
  });

  it('[fault 78] answers a known and an unknown user alike', () => {
    const authenticator = createAuthenticator(options);
    expect(authenticator.authenticate([basic('alice', 'x')])).toEqual(
      authenticator.authenticate([basic('zoe', 'x')]),
    );
  });

  it('does not take a scheme that is not enabled', () => {
    expect(ask([basic('alice', 'won:der')], { anonymous: false, bearer: options.bearer })).toBe(
      'UNAUTHORIZED',
    );
  });

  it('serves nobody when nothing is enabled', () => {
    expect(ask([], { anonymous: false })).toBe('UNAUTHORIZED');
    expect(ask(['Bearer '], { anonymous: false })).toBe('UNAUTHORIZED');
    expect(ask(['Bearer x'], { anonymous: false, basic: [], bearer: [] })).toBe('UNAUTHORIZED');
  });

  it('two headers are ambiguous even when they are equal', () => {
    expect(ask(['Bearer ci-token', 'Bearer ci-token'])).toBe('AMBIGUOUS_CREDENTIALS');
  });

  it('never throws, and lets nobody in by accident', () => {
    const authenticator = createAuthenticator(options);
    const header = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.base64String().map((text) => `Basic ${text}`),
      fc.string().map((text) => `Bearer ${text}`),
    );
    fc.assert(
      fc.property(fc.array(header, { maxLength: 3 }), (headers) => {
        const outcome = atOnce(authenticator.authenticate(headers));
        expect(outcome.ok).toBe(false);
      }),
    );
  });
});

describe('anonymous', () => {
  const open: AuthOptions = { ...options, anonymous: true };

  it.each([
    ['no header', [], open, 'anonymous'],
    ['a valid credential', [basic('bob', 'builder')], open, 'basic:bob'],
    ['a wrong credential is told', [basic('bob', 'wrong')], open, 'UNAUTHORIZED'],
    ['an empty header is told', [''], open, 'UNAUTHORIZED'],
    ['any header when no scheme is enabled', ['Bearer whatever'], { anonymous: true }, 'anonymous'],
    ['without anonymous, no header', [], options, 'UNAUTHORIZED'],
  ])('%s', (_what, headers, given, expected) => {
    expect(ask(headers, given)).toBe(expected);
  });
});

describe('credentials that could never match', () => {
  it.each<[string, Partial<AuthOptions>]>([
    [
      'Basic credential 1: a user name cannot contain a colon.',
      { basic: [{ username: 'a:b', password: 'p' }] },
    ],
    ['Basic credential 1: give either the secret or its hash.', { basic: [{ username: 'a' }] }],
    [
      'Basic credential 1: give either the secret or its hash.',
      { basic: [{ username: 'a', password: 'p', passwordHash: 'h' }] },
    ],
    [
      'Basic credential 2: the secret is empty.',
      {
        basic: [
          { username: 'a', password: 'p' },
          { username: 'b', password: '' },
        ],
      },
    ],
    ['Bearer token 1: the hash is not a scrypt text', { bearer: [{ tokenHash: '$2b$10$abc' }] }],
    ['Bearer token 1: a token must be visible ASCII', { bearer: [{ token: 'to ken' }] }],
  ])('%s', (sentence, given) => {
    expect(() => createAuthenticator({ anonymous: false, ...given })).toThrow(sentence);
  });
});
