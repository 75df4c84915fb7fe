import { array, assert, constantFrom, oneof, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Span } from '../../src/protocol/frame.ts';
import { elements, findMember, hasTwice, members, parseAt } from '../../src/protocol/json-member.ts';
import { stringAt, stringIs } from '../../src/protocol/json-string.ts';
import { blanks, spelled, stringText, valueText } from './json-texts.ts';

function whole(bytes: Buffer): Span {
  return { start: 0, end: bytes.length };
}

function textAt(bytes: Buffer, span: Span | undefined): string | undefined {
  return span && bytes.toString('utf8', span.start, span.end);
}

const names = ['_meta', 'name', 'né', '😀', '', 'a/b', '__proto__', '"'];
const key = oneof(
  constantFrom(...names.map((name) => JSON.stringify(name))),
  constantFrom(...names.slice(0, 2)).chain(spelled),
  stringText,
);
const pair = tuple(key, valueText, blanks);
const name = constantFrom(...names);

describe('members', () => {
  it('are those of JSON.parse, in the order of the text', () => {
    assert(
      property(array(pair, { maxLength: 6 }), name, (pairs, wanted) => {
        const bytes = Buffer.from(
          `{${pairs.map(([k, v, blank]) => `${blank}${k}${blank}:${v}${blank}`).join(',')}}`,
        );
        const found = members(bytes, whole(bytes));
        expect(found.map((member) => member.key)).toEqual(pairs.map(([k]) => JSON.parse(k)));
        expect(found.map((member) => textAt(bytes, member.keySpan))).toEqual(pairs.map(([k]) => k));
        expect(found.map((member) => parseAt(bytes, member.value))).toEqual(
          pairs.map(([, v]) => JSON.parse(v)),
        );
        for (const { member, keySpan, value } of found)
          expect(member).toEqual({ start: keySpan.start, end: value.end });
        const values = pairs.filter(([k]) => JSON.parse(k) === wanted).map(([, v]) => JSON.parse(v));
        const last = findMember(bytes, whole(bytes), wanted);
        expect(last && parseAt(bytes, last)).toEqual(values.at(-1));
        expect(hasTwice(bytes, whole(bytes), wanted)).toBe(values.length > 1);
      }),
      { numRuns: 1000 },
    );
  });

  it('of something that is not an object there are none', () => {
    for (const text of ['[{"a":1}]', '"a"', '1', 'null', '[]']) {
      const bytes = Buffer.from(text);
      expect(findMember(bytes, whole(bytes), 'a')).toBeUndefined();
      expect(hasTwice(bytes, whole(bytes), 'a')).toBe(false);
      expect(members(bytes, whole(bytes))).toEqual([]);
    }
  });

  it('are looked for in the span, not beyond or within', () => {
    const bytes = Buffer.from('[{"a":{"b":1}},{"b":2}]');
    expect(findMember(bytes, { start: 1, end: 14 }, 'b')).toBeUndefined();
    expect(textAt(bytes, findMember(bytes, { start: 15, end: 22 }, 'b'))).toBe('2');
  });
});

describe('elements', () => {
  it('are those of JSON.parse', () => {
    assert(
      property(array(tuple(blanks, valueText)), (items) => {
        const bytes = Buffer.from(`[${items.map(([blank, v]) => `${blank}${v}${blank}`).join(',')}]`);
        expect(elements(bytes, whole(bytes)).map((span) => parseAt(bytes, span))).toEqual(
          JSON.parse(bytes.toString()),
        );
      }),
    );
  });

  it('of something that is not an array there are none', () => {
    for (const text of ['{"a":[1]}', '"[1]"', '1'])
      expect(elements(Buffer.from(text), { start: 0, end: text.length })).toEqual([]);
  });
});

describe('strings', () => {
  it('decode as in JSON.parse', () => {
    assert(
      property(stringText, stringText, (text, other) => {
        const bytes = Buffer.from(`[${text}]`);
        const span = { start: 1, end: bytes.length - 1 };
        const decoded: string = JSON.parse(text);
        const different: string = JSON.parse(other);
        expect(stringAt(bytes, span)).toBe(decoded);
        expect(stringIs(bytes, span.start, span.end, decoded)).toBe(true);
        expect(stringIs(bytes, span.start, span.end, different)).toBe(decoded === different);
        expect(stringIs(bytes, span.start, span.end, `${decoded}a`)).toBe(false);
        if (decoded !== '') expect(stringIs(bytes, span.start, span.end, decoded.slice(0, -1))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('are nothing else', () => {
    for (const text of ['1', 'null', '{"a":1}', '["a"]'])
      expect(stringAt(Buffer.from(text), { start: 0, end: text.length })).toBeUndefined();
  });
});
