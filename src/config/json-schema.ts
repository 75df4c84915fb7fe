import * as z from 'zod';
import { ConfigSchema } from './schema.ts';
import { asMapping } from './schema-fields.ts';

type Node = Record<string, unknown>;

const SUBSTITUTION = { type: 'string', pattern: '\\$\\{.+\\}' };
/** What describes a field stays on it; everything else becomes one of the alternatives. */
const OUTER: ReadonlySet<string> = new Set(['description', 'default']);

/** The configuration file as JSON Schema (2020-12) for editors: what may be written, `${…}` in place of any value. */
export function configJsonSchema(): object {
  const { $schema, ...generated } = z.toJSONSchema(ConfigSchema, { target: 'draft-2020-12', io: 'input' });
  return {
    $schema,
    $id: 'urn:mcp-gateway:config',
    title: 'mcp-gateway configuration',
    ...(allowSubstitution(generated) as Node),
  };
}

/** A text that is only checked for its length after substitution needs no alternative. */
function allowSubstitution(schema: unknown): unknown {
  const node = asMapping(schema);
  if (node === undefined) return schema;
  if (isScalar(node)) {
    const entries = Object.entries(node);
    return {
      ...Object.fromEntries(entries.filter(([key]) => OUTER.has(key))),
      anyOf: [Object.fromEntries(entries.filter(([key]) => !OUTER.has(key))), SUBSTITUTION],
    };
  }
  const result: Node = { ...node };
  const { properties, items, additionalProperties, anyOf } = node;
  const fields = asMapping(properties);
  if (fields !== undefined) {
    result['properties'] = Object.fromEntries(
      Object.entries(fields).map(([k, v]) => [k, allowSubstitution(v)]),
    );
  }
  if (items !== undefined) result['items'] = allowSubstitution(items);
  if (additionalProperties !== undefined)
    result['additionalProperties'] = allowSubstitution(additionalProperties);
  // One alternative that is any text takes a substitution already.
  if (Array.isArray(anyOf) && !anyOf.some(isAnyText)) result['anyOf'] = anyOf.map(allowSubstitution);
  else if (Array.isArray(anyOf)) {
    result['anyOf'] = anyOf.map((option) =>
      asMapping(option)?.['type'] === 'object' ? allowSubstitution(option) : option,
    );
  }
  return result;
}

function isScalar(node: Readonly<Node>): boolean {
  const { type } = node;
  return (
    type === 'integer' || type === 'number' || type === 'boolean' || (type === 'string' && 'enum' in node)
  );
}

function isAnyText(option: unknown): boolean {
  return asMapping(option)?.['type'] === 'string';
}
