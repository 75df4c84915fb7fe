/** Every numbered case of the description of the eras has a test that cites it, as `[era N]` in its name. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const CASES = 65;
const FOLDER = new URL('.', import.meta.url).pathname;

/** The cases cited in names: in a string, that is, not in a comment. */
function citedIn(source: string): number[] {
  return source
    .split('\n')
    .filter((line) => /['"`].*\[era \d+\]/.test(line))
    .flatMap((line) => [...line.matchAll(/\[era (\d+)\]/g)].map(([, no]) => Number(no)));
}

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.test.ts'),
);
const cited = new Set(files.flatMap((name) => citedIn(readFileSync(join(FOLDER, name), 'utf8'))));

it('cases of the eras without a test', () => {
  const missing = Array.from({ length: CASES }, (_, index) => index + 1).filter((no) => !cited.has(no));
  expect(missing).toEqual([]);
});

it('cases that do not exist, but are cited', () => {
  expect([...cited].filter((no) => no < 1 || no > CASES)).toEqual([]);
});
