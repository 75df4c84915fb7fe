import { isUtf8 } from 'node:buffer';
import {
  type Arbitrary,
  array,
  assert,
  constantFrom,
  nat,
  oneof,
  property,
  tuple,
  uint8Array,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanFrame, splitBatch } from '../../src/protocol/frame.ts';
import { blanks, parsed, valueText } from './json-texts.ts';

/** Whether the scan took the bytes for JSON, whatever it thought of the message. */
function isJson(bytes: Buffer): boolean {
  const scan = scanFrame(Buffer.from(bytes), 'server');
  if (!scan.ok && scan.why === 'utf8') expect(isUtf8(bytes)).toBe(false);
  return scan.ok || (scan.why !== 'json' && scan.why !== 'utf8');
}

function expectLikeJsonParse(bytes: Buffer): void {
  expect(isJson(bytes), JSON.stringify(bytes.toString('latin1'))).toBe(parsed(bytes) !== undefined);
}

const text = tuple(blanks, valueText, blanks).map((all) => Buffer.from(all.join('')));
const byte = oneof(
  constantFrom(...Buffer.from('{}[]:,"\\ \n\t0123456789.eE+-truefalsn\u0000\u001f\u007f/')),
  nat(255),
);
const mutation: Arbitrary<(bytes: Buffer) => Buffer> = tuple(nat(), byte, constantFrom(0, 1, 2, 3)).map(
  ([anywhere, value, kind]) =>
    (bytes) => {
      const at = anywhere % (bytes.length + 1);
      if (kind === 3) return bytes.subarray(0, at);
      const inserted = kind === 2 ? [] : [value];
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(inserted),
        bytes.subarray(kind === 0 ? at : at + 1),
      ]);
    },
);

/** Texts of thousands of bytes, at any alignment, in which anything that is not plain stands anywhere. */
const stretch = tuple(
  constantFrom(0, 1, 3, 127, 128, 129, 2047, 2200, 5000),
  nat(40),
  constantFrom('', '', '\\"', '\\\\', '\\u0041', '\\x', '"', '\u0000', '\u001f', '\n', 'é', '\u{1f600}'),
).map(([length, more, piece]) => 'x'.repeat(length + more) + piece);
const longString = tuple(nat(7), array(stretch, { maxLength: 5 })).map(([skipped, all]) =>
  Buffer.from(`${'.'.repeat(skipped)}"${all.join('')}"`).subarray(skipped),
);

