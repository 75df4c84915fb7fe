/** The schemas that stand inside a schema, whatever keyword holds them; data that looks like one is left alone. */
import { isObject, type JsonObject, setOwn } from './openapi-data.ts';
import { keywordOf } from './openapi-keywords.ts';

/** A copy in which each schema directly inside is replaced. */
export function mapSubschemas(schema: JsonObject, map: (inner: JsonObject) => JsonObject): JsonObject {
  const one = (held: unknown): unknown => (isObject(held) ? map(held) : held);
  const copy: JsonObject = {};
  for (const [key, held] of Object.entries(schema)) setOwn(copy, key, mapHeld(key, held, one));
  return copy;
}

function mapHeld(key: string, held: unknown, one: (held: unknown) => unknown): unknown {
  switch (keywordOf(key)?.kind) {
    case 'schema':
    case 'schema-or-boolean':
      return one(held);
    case 'schema-list':
      return Array.isArray(held) ? held.map(one) : held;
    case 'schema-map':
      return isObject(held)
        ? Object.fromEntries(Object.entries(held).map(([name, inner]) => [name, one(inner)]))
        : held;
    default:
      return held;
  }
}
