import { describe, expect, it } from 'vitest';
import { toOpenApi } from '../../src/fronts/rest/openapi.ts';
import { toOpenApi30 } from '../../src/fronts/rest/openapi-3-0.ts';
import { toSchema30 } from '../../src/fronts/rest/openapi-3-0-schema.ts';
import { FILESYSTEM, NOTES, OPTIONS } from './openapi-examples.ts';
import { findFaults } from './openapi-judges.ts';

const NULL = { type: 'string', nullable: true, enum: [null] };
const REF = { $ref: '#/components/schemas/a' };

function convert(schema: object) {
  const lost: string[] = [];
  const converted = toSchema30(schema as Record<string, unknown>, (keyword) => lost.push(keyword));
  return { converted, lost };
}

describe('a schema in the words of OpenAPI 3.0', () => {
  it.each([
    ['one type', { type: 'string', minLength: 1 }, { type: 'string', minLength: 1 }],
    ['a reference', REF, REF],
    ['a type or null', { type: ['string', 'null'] }, { type: 'string', nullable: true }],
    ['null', { type: 'null' }, NULL],
    [
      'several types',
      { type: ['string', 'array', 'null'] },
      {
        anyOf: [
          { type: 'string', nullable: true },
          { type: 'array', items: {} },
        ],
      },
    ],
    [
      'several types beside a choice',
      { type: ['string', 'number'], anyOf: [{ minLength: 1 }] },
      { anyOf: [{ minLength: 1 }], allOf: [{ anyOf: [{ type: 'string' }, { type: 'number' }] }] },
    ],
    ['a list of anything', { type: 'array' }, { type: 'array', items: {} }],
    ['a list of nothing', { type: 'array', items: false }, { type: 'array', items: { not: {} } }],
    [
      'optional as most generators say it',
      { anyOf: [{ type: 'string', minLength: 1 }, { type: 'null' }], default: null, title: 'T' },
      { type: 'string', minLength: 1, nullable: true, default: null, title: 'T' },
    ],
    [
      'an optional choice',
      { anyOf: [{ enum: ['a'], type: 'string' }, { const: null }] },
      { type: 'string', enum: ['a', null], nullable: true },
    ],
    ['an optional reference', { anyOf: [REF, { type: 'null' }] }, { anyOf: [REF, NULL] }],
    [
      'optional with company',
      { anyOf: [{ type: 'string' }, { type: 'null' }], minLength: 2 },
      { anyOf: [{ type: 'string' }, NULL], minLength: 2 },
    ],
    ['a constant', { const: 'a' }, { enum: ['a'] }],
    ['a constant among values', { const: 1, enum: [1, 2] }, { enum: [1, 2], allOf: [{ enum: [1] }] }],
    ['no value at all', { enum: [] }, { allOf: [{ not: {} }] }],
    ['examples', { type: 'string', examples: ['a', 'b'] }, { type: 'string', example: 'a' }],
    [
      'exclusive bounds',
      { exclusiveMinimum: 0, maximum: 9, exclusiveMaximum: 10 },
      { minimum: 0, exclusiveMinimum: true, maximum: 9 },
    ],
    ['both bounds', { minimum: 5, exclusiveMinimum: 5 }, { minimum: 5, exclusiveMinimum: true }],
    [
      'bytes',
      { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' },
      { type: 'string', format: 'byte' },
    ],
    ['nothing required', { type: 'object', required: [] }, { type: 'object' }],
    [
      'members by name',
      { properties: { ['__proto__']: { const: 1 }, a: false } },
      {
        properties: Object.fromEntries([
          ['__proto__', { enum: [1] }],
          ['a', { not: {} }],
        ]),
      },
    ],
    ['extensions', { 'x-a': { const: 1 }, $comment: 'c' }, { 'x-a': { const: 1 } }],
    ['a negation', { not: { type: ['string', 'null'] } }, { not: { type: 'string', nullable: true } }],
  ])('says %s, without loss', (_what, schema, expected) => {
    const { converted, lost } = convert(schema);
    expect(JSON.stringify(sorted(converted))).toBe(JSON.stringify(sorted(expected)));
    expect(lost).toEqual([]);
  });

  it.each([
    [
      'positions of a list',
      { type: 'array', prefixItems: [{ type: 'string' }], items: false },
      { type: 'array', items: { anyOf: [{ type: 'string' }] }, maxItems: 1 },
      ['prefixItems'],
    ],
    [
      'positions before a rest',
      { prefixItems: [{ type: 'string' }], items: REF, maxItems: 3 },
      { items: { anyOf: [{ type: 'string' }, REF] }, maxItems: 3 },
      ['prefixItems'],
    ],
    [
      'names by pattern',
      { patternProperties: { '^a': { type: 'string' } }, additionalProperties: false },
      { additionalProperties: { anyOf: [{ type: 'string' }] } },
      ['patternProperties'],
    ],
    ['names by pattern among others', { patternProperties: { '^a': {} } }, {}, ['patternProperties']],
    ['conditions', { if: {}, else: {}, dependentRequired: { a: ['b'] } }, {}, ['if', 'dependentRequired']],
    ['a negation of what cannot be said', { not: { patternProperties: { a: {} } } }, {}, ['not']],
    [
      'exactly one of what cannot be said',
      { oneOf: [{ contains: {} }, { type: 'string' }] },
      { anyOf: [{}, { type: 'string' }] },
      ['contains'],
    ],
  ])('accepts no less for %s, and names what went', (_what, schema, expected, keywords) => {
    const { converted, lost } = convert(schema);
    expect(converted).toEqual(expected);
    expect([...new Set(lost)]).toEqual(keywords);
  });
});

describe('a document in OpenAPI 3.0', () => {
  it('finds approval for the examples, and is the same but for schemas', async () => {
    const { document } = toOpenApi([FILESYSTEM, NOTES], OPTIONS);
    const before = JSON.stringify(document);
    const converted = toOpenApi30(document);
    expect(JSON.stringify(document)).toBe(before);
    expect(converted.document.openapi).toBe('3.0.3');
    expect(Object.keys(converted.document.paths)).toEqual(Object.keys(document.paths));
    expect(converted.report).toEqual([]);
    expect(await findFaults(converted.document)).toEqual([]);
  });

  it('names the tool whose schema lost something, wherever that stood', async () => {
    const lossy = {
      type: 'object',
      properties: { a: { $ref: '#/$defs/A' } },
      $defs: { A: { propertyNames: { maxLength: 3 } } },
    };
    const { document } = toOpenApi(
      [
        {
          server: 's',
          tools: [
            { name: 'in-put', inputSchema: lossy },
            { name: 'out', outputSchema: { ...lossy, if: {} } },
          ],
        },
      ],
      OPTIONS,
    );
    const { document: converted, report } = toOpenApi30(document);
    expect(report).toEqual([
      { kind: 'changed', server: 's', tool: 'out', what: 'OpenAPI 3.0 has no if, propertyNames: left out' },
      { kind: 'changed', server: 's', tool: 'in-put', what: 'OpenAPI 3.0 has no propertyNames: left out' },
    ]);
    expect(await findFaults(converted)).toEqual([]);
  });

  it('leaves examples and the data of servers as they are', () => {
    const annotations = { schema: { const: 1 } };
    const tool = {
      name: 't',
      annotations,
      inputSchema: { type: 'object', required: ['schema'], properties: { schema: { const: 'c' } } },
    };
    const { document } = toOpenApi30(toOpenApi([{ server: 's', tools: [tool] }], OPTIONS).document);
    expect(document.paths['/api/s/t']?.['post']).toMatchObject({
      'x-mcp-annotations': annotations,
      requestBody: { content: { 'application/json': { example: { schema: 'c' } } } },
    });
  });
});

/** Where the members of an object stand is of no importance. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, held]) => [key, sorted(held)]),
  );
}
