import { describe, expect, it } from 'vitest';
import { accepted, refused, SERVERS } from './support.ts';

const GOOD = 'Gz7kPq2vXw9mLb4t';
const EMPTY = 'must not be empty; make one, such as with: openssl rand -base64 32';

const basic = (credential: string): string => `${SERVERS}auth: {basic: {credentials: [${credential}]}}`;
const bearer = (token: string): string => `${SERVERS}auth: {bearer: {tokens: [${token}]}}`;

describe('[fault 81] refused credentials', () => {
  it.each([
    [basic('{username: a, password: ""}'), `c.yaml:2:54: auth.basic.credentials[0].password: ${EMPTY}`],
    [basic('{username: a, password: "${E}"}'), `c.yaml:2:54: auth.basic.credentials[0].password: ${EMPTY}`],
    [
      basic('{username: "a:b", password: x}'),
      'c.yaml:2:41: auth.basic.credentials[0].username: must not contain a colon; Basic authentication cannot carry it',
    ],
    [
      basic('{username: a}'),
      'c.yaml:2:30: auth.basic.credentials[0]: one of password and passwordHash is needed',
    ],
    [
      basic('{username: a, password: 12345}'),
      'c.yaml:2:54: auth.basic.credentials[0].password: expected text, got a number; put it in quotes',
    ],
    [
      basic('{username: a, passwordHash: "scrypt$3$8$1$YQ==$YQ=="}'),
      'c.yaml:2:58: auth.basic.credentials[0].passwordHash: this is not a hash of the form scrypt$N$r$p$salt$hash, salt and hash in base64',
    ],
    [
      basic(`{username: a, password: x, passwordHash: "scrypt$16384$8$1$YQ==$YQ=="}`),
      'c.yaml:2:57: auth.basic.credentials[0].passwordHash: password and passwordHash exclude each other; remove one of them',
    ],
    [
      basic('{username: a, password: x, servers: []}'),
      'c.yaml:2:66: auth.basic.credentials[0].servers: must not be empty',
    ],
    [basic('a'), 'c.yaml:2:30: auth.basic.credentials[0]: expected a mapping, got text'],
    [bearer('""'), `c.yaml:2:26: auth.bearer.tokens[0]: ${EMPTY}`],
    [
      bearer('a b'),
      'c.yaml:2:26: auth.bearer.tokens[0]: must consist of visible ASCII characters without spaces',
    ],
    [bearer('12'), 'c.yaml:2:26: auth.bearer.tokens[0]: expected text or a mapping, got a number'],
    [
      bearer('{name: ci, tokn: x}'),
      'c.yaml:2:26: auth.bearer.tokens[0]: one of token and tokenHash is needed',
      'c.yaml:2:37: auth.bearer.tokens[0].tokn: unknown key; did you mean "token"?',
    ],
    [
      bearer('{token: x}'),
      'c.yaml:2:26: auth.bearer.tokens[0].name: this key is missing; Who is calling with this token',
    ],
    [bearer('{name: a, token: ""}'), `c.yaml:2:43: auth.bearer.tokens[0].token: ${EMPTY}`],
    [
      bearer(`${GOOD}, {name: a, token: ${GOOD}}`),
      'c.yaml:2:44: auth.bearer.tokens[1]: this is the same credential as tokens[0]; remove one',
    ],
  ])('%j', (text, ...messages) => {
    expect(refused(text, { env: { E: '' } })).toEqual(messages);
  });
});

describe('what is enabled', () => {
  const NOTHING =
    'c.yaml:2:1: auth: nothing is enabled here, so nobody could enter; enable auth.basic or auth.bearer with at least one credential, or set anonymous: true to serve everyone';

  it.each([
    ['auth: {}', NOTHING],
    ['auth: {anonymous: false}', NOTHING],
    ['auth: {basic: {enabled: false}, bearer: {enabled: false, tokens: [x]}}', NOTHING],
    ['auth:', 'c.yaml:2:6: auth: expected a mapping, got nothing; give it a value, or remove the key'],
    [
      'auth: {basic: {}}',
      'c.yaml:2:8: auth.basic: this is enabled but has no credentials; add one to credentials, or set enabled: false',
    ],
    [
      'auth: {anonymous: true, bearer: {enabled: true, tokens: []}}',
      'c.yaml:2:25: auth.bearer: this is enabled but has no tokens; add one to tokens, or set enabled: false',
    ],
  ])('refuses %j', (line, message) => {
    expect(refused(`${SERVERS}${line}`)).toEqual([message]);
  });

  it.each([
    'auth: {anonymous: true}',
    'auth: {anonymous: true, basic: {enabled: false}}',
    `auth: {basic: {enabled: false}, bearer: {tokens: [${GOOD}]}}`,
    `auth: {basic: {credentials: [{username: a, password: ${GOOD}}]}, bearer: {enabled: false, tokens: []}}`,
    'auth: {bearer: {tokens: [{name: ci, tokenHash: "scrypt$16384$8$1$c2FsdA==$aGFzaA=="}]}}',
  ])('accepts %j without a warning', (line) => {
    expect(accepted(`${SERVERS}${line}`).warnings).toEqual([]);
  });
});

describe('[fault 81] doubtful credentials', () => {
  it.each([
    'your-secure-password',
    'your-secure-token',
    'changeme',
    'password',
    'secret',
    'admin',
    'xxxxxxxxxxxxxxxxxxxx',
  ])('warns of the placeholder %s', (secret) => {
    const { warnings } = accepted(basic(`{username: a, password: ${secret}}`));
    expect(warnings).toEqual([
      'c.yaml:2:54: auth.basic.credentials[0].password: this secret is a placeholder that everyone knows; make a new one, such as with: openssl rand -base64 32',
    ]);
  });

  it('warns of short secrets, of a lone token as of a named one', () => {
    const { warnings } = accepted(bearer('Gz7kPq2vXw9mLb4, {name: a, token: Gz7kPq2}'));
    const short =
      'this secret is shorter than 16 characters; make a new one, such as with: openssl rand -base64 32';
    expect(warnings).toEqual([
      `c.yaml:2:26: auth.bearer.tokens[0]: ${short}`,
      `c.yaml:2:60: auth.bearer.tokens[1].token: ${short}`,
    ]);
  });

  it('warns of a grant for a server that does not exist', () => {
    const { warnings } = accepted(bearer(`{name: a, token: ${GOOD}, servers: [FS, fz]}`));
    expect(warnings).toEqual([
      'c.yaml:2:75: auth.bearer.tokens[0].servers[1]: there is no server of this name; did you mean "fs"?',
    ]);
  });

  it('warns of a policy that means more than it says where everyone is one principal', () => {
    const { warnings } = accepted(
      'auth: {anonymous: true}\nservers: {a: {command: x, policy: principal}, b: {command: x, policy: shared}}',
    );
    expect(warnings).toEqual([
      'c.yaml:2:35: servers.a.policy: with auth.anonymous everyone is one principal, so everyone shares a process; write shared if that is meant, or remove it',
    ]);
  });

  it('never quotes a secret', () => {
    const secrets = [
      '!canary1',
      '*canary2',
      '@canary3',
      '"canary4',
      '"\\qcanary5"',
      'canary6: canary6',
      '${canary7}',
      '[canary8',
    ];
    for (const secret of secrets) {
      const messages = refused(
        `${SERVERS}auth:\n  bearer:\n    tokens:\n      - name: x\n        token: ${secret}\n`,
      );
      if (!secret.startsWith('$')) expect(messages.join()).not.toContain('canary');
      expect(messages.length).toBeGreaterThan(0);
    }
  });
});
