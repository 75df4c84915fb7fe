import type { Path } from './issues.ts';
import type { Problem } from './report.ts';

/** What the documentation names but this version does not do. Accepting it would promise that it is enforced. */
const KEYS: ReadonlySet<string> = new Set(['http.trustProxy', 'http.strictAccept', 'servers.*.url']);

const WHAT = 'not supported in this version yet';

export function keyNotYet(path: Path): Problem | undefined {
  const pattern = patternOf(path);
  if (pattern === 'servers.*.url') return { what: WHAT, hint: 'a server needs a command; remove this entry' };
  return KEYS.has(pattern) ? { what: WHAT, hint: 'remove it' } : undefined;
}

function patternOf(path: Path): string {
  return path.map((part, index) => (index === 1 && path[0] === 'servers' ? '*' : part)).join('.');
}
