import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { substitute } from '../../src/config/environment.ts';
import { sources } from './support.ts';

const given = sources({
  env: { NAME: 'value', EMPTY: '', TRICKY: '${NAME} $$ ${file:s}' },
  files: { s: 'secret\n', two: 'a\n\n', crlf: 'a\r\n' },
});

describe('[fault 98] substitute', () => {
  it.each([
    ['${NAME}', 'value'],
    ['a${NAME}b${NAME}', 'avaluebvalue'],
    ['${NAME:-other}', 'value'],
    ['${NOPE:-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['${NOPE:-}', ''],
    ['${EMPTY}', ''],
    ['${NOPE:-a:-b $$}', 'a:-b $$'],
    ['$$', '$'],
    ['$${NAME}', '${NAME}'],
    ['$$$${NAME}', '$${NAME}'],
    ['$$${NAME}', '$value'],
    ['$NAME $1 $', '$NAME $1 $'],
    ['${file:s}', 'secret'],
    ['${file:two}', 'a\n'],
    ['${file:crlf}', 'a'],
  ])('makes %j into %j', (text, expected) => {
    expect(substitute(text, given, 'own')).toMatchObject({ text: expected, problems: [] });
  });

  it.each([
    ['${NOPE}', '${NOPE} is not set'],
    ['${NAME', 'a ${…} substitution is not closed'],
    ['${}', 'a ${…} substitution is not of a known form'],
    ['${1A}', 'a ${…} substitution is not of a known form'],
    ['${NAME-x}', 'a ${…} substitution is not of a known form'],
    ['${env:NAME}', 'a ${…} substitution is not of a known form'],
    ['${NAME:-${OTHER}}', 'a ${…} substitution stands inside another one'],
    ['${file:}', 'a ${…} substitution names no file'],
    ['${file:gone}', '${file:…} cannot be read: there is no such file'],
    ['${constructor}', '${constructor} is not set'],
  ])('refuses %j', (text, expected) => {
    const { problems, pieces } = substitute(text, given, 'own');
    expect(problems.map(({ what }) => what)).toEqual([expected]);
    expect(pieces).toEqual([]);
  });

  it('names every problem of one text', () => {
    expect(substitute('${A} ${B}', given, 'own').problems).toHaveLength(2);
  });

  it('takes ${env:NAME} and leaves $$ alone in the dialect of mcpServers files', () => {
    expect(substitute('a$$b ${env:NAME} ${NAME} $${NAME}', given, 'mcpServers').text).toBe(
      'a$$b value value ${NAME}',
    );
    expect(substitute('${env:NOPE:-x}', given, 'mcpServers').text).toBe('x');
  });

  it('leaves text without a dollar sign as it is', () => {
    const plain = fc.string({ unit: 'binary' }).filter((text) => !text.includes('$'));
    fc.assert(
      fc.property(plain, (text) => {
        expect(substitute(text, given, 'own').text).toBe(text);
      }),
    );
  });

  it('never looks again at what it put in', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('${NAME}', '$$', '${file:s}', '${', '$'),
    );
    const surroundings = fc.string().filter((part) => !part.includes('$'));
    fc.assert(
      fc.property(text, surroundings, surroundings, (value, before, after) => {
        const from = sources({ env: { X: value, NAME: 'no' }, files: { s: 'no', f: `${value}\n` } });
        expect(substitute(`${before}\${X}${after}`, from, 'own').text).toBe(before + value + after);
        expect(substitute(`${before}\${file:f}${after}`, from, 'own').text).toBe(
          before + value.replace(/\r$/, '') + after,
        );
      }),
    );
    expect(substitute('${TRICKY}', given, 'own').text).toBe('${NAME} $$ ${file:s}');
  });

  it('never throws, and gives text or problems but not both', () => {
    const parts = fc.array(fc.constantFrom('$', '{', '}', 'NAME', 'file:', ':-', '${', ' '), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(parts, (words) => {
        const text = words.join('');
        const done = substitute(text, given, 'own');
        if (done.problems.length > 0) expect(done).toMatchObject({ text, pieces: [] });
      }),
    );
  });
});