describe('the scanner takes for JSON what JSON.parse takes', () => {
  it('long strings', () => {
    assert(property(longString, expectLikeJsonParse), { numRuns: 3000 });
  });

  it('strings that end where a search for a quote begins, at every alignment', () => {
    for (let length = 2100; length < 2250; length += 1) {
      for (let skipped = 0; skipped < 4; skipped += 1)
        expectLikeJsonParse(Buffer.from(`${'.'.repeat(skipped)}"${'x'.repeat(length)}"`).subarray(skipped));
    }
  });

  it('valid texts', () => {
    assert(
      property(text, (bytes) => {
        expect(parsed(bytes)).toBeDefined();
        expect(isJson(bytes)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('texts with a few bytes changed', () => {
    assert(
      property(text, array(mutation, { minLength: 1, maxLength: 3 }), (bytes, mutations) => {
        expectLikeJsonParse(mutations.reduce<Buffer>((changed, change) => change(changed), bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it('random bytes, alone and inside a string', () => {
    assert(
      property(uint8Array({ maxLength: 12 }), (bytes) => {
        expectLikeJsonParse(Buffer.from(bytes));
        expectLikeJsonParse(Buffer.concat([Buffer.from('["'), bytes, Buffer.from('"]')]));
      }),
      { numRuns: 5000 },
    );
  });

  it('random tokens', () => {
    const token = constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '0',
      '-',
      '1',
      '.5',
      'e1',
      'true',
      'null',
      ' ',
      '\n',
    );
    assert(
      property(array(token, { maxLength: 10 }), (tokens) =>
        expectLikeJsonParse(Buffer.from(tokens.join(''))),
      ),
      { numRuns: 10_000 },
    );
  });

  it('every byte as a hex digit and as an escape', () => {
    for (let value = 0; value < 256; value++) {
      for (let at = 2; at < 8; at++) {
        const bytes = Buffer.from('["\\u00aF"]');
        bytes[at] = value;
        expectLikeJsonParse(bytes);
      }
    }
  });

  it('every byte at every place of a long string', () => {
    for (let value = 0; value < 256; value++) {
      for (const at of [0, 1, 126, 127, 128, 129, 130, 131, 132, 133, 198, 199]) {
        const bytes = Buffer.from(`["${'x'.repeat(200)}"]`);
        bytes[2 + at] = value;
        expectLikeJsonParse(bytes);
      }
    }
  });

  it.each([
    '',
    ' ',
    '01',
    '-',
    '+1',
    '.5',
    '1.',
    '1e',
    '1e+',
    '0x1',
    'NaN',
    'Infinity',
    'tru',
    'truex',
    'nul',
    'undefined',
    '[1,]',
    '[,1]',
    '{,}',
    '{"a":1,}',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    "{'a':1}",
    '[1 2]',
    '[1}',
    '{"a":1]',
    '[]]',
    '{}{}',
    '"',
    '"\\',
    '"\\u12',
    '"\\u12g4"',
    '"\\x41"',
    '"\\U0041"',
    '"a\nb"',
    '"a\tb"',
    '"\u007f\u2028\u2029"',
    '"\\ud800"',
    '// x',
    '[1]\u0000',
    '\ufeff{}',
    '\u00a0{}',
    '\f{}',
    '\v{}',
    '-0',
    '1e400',
    '-1.5E-7',
    ' \t\r\n[ ] \n',
  ])('%j', (candidate) => expectLikeJsonParse(Buffer.from(candidate)));

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate in UTF-8', [0xed, 0xa0, 0x80]],
    ['a code point past U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a cut sequence', [0xe2, 0x82]],
  ])('%s is told as utf8', (_what, bad) => {
    const bytes = Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","method":"'),
      Buffer.from(bad),
      Buffer.from('"}'),
    ]);
    expect(scanFrame(bytes, 'server')).toEqual({ ok: false, why: 'utf8', at: 0 });
  });
});

describe('a batch is split when JSON.parse gives an array', () => {
  it('of its elements', () => {
    const token = constantFrom('[', ']', ',', '"a"', '1', '{"b":[2]}', ' ', '\n', ':');
    const middle = array(token, { maxLength: 8 }).map((tokens) => `[${tokens.join('')}]`);
    assert(
      property(oneof(middle, text.map(String)), (candidate) => {
        const bytes = Buffer.from(candidate);
        const expected = parsed(bytes)?.value;
        const split = splitBatch(bytes, 'server');
        const items = split.ok
          ? split.items.map(({ start, end }) => bytes.toString('utf8', start, end))
          : undefined;
        expect(items?.map((item) => JSON.parse(item))).toEqual(
          Array.isArray(expected) ? expected : undefined,
        );
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a fault in the text', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"x"', 36],
    ['{"jsonrpc":"2.0","id":01,"method":"x"}', 23],
    ['{"jsonrpc":"2.0","id":1,"method":"x\n"}', 35],
    ['{"jsonrpc":"2.0","id":1,"method":"x"} y', 38],
  ])('%j is placed', (broken, at) => {
    expect(scanFrame(Buffer.from(broken), 'client')).toEqual({ ok: false, why: 'json', at });
  });

  it('is told before a fault in the message', () => {
    const broken = `{"jsonrpc":"1.0","id":null,"id":{},"params":${'['.repeat(200)}${']'.repeat(200)},`;
    expect(scanFrame(Buffer.from(broken), 'client')).toMatchObject({ ok: false, why: 'json' });
  });
});
