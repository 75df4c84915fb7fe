/**
 * The keywords of JSON Schema 2020-12: what each holds, and which values are usable. A value of the wrong kind is
 * forbidden by the meta-schema, and the judges of the document (and generators, and forms) stumble over it.
 */
import { isObject, type JsonObject } from './openapi-data.ts';

export type Keyword =
  | { readonly kind: 'schema' | 'schema-or-boolean' | 'schema-list' | 'schema-map' | 'definitions' }
  | { readonly kind: 'ref' | 'unsupported-ref' | 'identity' | 'data' | 'data-list' }
  /** `clean` returns the value itself when it is fine, a reduced one, or undefined when nothing is usable. */
  | { readonly kind: 'value'; readonly clean: (value: unknown) => unknown };

const TYPES = new Set<unknown>(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);

const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ...all({ kind: 'schema' }, 'not', 'if', 'then', 'else', 'contains', 'propertyNames', 'contentSchema'),
  ...all(
    { kind: 'schema-or-boolean' },
    'items',
    'additionalProperties',
    'unevaluatedItems',
    'unevaluatedProperties',
  ),
  ...all({ kind: 'schema-list' }, 'allOf', 'anyOf', 'oneOf', 'prefixItems'),
  ...all({ kind: 'schema-map' }, 'properties', 'patternProperties', 'dependentSchemas'),
  ...all({ kind: 'definitions' }, '$defs', 'definitions'),
  ...all({ kind: 'ref' }, '$ref'),
  ...all({ kind: 'unsupported-ref' }, '$dynamicRef', '$recursiveRef'),
  ...all(
    { kind: 'identity' },
    '$schema',
    '$id',
    '$anchor',
    '$dynamicAnchor',
    '$recursiveAnchor',
    '$vocabulary',
  ),
  ...all({ kind: 'data' }, 'default', 'const', 'example'),
  ...all({ kind: 'data-list' }, 'enum', 'examples'),
  ...all(
    value(isString),
    'title',
    'description',
    'format',
    'contentEncoding',
    'contentMediaType',
    '$comment',
  ),
  ...all(value(isBoolean), 'uniqueItems', 'deprecated', 'readOnly', 'writeOnly'),
  ...all(value(Number.isFinite), 'maximum', 'minimum', 'exclusiveMaximum', 'exclusiveMinimum'),
  ...all(value(isPositive), 'multipleOf'),
  ...all(value(isCount), 'maxLength', 'minLength', 'maxItems', 'minItems', 'maxProperties', 'minProperties'),
  ...all(value(isCount), 'minContains', 'maxContains'),
  ...all(value(isPattern), 'pattern'),
  ...all({ kind: 'value', clean: cleanTypes }, 'type'),
  ...all({ kind: 'value', clean: cleanNames }, 'required'),
  ...all({ kind: 'value', clean: cleanDependentRequired }, 'dependentRequired'),
]);

export function keywordOf(name: string): Keyword | undefined {
  return KEYWORDS.get(name);
}

/** The members of a schema with what older drafts wrote differently put in the words of 2020-12. */
export function modernEntries(schema: JsonObject): readonly (readonly [string, unknown])[] {
  return Object.entries(schema).flatMap(([key, held]) => modernEntry(schema, key, held));
}

/** Compiled, never matched: a pattern from another regex dialect would throw in every JavaScript client. */
export function isPattern(held: unknown): boolean {
  return isString(held) && (compiles(held, 'u') || compiles(held, ''));
}

function modernEntry(schema: JsonObject, key: string, held: unknown): [string, unknown][] {
  switch (key) {
    case 'items': {
      if (!Array.isArray(held)) return [[key, held]];
      return held.length === 0 || own(schema, 'prefixItems') !== undefined ? [] : [['prefixItems', held]];
    }
    case 'additionalItems':
      return Array.isArray(own(schema, 'items')) ? [['items', held]] : [];
    case 'minimum':
      return own(schema, 'exclusiveMinimum') === true ? [['exclusiveMinimum', held]] : [[key, held]];
    case 'maximum':
      return own(schema, 'exclusiveMaximum') === true ? [['exclusiveMaximum', held]] : [[key, held]];
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return isBoolean(held) ? [] : [[key, held]];
    case 'dependencies':
      return isObject(held) ? splitDependencies(schema, held) : [[key, held]];
    case '$recursiveRef':
      return held === '#' && own(schema, '$ref') === undefined ? [['$ref', '#']] : [[key, held]];
    case 'id':
      return isString(held) ? [] : [[key, held]];
    default:
      return [[key, held]];
  }
}

function splitDependencies(schema: JsonObject, dependencies: JsonObject): [string, unknown][] {
  const members = Object.entries(dependencies);
  const required = members.filter(([, held]) => Array.isArray(held));
  const schemas = members.filter(([, held]) => !Array.isArray(held));
  const entries: [string, unknown][] = [];
  // Object.fromEntries defines own members, `__proto__` included.
  if (required.length > 0 && own(schema, 'dependentRequired') === undefined)
    entries.push(['dependentRequired', Object.fromEntries(required)]);
  if (schemas.length > 0 && own(schema, 'dependentSchemas') === undefined)
    entries.push(['dependentSchemas', Object.fromEntries(schemas)]);
  return entries;
}

function cleanTypes(held: unknown): unknown {
  if (!Array.isArray(held)) return TYPES.has(held) ? held : undefined;
  const types = [...new Set(held.filter((item) => TYPES.has(item)))];
  if (types.length === 0) return undefined;
  return types.length === held.length ? held : types;
}

function cleanNames(held: unknown): unknown {
  if (!Array.isArray(held)) return undefined;
  const names = [...new Set(held.filter(isString))];
  return names.length === held.length ? held : names;
}

function cleanDependentRequired(held: unknown): unknown {
  if (!isObject(held)) return undefined;
  const members = Object.entries(held).map(([key, names]) => [key, cleanNames(names)] as const);
  if (members.every(([key, names]) => names === held[key])) return held;
  return Object.fromEntries(members.filter(([, names]) => names !== undefined));
}

function all(keyword: Keyword, ...names: readonly string[]): [string, Keyword][] {
  return names.map((name) => [name, keyword]);
}

function value(isUsable: (held: unknown) => boolean): Keyword {
  return { kind: 'value', clean: (held) => (isUsable(held) ? held : undefined) };
}

function own(schema: JsonObject, key: string): unknown {
  return Object.hasOwn(schema, key) ? schema[key] : undefined;
}

function compiles(pattern: string, flags: string): boolean {
  try {
    return new RegExp(pattern, flags) instanceof RegExp;
  } catch {
    return false;
  }
}

function isString(held: unknown): held is string {
  return typeof held === 'string';
}

function isBoolean(held: unknown): held is boolean {
  return typeof held === 'boolean';
}

function isPositive(held: unknown): boolean {
  return typeof held === 'number' && Number.isFinite(held) && held > 0;
}

function isCount(held: unknown): boolean {
  return typeof held === 'number' && Number.isInteger(held) && held >= 0;
}
