import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePrefer } from '../../src/http/prefer.ts';

const parsed = (header: string | undefined) => Object.fromEntries(parsePrefer(header));

describe('Prefer', () => {
  it.each([
    [undefined, {}],
    ['', {}],
    ['respond-async', { 'respond-async': '' }],
    ['Respond-Async, WAIT=10', { 'respond-async': '', wait: '10' }],
    ['wait = 10 ; x=1; y , return=minimal', { wait: '10', return: 'minimal' }],
    ['a="b, c; d=\\"e\\"", f', { a: 'b, c; d="e"', f: '' }],
    ['wait=1, wait=2', { wait: '1' }],
    ['foo=""', { foo: '' }],
    // What is malformed goes as far as the next comma.
    ['wait="1, respond-async', { 'respond-async': '' }],
    ['a b, c', { c: '' }],
    [',,;,=,@/,x', { x: '' }],
    ['__proto__=1', JSON.parse('{"__proto__":"1"}')],
  ])('%j is %j', (header, expected) => {
    expect(parsed(header)).toEqual(expected);
  });

  it('has every well-formed preference, whatever stands around it', () => {
    const token = fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
    const word = fc.oneof(
      token,
      fc.stringMatching(/^[ !#-[\]-~]{0,12}$/).map((text) => `"${text}"`),
    );
    const space = fc.constantFrom('', ' ', '\t ');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(token, word, space), { selector: ([name]) => name }), (all) => {
        const header = all.map(([name, value, blank]) => `${blank}${name}${blank}=${blank}${value}${blank}`);
        const expected = all.map(([name, value]) => [
          name,
          value.startsWith('"') ? value.slice(1, -1) : value,
        ]);
        expect([...parsePrefer(header.join(','))]).toEqual(expected);
      }),
    );
  });

  it('takes any text, and a long one in no time', () => {
    fc.assert(fc.property(fc.string(), (text) => parsePrefer(text) instanceof Map));
    for (const part of ['a="', ';', 'a;', 'a=b ', '"\\', ' \t', ',']) {
      const before = performance.now();
      parsePrefer(part.repeat(16_384 / part.length));
      expect(performance.now() - before).toBeLessThan(1000);
    }
  });
});
