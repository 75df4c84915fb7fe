/** Example arguments for a tool, made from its schema: what it requires and no more. None where it might be wrong. */
import { accepts, referred, type Schemas } from './openapi-accepts.ts';
import { hasFollowedRef, isObject, type JsonObject } from './openapi-data.ts';

/** Deepest nesting of an example: beyond it the schema most likely refers to itself. */
const MAX_DEPTH = 8;
/** Longest text that is made up to reach a minimum, in characters, and most items. */
const MAX_FILL_CHARS = 64;
const MAX_FILL_ITEMS = 3;

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  time: '12:00:00Z',
  email: 'user@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '123e4567-e89b-12d3-a456-426614174000',
};

/** `schemas` holds what the schema refers to. */
export function toExample(schema: JsonObject, schemas: Schemas): JsonObject | undefined {
  const example = guess(schema, schemas, 0);
  if (!isObject(example) || hasFollowedRef(example, ['$ref', 'externalValue'])) return undefined;
  return accepts(schema, example, schemas) ? example : undefined;
}

function guess(schema: unknown, schemas: Schemas, depth: number): unknown {
  if (!isObject(schema) || depth > MAX_DEPTH) return undefined;
  const { $ref, examples, enum: options, allOf, anyOf, oneOf } = schema;
  if (Array.isArray(examples) && examples.length > 0) return examples[0] as unknown;
  for (const keyword of ['const', 'default']) if (schema[keyword] !== undefined) return schema[keyword];
  if (Array.isArray(options)) return options[0] as unknown;
  if ($ref !== undefined) return guess(referred($ref, schemas), schemas, depth + 1);
  const choices: unknown = anyOf ?? oneOf ?? allOf;
  if (schema['type'] === undefined && Array.isArray(choices)) return guess(choices[0], schemas, depth + 1);
  return guessByType(schema, schemas, depth);
}

function guessByType(schema: JsonObject, schemas: Schemas, depth: number): unknown {
  const type = [schema['type']].flat().find((each) => each !== 'null') ?? schema['type'];
  switch (type) {
    case 'object':
      return guessObject(schema, schemas, depth);
    case 'array': {
      const count = Math.min(Math.max(Number(schema['minItems'] ?? 1), 1), MAX_FILL_ITEMS);
      const item = guess(schema['items'], schemas, depth + 1);
      return item === undefined || schema['maxItems'] === 0 ? [] : Array.from({ length: count }, () => item);
    }
    case 'string': {
      const text = FORMATS[String(schema['format'])] ?? 'text';
      return text.padEnd(Math.min(Number(schema['minLength'] ?? 0), MAX_FILL_CHARS), 'x');
    }
    case 'integer':
    case 'number': {
      const { minimum, exclusiveMinimum, maximum, multipleOf } = schema;
      const least = typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : minimum;
      return multipleOf ?? least ?? (typeof maximum === 'number' ? Math.min(maximum, 1) : 1);
    }
    case 'boolean':
      return true;
    default:
      return undefined;
  }
}

function guessObject(schema: JsonObject, schemas: Schemas, depth: number): unknown {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  return Object.fromEntries(
    required.flatMap((name) => {
      const member = Object.hasOwn(properties, name)
        ? guess(properties[name], schemas, depth + 1)
        : undefined;
      return member === undefined ? [] : [[name, member]];
    }),
  );
}
