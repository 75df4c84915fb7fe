import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../src/util/glob.ts';

describe('compileGlob', () => {
  it.each([
    ['*', '', true],
    ['*', 'anything at all\n', true],
    ['**', 'x', true],
    ['', '', true],
    ['', 'x', false],
    ['read_*', 'read_file', true],
    ['read_*', 'read_', true],
    ['read_*', 'xread_file', false],
    ['*_file', 'read_file', true],
    ['*_file', 'read_file2', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*a', 'aba', true],
    ['a*b*a', 'aa', false],
    ['a*ab*b', 'aabb', true],
    ['ab*ba', 'aba', false],
    ['*ab*ab*', 'abab', true],
    ['*ab*ab*', 'abb', false],
    ['*abc*c', 'abc', false],
    ['exact', 'exact', true],
    ['exact', 'EXACT', false],
    ['a.c', 'abc', false],
    ['a?c', 'abc', false],
    ['[ab]', 'a', false],
    ['(a+)+$', '(a+)+$', true],
    ['\\*', '\\x', true],
  ])('%j on %j is %s', (pattern, text, expected) => {
    expect(compileGlob([pattern])(text)).toBe(expected);
  });

  it('matches when any pattern does, and nothing without patterns', () => {
    const matches = compileGlob(['read_*', 'list']);
    expect(['read_x', 'list', 'lists', 'write'].map(matches)).toEqual([true, true, false, false]);
    expect(compileGlob([])('')).toBe(false);
  });

  it('agrees with the obvious recursive definition', () => {
    const char = fc.constantFrom('a', 'b', '*');
    const pattern = fc.string({ unit: char, maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(pattern, text, (p, t) => compileGlob([p])(t) === matchesByDefinition(p, t)),
      { numRuns: 3000 },
    );
  });

  it('stays fast on patterns that make backtracking matchers explode', () => {
    const matches = compileGlob([`${'*a'.repeat(200)}*b`]);
    const startMs = performance.now();
    expect(matches('a'.repeat(20_000))).toBe(false);
    expect(matches(`${'a'.repeat(20_000)}b`)).toBe(true);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

function matchesByDefinition(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  const rest = pattern.slice(1);
  if (pattern.startsWith('*'))
    return matchesByDefinition(rest, text) || (text !== '' && matchesByDefinition(pattern, text.slice(1)));
  return text !== '' && text[0] === pattern[0] && matchesByDefinition(rest, text.slice(1));
}
