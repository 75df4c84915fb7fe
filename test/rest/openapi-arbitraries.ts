/** Tools as no sane server describes them: names, schemas and data chosen to be mistaken for something else. */
import * as fc from 'fast-check';
import type { ServerTools } from '../../src/fronts/rest/openapi.ts';

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

const { schema } = fc.letrec<{ schema: unknown; full: unknown; map: unknown; list: unknown }>((tie) => ({
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
}));

const aTool = fc.record(
  {
    name: fc.oneof(aName, fc.constantFrom('read', 'read-file', 'read_file', 'read.file')),
    title: fc.oneof(fc.string({ unit: 'binary' }), fc.constant(5)),
    description: fc.string({ unit: 'binary' }),
    inputSchema: schema,
    outputSchema: schema,
    annotations: someData,
  },
  { requiredKeys: ['name'] },
);
export const someServers = fc.uniqueArray(
  fc.record({
    server: fc.constantFrom('a', 'b_c', 'b-c', '7', 'constructor'),
    instructions: fc.string({ unit: 'binary' }),
    tools: fc.array(aTool, { minLength: 1, maxLength: 4 }),
  }),
  { selector: ({ server }) => server, minLength: 1, maxLength: 2 },
) as fc.Arbitrary<unknown> as fc.Arbitrary<ServerTools[]>;

export const TOOLS_AT_ONCE = 25;

/** One server whose every tool has both schemas. */
export const oneServer = fc
  .array(
    aTool.filter(({ inputSchema, outputSchema }) => inputSchema !== undefined && outputSchema !== undefined),
    { minLength: TOOLS_AT_ONCE, maxLength: TOOLS_AT_ONCE },
  )
  .map(
    (tools) =>
      ({
        server: 's',
        tools: tools.map((tool, n) => ({ ...tool, name: `${n}${tool.name}` })),
      }) as unknown as ServerTools,
  );
