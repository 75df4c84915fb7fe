import { describe, expect, it } from 'vitest';
import { convert, ref } from './openapi-examples.ts';

describe('toOpenApiSchema: references', () => {
  it('moves definitions at any depth to components', () => {
    const { schema, components, warnings } = convert({
      properties: {
        a: { $ref: '#/$defs/A' },
        b: { $defs: { A: { type: 'number' } }, $ref: '#/properties/b/$defs/A' },
      },
      $defs: { A: { type: 'string' } },
      definitions: { 'A b/c': { type: 'boolean' } },
    });
    expect(schema).toEqual({ properties: { a: ref('A'), b: ref('A-2') } });
    expect(components).toEqual({
      'p.A': { type: 'string' },
      'p.A-2': { type: 'number' },
      'p.A_b_c': { type: 'boolean' },
    });
    expect(warnings).toEqual([]);
  });

  it('[fault 108] keeps cycles as references', () => {
    const tree = {
      type: 'object',
      properties: { child: { $ref: '#/$defs/T' } },
      $defs: { T: { items: { $ref: '#' } } },
    };
    const { schema, components } = convert(tree, 'object');
    expect(schema).toEqual({ type: 'object', allOf: [ref('root')] });
    expect(components).toEqual({
      'p.T': { items: ref('root') },
      'p.root': { type: 'object', properties: { child: ref('T') } },
    });
  });

  it('moves the target of any pointer, written before or after the reference', () => {
    const { schema, components } = convert({
      properties: {
        'a/b~%': { type: 'string' },
        later: { $ref: '#/properties/a~1b~0%25' },
        sooner: { $ref: '#/items' },
      },
      items: { minimum: 1 },
    });
    expect(schema).toEqual({
      properties: { 'a/b~%': ref('a_b_'), later: ref('a_b_'), sooner: ref('items') },
      items: ref('items'),
    });
    expect(components).toEqual({ 'p.a_b_': { type: 'string' }, 'p.items': { minimum: 1 } });
  });

  it('resolves inside an embedded resource', () => {
    const { schema, components } = convert({
      $defs: { X: { type: 'string' } },
      properties: { a: { $id: 'https://a.test/a', $defs: { X: { type: 'null' } }, $ref: '#/$defs/X' } },
    });
    expect(schema).toEqual({ properties: { a: ref('X-2') } });
    expect(components['p.X-2']).toEqual({ type: 'null' });
  });

  it('gives boolean targets a component', () => {
    const { schema, components } = convert({
      anyOf: [{ $ref: '#/$defs/no' }, { $ref: '#/$defs/yes' }],
      $defs: { no: false, yes: true },
    });
    expect(schema).toEqual({ anyOf: [ref('no'), ref('yes')] });
    expect(components).toEqual({ 'p.no': { not: {} }, 'p.yes': {} });
  });

  it.each([
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'other.json#/$defs/A',
    '#anchor',
    '#/nowhere',
    '#/$defs/__proto__',
    '#/required/0',
    'https://self.test/#/$defs/A',
  ])('[fault 107] replaces %s by {} and says so', ($ref) => {
    const raw = {
      $id: 'https://self.test/',
      required: ['x'],
      properties: { a: { $ref, title: 't' } },
      $defs: { A: { $anchor: 'anchor' } },
    };
    const { schema, warnings } = convert(raw);
    expect(schema).toEqual({ required: ['x'], properties: { a: { title: 't' } } });
    expect(warnings).toEqual([expect.stringContaining(JSON.stringify($ref))]);
  });

  it('breaks references that lead nowhere but back', () => {
    const { components, warnings } = convert({
      $ref: '#/$defs/a',
      $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/c' }, c: { $ref: '#/$defs/a', title: 'c' } },
    });
    expect(components).toEqual({ 'p.a': ref('b'), 'p.b': ref('c'), 'p.c': { allOf: [{}], title: 'c' } });
    expect(warnings).toHaveLength(1);
    expect(convert({ $ref: '#' }).components).toEqual({ 'p.root': {} });
  });

  it('keeps a described reference in a cycle', () => {
    const { schema, components, warnings } = convert({
      properties: { next: { $ref: '#', description: 'd' } },
    });
    expect(schema).toEqual(ref('root'));
    expect(components).toEqual({
      'p.root': { properties: { next: { description: 'd', allOf: [ref('root')] } } },
    });
    expect(warnings).toEqual([]);
  });

  it('puts a reference with company into allOf', () => {
    const { schema } = convert({
      properties: {
        a: { $ref: '#/$defs/A', allOf: [{}], items: { $ref: '#/properties/a' } },
        b: { $ref: '#/$defs/A', title: 'b' },
      },
      $defs: { A: {} },
    });
    expect(schema).toEqual({ properties: { a: ref('a'), b: { allOf: [ref('A')], title: 'b' } } });
    const a = convert({ $ref: '#/$defs/A', allOf: [{ title: 't' }], $defs: { A: {} } });
    expect(a.schema).toEqual({ allOf: [ref('A'), { title: 't' }] });
  });

  it('tells data and member names from references', () => {
    const raw = {
      properties: { $ref: { type: 'string' }, $id: { const: '#/x' }, $defs: { enum: ['$ref'] } },
      required: ['$ref', '$defs'],
      default: { $id: 'a', properties: { $defs: 1 } },
    };
    expect(convert(raw)).toEqual({ schema: raw, components: {}, warnings: [] });
  });

  it('leaves out data that resolvers would fetch', () => {
    const $ref = 'http://169.254.169.254/';
    const { schema, warnings } = convert({
      default: { $ref },
      const: [{ a: { $ref } }],
      enum: [{ $ref }],
      examples: [{ $ref }],
      example: { externalValue: $ref },
      'x-a': { externalValue: $ref },
      unknown: { $ref },
    });
    expect(schema).toEqual({});
    expect(warnings.filter((what) => what.includes('data that tools take for a reference'))).toHaveLength(7);
  });
});
