/** The official conformance suite takes too long for every run of the tests; it has a script, and CI runs that. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

it('[era 65] the official suite is held by CI, for both revisions in front of servers of both eras', () => {
  expect(read('.ci/run')).toMatch(/^npm run -s conformance$/m);
  expect(JSON.parse(read('package.json')).scripts.conformance).toContain('scripts/conformance.ts');
  const rows = [...read('scripts/conformance.ts').matchAll(/revision: '([\d-]+)',\s+era: '(\w+)'/g)];
  expect(rows.map(([, revision, era]) => `${revision}/${era}`)).toEqual([
    '2025-11-25/legacy',
    '2025-11-25/modern',
    '2026-07-28/legacy',
    '2026-07-28/modern',
  ]);
});
