/** Every fault of docs/faults.md is proved by a test that cites it, as `[fault N]` in its name, or explained in SECURITY.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const FOLDER = new URL('.', import.meta.url).pathname;

function read(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

/** Cited in names: in a string, that is, not in a comment. */
function citedIn(source: string): number[] {
  return source
    .split('\n')
    .filter((line) => /['"`].*\[fault \d+\]/.test(line))
    .flatMap((line) => [...line.matchAll(/\[fault (\d+)\]/g)].map(([, no]) => Number(no)));
}

const faults = [...read('../docs/faults.md').matchAll(/^\| (\d+) +\| (\S.*?) +\|$/gm)].map(
  ([, no, title]) => [Number(no), title] as const,
);
const tests = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.test.ts'),
);
const proved = new Set(tests.flatMap((name) => citedIn(read(name))));
const explained = new Set(
  [...read('../SECURITY.md').matchAll(/[([]faults? ([\d, and]+)[)\]]/g)].flatMap(([, numbers = '']) =>
    [...numbers.matchAll(/\d+/g)].map(([no]) => Number(no)),
  ),
);

it('faults that no test cites and SECURITY.md does not explain', () => {
  expect(faults.filter(([no]) => !proved.has(no) && !explained.has(no))).toEqual([]);
});

it('faults that are cited, but do not exist', () => {
  const known = new Set(faults.map(([no]) => no));
  expect([...proved, ...explained].filter((no) => !known.has(no))).toEqual([]);
});

it('the list has every number once', () => {
  const numbers = faults.map(([no]) => no);
  const needed = [...range(1, 75), ...range(94, 106), ...range(116, 124)];
  expect(needed.filter((no) => !numbers.includes(no))).toEqual([]);
  expect(new Set(numbers).size).toBe(numbers.length);
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
