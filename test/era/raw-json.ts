/** JSON text as no serialiser would write it. */
import * as fc from 'fast-check';

const NUMBERS = [
  '9007199254740993',
  '-123456789012345678901234567890',
  '1.0',
  '-0',
  '-0.0',
  '1e400',
  '1E+2',
  '0.10',
  '2e-07',
];
const STRINGS = [
  '""',
  '"é 漢 😀"',
  String.raw`"\u0041\/\u00e9"`,
  String.raw`"\ud83d\ude00 \ud800"`,
  String.raw`"\b\f\n\r\t\"\\"`,
  '"\u2028\u2029"',
  String.raw`"}],\"id\":1"`,
];
/** Names that mean something elsewhere, and the same name written in two ways. */
const KEYS = [
  '"a"',
  String.raw`"\u0061"`,
  '"id"',
  '"method"',
  '"result"',
  '"params"',
  '"_meta"',
  '"__proto__"',
  '"progressToken"',
  '"x y"',
  '""',
];

export interface RawJson {
  readonly value: fc.Arbitrary<string>;
  /** Members without the braces, at least one; their names begin with `x-`. */
  readonly members: fc.Arbitrary<string>;
  readonly blank: fc.Arbitrary<string>;
}

/** `lineBreaks`: also between tokens, as in a body that was made to be read. */
export function rawJson({ lineBreaks }: { lineBreaks: boolean }): RawJson {
  const blank = fc.constantFrom('', '', '', ' ', '\t', '  ', ...(lineBreaks ? ['\n', '\r\n  '] : []));
  const wrapped = (open: string, items: readonly string[], close: string, space: string) =>
    `${open}${space}${items.join(`${space},${space}`)}${space}${close}`;
  const { value } = fc.letrec<{ value: string; member: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('null', 'true', 'false', ...NUMBERS, ...STRINGS),
      fc
        .tuple(fc.array(tie('value'), { maxLength: 3 }), blank)
        .map(([items, space]) => wrapped('[', items, ']', space)),
      fc
        .tuple(fc.array(tie('member'), { maxLength: 4 }), blank)
        .map(([items, space]) => wrapped('{', items, '}', space)),
    ),
    member: fc
      .tuple(fc.constantFrom(...KEYS), blank, tie('value'))
      .map(([key, space, of]) => `${key}${space}:${space}${of}`),
  }));
  const named = fc
    .tuple(fc.constantFrom('"x-1"', '"x-2"', String.raw`"x-\u0031"`), blank, value)
    .map(([key, space, of]) => `${key}${space}:${of}`);
  const members = fc
    .tuple(fc.array(named, { minLength: 1, maxLength: 3 }), blank)
    .map(([all, space]) => all.join(`${space},${space}`));
  return { value, members, blank };
}
