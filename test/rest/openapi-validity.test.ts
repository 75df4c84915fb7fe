import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ServerTools, toOpenApi } from '../../src/fronts/rest/openapi.ts';
import { OPTIONS } from './openapi-examples.ts';
import { findFaults } from './openapi-judges.ts';

const aName = fc.oneof(
  fc.constantFrom(
    'a',
    'A',
    'b',
    '$ref',
    '$id',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'externalValue',
  ),
  fc.constantFrom(
    '',
    'a/b',
    'a~b',
    '%',
    '%41',
    'é',
    '\u0000',
    '\ud800',
    '(',
    'x-a',
    '$defs',
    'properties',
    'required',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const aRef = fc.oneof(
  fc.constantFrom(
    '#',
    '',
    '#/',
    '#/$defs/a',
    '#/$defs/b',
    '#/definitions/a',
    '#/$defs/__proto__',
    '#/properties/a',
  ),
  fc.constantFrom(
    '#/properties',
    '#/items',
    '#/anyOf/0',
    '#/default',
    '#/foo',
    '#/foo/a',
    '#/$defs/a/properties/b',
  ),
  fc.constantFrom(
    'http://169.254.169.254/x',
    'file:///etc/passwd',
    'other.json',
    '#anchor',
    '//evil.test',
    '#/%zz',
  ),
  aName.map((name) => `#/$defs/${name}`),
);
const someData = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.record({ $ref: aRef }),
  fc.record({
    $id: aRef,
    $schema: aRef,
    $anchor: aName,
    openapi: fc.constant('3.1.0'),
    a: fc.jsonValue({ maxDepth: 1 }),
  }),
  fc.array(fc.record({ externalValue: aRef, default: fc.record({ $ref: aRef }) }), { maxLength: 2 }),
);
const VALUE_KEYWORDS = (
  'type required minimum maximum exclusiveMinimum multipleOf minLength maxItems pattern uniqueItems enum const ' +
  'default example examples title description format deprecated discriminator xml externalDocs nullable foo x-foo ' +
  'x-tags tags summary id $id $schema $anchor $dynamicRef $recursiveRef $vocabulary $comment __proto__ dependentRequired'
).split(' ');
const aValue = fc.oneof(
  fc.constantFrom<unknown>(
    'object',
    'array',
    'x',
    '(',
    0,
    -1,
    1.5,
    true,
    null,
    '#',
    [],
    {},
    ['object', 'null'],
    ['a', 'a', 1],
  ),
  someData,
);

/** Objects by way of entries: a record arbitrary would not make an own `__proto__`. */
const toObject = (entries: readonly (readonly [string, unknown])[]) => Object.fromEntries(entries) as unknown;

const { schema: aSchema } = fc.letrec<{ schema: unknown; full: unknown; map: unknown; list: unknown }>(
  (tie) => ({
    schema: fc.oneof(
      { depthSize: 'small', maxDepth: 6, withCrossShrink: true },
      fc.constantFrom<unknown>({}, true, false, { type: 'string' }, null, 'x', 5, []),
      aRef.map(($ref) => ({ $ref })),
      tie('full'),
    ),
    map: fc.oneof(
      { maxDepth: 6 },
      someData,
      fc.array(fc.tuple(aName, tie('schema')), { maxLength: 4 }).map(toObject),
      fc.array(fc.tuple(fc.constantFrom('a', 'b'), tie('schema')), { maxLength: 2 }).map(toObject),
    ),
    list: fc.oneof({ maxDepth: 6 }, someData, fc.array(tie('schema'), { maxLength: 3 })),
    full: fc
      .array(
        fc.oneof(
          fc.tuple(
            fc.constantFrom('properties', '$defs', 'definitions', 'patternProperties', 'dependentSchemas'),
            tie('map'),
          ),
          fc.tuple(fc.constantFrom('allOf', 'anyOf', 'oneOf', 'prefixItems', 'items'), tie('list')),
          fc.tuple(
            fc.constantFrom('items', 'not', 'if', 'additionalProperties', 'contains', 'foo', 'default'),
            tie('schema'),
          ),
          fc.tuple(
            fc.constantFrom('unevaluatedItems', 'contentSchema', 'propertyNames', 'additionalItems'),
            tie('schema'),
          ),
          fc.tuple(fc.constantFrom('dependencies', 'unevaluatedProperties'), tie('map')),
          fc.tuple(fc.constantFrom(...VALUE_KEYWORDS), aValue),
          fc.tuple(fc.constant('$ref'), aRef),
        ),
        { maxLength: 6 },
      )
      .map(toObject),
  }),
);

const aTool = fc.record(
  {
    name: fc.oneof(aName, fc.constantFrom('read', 'read-file', 'read_file', 'read.file')),
    title: fc.oneof(fc.string({ unit: 'binary' }), fc.constant(5)),
    description: fc.string({ unit: 'binary' }),
    inputSchema: aSchema,
    outputSchema: aSchema,
    annotations: someData,
  },
  { requiredKeys: ['name'] },
);
const someServers = fc.uniqueArray(
  fc.record({
    server: fc.constantFrom('a', 'b_c', 'b-c', '7', 'constructor'),
    instructions: fc.string({ unit: 'binary' }),
    tools: fc.array(aTool, { minLength: 1, maxLength: 4 }),
  }),
  { selector: ({ server }) => server, minLength: 1, maxLength: 2 },
) as fc.Arbitrary<unknown> as fc.Arbitrary<ServerTools[]>;

describe('toOpenApi, whatever servers say', () => {
  it('gives a document that two judges and every reference resolver accept', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(someServers, async (servers) => {
        const { document, leftOut } = toOpenApi(servers, OPTIONS);
        expect(await findFaults(document)).toEqual([]);
        const listed = servers.reduce((sum, { tools }) => sum + tools.length, 0);
        expect(Object.keys(document.paths).length - 2 + leftOut.length).toBe(listed);
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      }),
      { numRuns: 250 },
    );
  });

  it('describes every body as an object and keeps every component name plain', () => {
    fc.assert(
      fc.property(someServers, (servers) => {
        const { document } = toOpenApi(servers, OPTIONS);
        for (const { post } of Object.values(document.paths) as { post?: { requestBody: unknown } }[]) {
          if (post === undefined) continue;
          expect(post.requestBody).toMatchObject({
            content: { 'application/json': { schema: { type: 'object' } } },
          });
        }
        for (const name of Object.keys(document.components.schemas))
          expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('neither changes what it is given nor depends on anything else', () => {
    fc.assert(
      fc.property(someServers, (servers) => {
        const before = JSON.stringify(servers);
        const first = JSON.stringify(toOpenApi(servers, OPTIONS));
        expect(JSON.stringify(servers)).toBe(before);
        expect(JSON.stringify(toOpenApi(JSON.parse(before) as ServerTools[], OPTIONS))).toBe(first);
      }),
      { numRuns: 500 },
    );
  });

  it('stays readable for the judges at the deepest schema that it takes', async () => {
    const tools = [{ name: 't', inputSchema: nested(79), outputSchema: nested(79) }];
    const { document, warnings } = toOpenApi([{ server: 's', tools }], OPTIONS);
    expect(warnings).toEqual([]);
    expect(await findFaults(document)).toEqual([]);
  });
});

function nested(levels: number): unknown {
  return JSON.parse(`${'{"not":'.repeat(levels)}{}${'}'.repeat(levels)}`);
}
