/**
 * Whether a schema of the document certainly accepts a value. Knows the common keywords only and runs no pattern of a
 * server's: what it is not sure of is a no. For the gateway's own examples, never for what callers send.
 */
import { isObject, type JsonObject } from './openapi-data.ts';

export type Schemas = Readonly<Record<string, JsonObject>>;

/** References followed one inside the other. */
const MAX_DEPTH = 16;

/** Say nothing about which values are valid. */
const ANNOTATIONS: ReadonlySet<string> = new Set(
  'title description default examples deprecated readOnly writeOnly $comment format contentEncoding contentMediaType'.split(
    ' ',
  ),
);

type Check = (held: unknown, value: unknown, schema: JsonObject, inner: Inner) => boolean;
type Inner = (schema: unknown, value: unknown) => boolean;

export function accepts(schema: unknown, value: unknown, schemas: Schemas, depth = 0): boolean {
  if (typeof schema === 'boolean') return schema;
  if (!isObject(schema) || depth > MAX_DEPTH) return false;
  const inner: Inner = (next, part) => accepts(next, part, schemas, depth + 1);
  return Object.entries(schema).every(([keyword, held]) => {
    if (ANNOTATIONS.has(keyword) || keyword.startsWith('x-')) return true;
    if (keyword === '$ref') return inner(referred(held, schemas), value);
    return CHECKS.get(keyword)?.(held, value, schema, inner) ?? false;
  });
}

/** What a reference of the document leads to. */
export function referred(ref: unknown, schemas: Schemas): JsonObject | undefined {
  const name = String(ref).replace(/^#\/components\/schemas\//, '');
  return Object.hasOwn(schemas, name) ? schemas[name] : undefined;
}

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['type', (held, value) => [held].flat().some((type) => isOfType(value, type))],
  ['enum', (held, value) => Array.isArray(held) && held.some((item) => isSame(item, value))],
  ['const', isSame],
  ['minLength', (held, value) => typeof value !== 'string' || Array.from(value).length >= Number(held)],
  ['maxLength', (held, value) => typeof value !== 'string' || Array.from(value).length <= Number(held)],
  ['minimum', (held, value) => typeof value !== 'number' || value >= Number(held)],
  ['maximum', (held, value) => typeof value !== 'number' || value <= Number(held)],
  ['exclusiveMinimum', (held, value) => typeof value !== 'number' || value > Number(held)],
  ['exclusiveMaximum', (held, value) => typeof value !== 'number' || value < Number(held)],
  ['minItems', (held, value) => !Array.isArray(value) || value.length >= Number(held)],
  ['maxItems', (held, value) => !Array.isArray(value) || value.length <= Number(held)],
  ['items', (held, value, { prefixItems }, inner) => eachItem(held, value, prefixItems, inner)],
  [
    'required',
    (held, value) =>
      !isObject(value) || (Array.isArray(held) && held.every((name) => Object.hasOwn(value, String(name)))),
  ],
  [
    'properties',
    (held, value, _schema, inner) =>
      eachMember(value, (name, part) => isFree(held, name) || inner((held as JsonObject)[name], part)),
  ],
  [
    'additionalProperties',
    (held, value, { properties, patternProperties }, inner) =>
      patternProperties === undefined &&
      eachMember(value, (name, part) => !isFree(properties, name) || inner(held, part)),
  ],
  [
    'anyOf',
    (held, value, _schema, inner) => Array.isArray(held) && held.some((option) => inner(option, value)),
  ],
  [
    'allOf',
    (held, value, _schema, inner) => Array.isArray(held) && held.every((option) => inner(option, value)),
  ],
]);

function eachItem(held: unknown, value: unknown, prefixItems: unknown, inner: Inner): boolean {
  return !Array.isArray(value) || (prefixItems === undefined && value.every((item) => inner(held, item)));
}

function eachMember(value: unknown, check: (name: string, part: unknown) => boolean): boolean {
  return !isObject(value) || Object.entries(value).every(([name, part]) => check(name, part));
}

function isFree(properties: unknown, name: string): boolean {
  return !isObject(properties) || !Object.hasOwn(properties, name);
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
