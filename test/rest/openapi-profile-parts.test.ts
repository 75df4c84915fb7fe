import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flattenArguments } from '../../src/fronts/rest/openapi-flatten.ts';
import { describeSimply } from '../../src/fronts/rest/openapi-gpt-schema.ts';
import { inlineReferences } from '../../src/fronts/rest/openapi-inline.ts';
import { shorten } from '../../src/fronts/rest/shorten.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

function heard<T>(act: (hear: (what: string) => void) => T): { result: T; told: string[] } {
  const told: string[] = [];
  return { result: act((what) => told.push(what)), told };
}

describe('shorten', () => {
  it.each([
    ['short enough', ' As it is. ', 20, 'As it is.'],
    ['at the end of a sentence', 'One sentence. Another one that is too long.', 20, 'One sentence.'],
    ['at a paragraph', 'A heading\n\nand what is under it, at length', 15, 'A heading'],
    ['not behind a dot inside a word', 'version 1.2.3 of it, and so on and on', 20, 'version 1.2.3 of…'],
    ['at a word', 'many words without any end at all', 20, 'many words without…'],
    ['inside of a word that is too long', 'x'.repeat(30), 10, `${'x'.repeat(9)}…`],
    ['not inside of a character', `${'x'.repeat(8)}😀${'x'.repeat(9)}`, 10, `${'x'.repeat(8)}…`],
  ])('cuts %s', (_what, text, maxChars, expected) => {
    expect(shorten(text, maxChars)).toBe(expected);
  });

  it('never gives more than asked for, and nothing that was not there', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', 'é', '😀', '\ud800', ' ', '\n', '.', '!', '…'),
          maxLength: 400,
        }),
        fc.integer({ min: 2, max: 300 }),
        (text, maxChars) => {
          const short = shorten(text, maxChars);
          expect(short.length).toBeLessThanOrEqual(maxChars);
          expect(text.trim().startsWith(short.replace(/…$/, ''))).toBe(true);
        },
      ),
    );
  });
});

describe('inlineReferences', () => {
  it('writes everything where it is used, and leaves data alone', () => {
    const schemas = { a: { type: 'object', properties: { b: ref('b') } }, b: { const: { $ref: 'data' } } };
    const { result, told } = heard((cut) =>
      inlineReferences(
        {
          properties: { one: ref('a'), two: { allOf: [ref('b')], description: 'D' } },
          additionalProperties: ref('b'),
        },
        schemas,
        cut,
      ),
    );
    const b = { const: { $ref: 'data' } };
    expect(result).toEqual({
      properties: { one: { type: 'object', properties: { b } }, two: { ...b, description: 'D' } },
      additionalProperties: b,
    });
    expect(told).toEqual([]);
  });

  it('keeps a part apart that says the same keyword otherwise', () => {
    const schemas = { a: { type: 'string', maxLength: 5 } };
    const schema = { allOf: [ref('a')], maxLength: 9 };
    expect(inlineReferences(schema, schemas, () => undefined)).toEqual({ allOf: [schemas.a], maxLength: 9 });
  });

  it('cuts what refers to itself where it begins again, and says so once', () => {
    const schemas = { n: { type: 'object', properties: { left: ref('n'), right: ref('n') } } };
    const { result, told } = heard((cut) => inlineReferences(ref('n'), schemas, cut));
    expect(result).toEqual({
      type: 'object',
      properties: { left: { type: 'object' }, right: { type: 'object' } },
    });
    expect(told).toEqual(['it refers to itself, and is cut where it begins again']);
  });

  it('does not grow without bound where each level doubles the next', () => {
    const levels = Array.from({ length: 60 }, (_, n): [string, object] => [
      `l${n}`,
      { anyOf: [ref(`l${n + 1}`), ref(`l${n + 1}`)] },
    ]);
    const schemas = Object.fromEntries([...levels, ['l60', { type: 'null' }]]) as Record<
      string,
      Record<string, unknown>
    >;
    const { result, told } = heard((cut) => inlineReferences(ref('l0'), schemas, cut));
    expect(JSON.stringify(result).length).toBeLessThan(100_000);
    expect(told).toEqual([expect.stringContaining('more than 2000 schemas')]);
  });
});

describe('flattenArguments', () => {
  it('leaves plain arguments as they are', () => {
    const schema = { type: 'object', properties: { a: {} }, required: ['a'], additionalProperties: false };
    const { result, told } = heard((changed) => flattenArguments(schema, changed));
    expect([result, told]).toEqual([schema, []]);
  });

  it('takes the members of all parts and alternatives, and what all of them require', () => {
    const { result, told } = heard((changed) =>
      flattenArguments(
        {
          type: 'object',
          description: 'D',
          properties: { own: {} },
          allOf: [{ properties: { part: {}, own: { const: 1 } }, required: ['part'] }],
          oneOf: [
            { properties: { kind: { const: 'x' }, x: {} }, required: ['kind', 'x'] },
            {
              anyOf: [{ properties: { y: {} }, required: ['y', 'kind'] }],
              properties: { kind: { const: 'y' } },
            },
          ],
          additionalProperties: false,
        },
        changed,
      ),
    );
    expect(result).toEqual({
      type: 'object',
      description: 'D',
      properties: { own: {}, part: {}, kind: { const: 'x' }, x: {}, y: {} },
      required: ['part', 'kind'],
    });
    expect(told).toHaveLength(1);
  });
});

describe('describeSimply', () => {
  it('has no null, and objects and lists that say what is in them', () => {
    const { result, told } = heard((changed) =>
      describeSimply(
        {
          type: 'object',
          properties: {
            a: { type: ['string', 'null'], description: 'x'.repeat(800) },
            b: { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }], default: null },
            c: { type: 'array' },
            d: { type: 'object', additionalProperties: { type: 'object' }, examples: [{}] },
            e: { oneOf: [{ const: 1 }, { const: 2 }, { type: 'null' }] },
          },
        },
        changed,
      ),
    );
    expect(result).toEqual({
      type: 'object',
      properties: {
        a: { type: 'string', description: `${'x'.repeat(699)}…` },
        b: { type: 'integer', minimum: 1, default: null },
        c: { type: 'array', items: {} },
        d: { type: 'object', properties: {}, additionalProperties: { type: 'object', properties: {} } },
        e: { oneOf: [{ const: 1 }, { const: 2 }] },
      },
    });
    expect(told).toEqual([
      '1 descriptions of arguments shortened (at most 700 characters)',
      '3 times null is left out as a type',
    ]);
  });
});
