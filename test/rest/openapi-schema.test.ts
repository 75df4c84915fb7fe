import { describe, expect, it } from 'vitest';
import { convert } from './openapi-examples.ts';

describe('toOpenApiSchema: keywords', () => {
  it('drops what names a schema outside the document', () => {
    const raw = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'x',
      $anchor: 'y',
      $vocabulary: {},
      $dynamicAnchor: 'z',
      id: 'w',
      title: 't',
    };
    expect(convert(raw)).toEqual({ schema: { title: 't' }, components: {}, warnings: [] });
  });

  it('puts older drafts in the words of 2020-12', () => {
    const { schema, warnings } = convert({
      items: [{ type: 'string' }],
      additionalItems: false,
      minimum: 3,
      exclusiveMinimum: true,
      maximum: 5,
      exclusiveMaximum: false,
      dependencies: { a: ['b'], c: { required: ['d'] } },
    });
    expect(schema).toEqual({
      prefixItems: [{ type: 'string' }],
      items: false,
      exclusiveMinimum: 3,
      maximum: 5,
      dependentRequired: { a: ['b'] },
      dependentSchemas: { c: { required: ['d'] } },
    });
    expect(warnings).toEqual([]);
  });

  it.each([
    ['required', 'x'],
    ['properties', []],
    ['minimum', 'a'],
    ['multipleOf', 0],
    ['minLength', -1],
    ['maxItems', 1.5],
    ['pattern', '('],
    ['patternProperties', 5],
    ['type', 'text'],
    ['type', []],
    ['enum', { a: 1 }],
    ['examples', {}],
    ['allOf', []],
    ['anyOf', {}],
    ['not', 5],
    ['items', 'string'],
    ['additionalProperties', null],
    ['title', 5],
    ['deprecated', 'yes'],
    ['$ref', 5],
    ['$defs', []],
    ['$dynamicRef', '#a'],
    ['dependentRequired', []],
  ])('drops %s: %j with a warning', (keyword, value) => {
    const { schema, warnings } = convert({ [keyword]: value, description: 'kept' });
    expect(schema).toEqual({ description: 'kept' });
    expect(warnings).toEqual([expect.stringContaining(`/${keyword}`)]);
  });

  it('keeps the usable part of a list', () => {
    const { schema, warnings } = convert({
      type: ['string', 'text', 'string', 'null'],
      required: ['a', 1, 'a'],
      dependentRequired: { a: ['b', null], c: 'd' },
      allOf: [true, false, 'x', { type: 'object' }],
      patternProperties: { '(': {}, '^x': true },
    });
    expect(schema).toEqual({
      type: ['string', 'null'],
      required: ['a'],
      dependentRequired: { a: ['b'] },
      allOf: [{}, { not: {} }, {}, { type: 'object' }],
      patternProperties: { '^x': {} },
    });
    expect(warnings).toHaveLength(5);
  });

  it('carries unknown keywords under x-', () => {
    const { schema, warnings } = convert({ nullable: true, 'x-own': 1, own: 2, 'x-tags': 'a', tags: ['b'] });
    expect(schema).toEqual({ 'x-nullable': true, 'x-own': 1, 'x-tags': ['b'] });
    expect(warnings).toHaveLength(4);
  });

  it('carries __proto__ as an ordinary name', () => {
    const raw: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"properties":{"__proto__":{"type":"string"}},"dependentRequired":{"__proto__":["a"]},"$defs":{"__proto__":{"title":"d"}},"items":{"$ref":"#/$defs/__proto__"},"default":{"__proto__":{"a":1}}}',
    );
    const { schema, components } = convert(raw);
    expect(JSON.stringify(schema)).toBe(
      '{"x-__proto__":{"polluted":1},"properties":{"__proto__":{"type":"string"}},"dependentRequired":{"__proto__":["a"]},"items":{"$ref":"#/components/schemas/p.__proto__"},"default":{"__proto__":{"a":1}}}',
    );
    expect(components).toEqual({ 'p.__proto__': { title: 'd' } });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('toOpenApiSchema: the whole', () => {
  it.each([undefined, null, 5, 'x', [], false])('takes %j for an object without rules', (raw) => {
    expect(convert(raw, 'object')).toMatchObject({
      schema: { type: 'object' },
      warnings: [expect.any(String)],
    });
  });

  it.each([
    {},
    { type: 'string' },
    { type: ['object', 'null'] },
    { anyOf: [{}] },
    { $ref: '#/$defs/A', $defs: { A: {} } },
  ])('makes %j describe an object', (raw) => {
    expect(convert(raw, 'object').schema['type']).toBe('object');
  });

  it.each([
    ['deep', JSON.parse(`${'{"not":'.repeat(5000)}{}${'}'.repeat(5000)}`) as unknown],
    ['deep in data', { default: JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as unknown }],
    ['large', { enum: Array.from({ length: 20_001 }, (_, n) => n) }],
  ])('[fault 108] replaces a schema that is too %s', (_, raw) => {
    expect(convert(raw, 'object')).toEqual({
      schema: { type: 'object' },
      components: {},
      warnings: [expect.stringContaining('replaced as a whole')],
    });
  });

  it('does not grow by references into its own data', () => {
    const levels = 70;
    let data: unknown = 'x'.repeat(10_000);
    for (let n = 0; n < levels; n += 1) data = { default: data };
    const anyOf = Array.from({ length: levels }, (_, n) => ({ $ref: `#/default${'/default'.repeat(n)}` }));
    const raw = { default: data, anyOf };
    const { schema, components } = convert(raw);
    expect(Object.keys(components)).toHaveLength(levels);
    expect(JSON.stringify([schema, components]).length).toBeLessThan(3 * JSON.stringify(raw).length);
  });

  it('names thousands of definitions that read alike in linear time', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 9000 }, (_, n) => [String.fromCodePoint(0x4e00 + n), {}]),
    );
    const { components } = convert({ $defs });
    expect(Object.keys(components)).toHaveLength(9000);
  });

  it('leaves the input as it was', () => {
    const raw = {
      $defs: { A: { items: { $ref: '#' } } },
      properties: { a: { $ref: '#/$defs/A' } },
      default: { a: [1] },
    };
    const before = structuredClone(raw);
    const { schema } = convert(raw);
    expect(raw).toEqual(before);
    expect(schema['default']).not.toBe(raw.default);
  });
});
