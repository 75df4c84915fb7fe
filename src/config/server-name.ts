import type { Problem } from './report.ts';

export const SERVER_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const MAX_NAME_LENGTH = 63;

/** First path segments that the gateway answers itself, in lower case. */
const RESERVED: ReadonlySet<string> = new Set([
  'api',
  'mcp',
  'docs',
  'admin',
  'healthz',
  'readyz',
  'metrics',
  'sessions',
  'sessionid',
]);

/** What is wrong with a name taken by itself. */
export function serverNameProblem(name: string): Problem | undefined {
  if (!SERVER_NAME.test(name)) {
    return {
      what: 'this is not a server name',
      hint: 'a name is part of the URL: 1 to 63 of the characters A-Z a-z 0-9 _ -, starting with a letter or digit',
    };
  }
  if (RESERVED.has(name.toLowerCase())) {
    return {
      what: 'this server name is reserved',
      hint: `the gateway answers /${name.toLowerCase()} itself; choose another name`,
    };
  }
  return undefined;
}

/**
 * A valid name made from any text, unlike every name in `taken`, whose entries are in lower case.
 * Adds the result to `taken`.
 */
export function fitServerName(name: string, taken: Set<string>): string {
  const fitted = name
    .replace(/[^A-Za-z0-9_-]/g, '-')
    .replace(/^[_-]+/, '')
    .slice(0, MAX_NAME_LENGTH);
  const base = fitted === '' ? 'server' : fitted;
  let candidate = base;
  for (let n = 2; taken.has(candidate.toLowerCase()) || RESERVED.has(candidate.toLowerCase()); n++) {
    const suffix = `-${n}`;
    candidate = base.slice(0, MAX_NAME_LENGTH - suffix.length) + suffix;
  }
  taken.add(candidate.toLowerCase());
  return candidate;
}
