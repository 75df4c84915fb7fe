import { nearest } from './did-you-mean.ts';
import type { Finding } from './explain.ts';
import type { Config } from './schema.ts';
import type { Secret } from './secret.ts';

const MIN_SECRET_LENGTH = 16;
const PLACEHOLDER =
  /^(?:(?:your|my|the|some|example|test)[-_ ]?.*(?:pass(?:word)?|token|secret|key)|.*change[-_ ]?(?:me|this|it).*|<.*>|(.)\1*|.*example.*|pass(?:word|wd)?\d*|secret\d*|admin\d*|root|test\d*|token\d*|default|letmein|qwerty\d*|12345\d*)$/i;

/** What is allowed but hardly meant. */
export function doubts(config: Config): Finding[] {
  const found: Finding[] = [];
  const names = new Map([...config.servers.keys()].map((name) => [name.toLowerCase(), name]));
  const judge = (
    path: (string | number)[],
    secret: Secret | undefined,
    key: string | number,
    servers: readonly string[],
  ) => {
    const problem = secret === undefined ? undefined : weakness(secret.reveal());
    if (problem !== undefined) found.push({ path: [...path, key], at: 'value', ...problem });
    for (const [index, name] of servers.entries()) {
      if (names.has(name.toLowerCase())) continue;
      const meant = nearest(name, [...names.values()]);
      const hint = meant === undefined ? undefined : `did you mean "${meant}"?`;
      found.push({
        path: [...path, 'servers', index],
        at: 'value',
        what: 'there is no server of this name',
        hint,
      });
    }
  };
  for (const [index, entry] of (config.auth?.basic?.credentials ?? []).entries()) {
    judge(['auth', 'basic', 'credentials', index], entry.password, 'password', entry.servers ?? []);
  }
  for (const [index, entry] of (config.auth?.bearer?.tokens ?? []).entries()) {
    // A token that stands alone has no key of its own; its name is required otherwise.
    const path = ['auth', 'bearer', 'tokens'];
    if (entry.name === undefined) judge(path, entry.token, index, []);
    else judge([...path, index], entry.token, 'token', entry.servers ?? []);
  }
  return [...found, ...sharedByStrangers(config)];
}

/** One principal of many people is not what the word promises. */
function sharedByStrangers({ auth, servers }: Config): Finding[] {
  if (auth?.anonymous !== true) return [];
  return [...servers].flatMap(([name, { policy }]): Finding[] =>
    policy === 'principal'
      ? [
          {
            path: ['servers', name, 'policy'],
            at: 'value',
            what: 'with auth.anonymous everyone is one principal, so everyone shares a process',
            hint: 'write shared if that is meant, or remove it',
          },
        ]
      : [],
  );
}

function weakness(secret: string) {
  const hint = 'make a new one, such as with: openssl rand -base64 32';
  if (PLACEHOLDER.test(secret)) return { what: 'this secret is a placeholder that everyone knows', hint };
  return secret.length < MIN_SECRET_LENGTH
    ? { what: `this secret is shorter than ${MIN_SECRET_LENGTH} characters`, hint }
    : undefined;
}
