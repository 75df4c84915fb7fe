/** JSON as nobody prints it, for property tests: blanks, escapes and numbers in every form of the grammar. */
import {
  type Arbitrary,
  array,
  constant,
  constantFrom,
  integer,
  letrec,
  nat,
  oneof,
  string,
  tuple,
} from 'fast-check';

export const blanks: Arbitrary<string> = oneof(
  { weight: 4, arbitrary: constant('') },
  {
    weight: 1,
    arbitrary: array(constantFrom(' ', '\t', '\n', '\r', '\r\n'), { maxLength: 3 }).map((all) =>
      all.join(''),
    ),
  },
);

const unit = nat(0xffff).map((code) => `\\u${code.toString(16).padStart(4, '0')}`);
const escape = constantFrom(
  '\\"',
  '\\\\',
  '\\/',
  '\\b',
  '\\f',
  '\\n',
  '\\r',
  '\\t',
  '\\u0000',
  '\\uD83D',
  '\\uD83D\\uDE00',
);
const raw = string({ unit: 'grapheme' }).map((text) => JSON.stringify(text).slice(1, -1));
const odd = constantFrom('\u2028', '\u007f', '\u{1f600}', '\ufeff', 'é', "'", ' ', 'a'.repeat(200));

/** The text of a string, quotes included. */
export const stringText: Arbitrary<string> = array(oneof(raw, unit, escape, odd), { maxLength: 6 }).map(
  (all) => `"${all.join('')}"`,
);

const numberText: Arbitrary<string> = oneof(
  constantFrom(
    '-0',
    '0',
    '1.0',
    '-0.0',
    '1e400',
    '1E+2',
    '0e-0',
    '9007199254740993',
    '12345678901234567890123',
    '-1.50e-7',
  ),
  tuple(integer(), constantFrom('', '.0', '.25', 'e5', 'E-12', '.125e+300')).map(
    ([whole, rest]) => `${whole}${rest}`,
  ),
);

/** Any JSON text, without blanks around it. */
export const valueText: Arbitrary<string> = letrec<{ value: string }>((tie) => {
  const element = tuple(blanks, tie('value'), blanks).map((all) => all.join(''));
  const member = tuple(blanks, stringText, blanks, element).map(
    ([before, key, after, value]) => `${before}${key}${after}:${value}`,
  );
  return {
    value: oneof(
      { maxDepth: 4 },
      oneof(stringText, numberText, constantFrom('true', 'false', 'null', '[]', '{}', '[ ]', '{\n}')),
      array(element, { maxLength: 4 }).map((all) => `[${all.join(',')}]`),
      array(member, { maxLength: 4 }).map((all) => `{${all.join(',')}}`),
    ),
  };
}).value;

/** The same name in JSON, each character as it is or as an escape. */
export function spelled(name: string): Arbitrary<string> {
  const letters = name.split('').map((letter) => {
    const code = letter.charCodeAt(0).toString(16).padStart(4, '0');
    return oneof(
      { weight: 9, arbitrary: constant(letter) },
      { weight: 1, arbitrary: constantFrom(`\\u${code}`, `\\u${code.toUpperCase()}`) },
    );
  });
  return tuple(...letters).map((all) => `"${all.join('')}"`);
}

/** What any reader of JSON in UTF-8 makes of the bytes; undefined when it refuses them. A byte order mark is refused. */
export function parsed(bytes: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) };
  } catch {
    return undefined;
  }
}
