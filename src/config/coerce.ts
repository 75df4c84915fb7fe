import * as z from 'zod';
import type { Path } from './issues.ts';
import { LooseText } from './schema-fields.ts';
import { memberOf, unwrap } from './schema-walk.ts';
import type { ScalarInfo } from './tree.ts';

export const LEADING_ZERO = /^[-+]?0\d/;

/**
 * The data as the schema wants it where the file could not say so: a substituted text becomes a number or boolean
 * for a field of that kind, a number or boolean becomes the text as written for a field of text.
 */
export function coerce(
  schema: z.core.$ZodType,
  value: unknown,
  path: Path,
  scalarAt: (path: Path) => ScalarInfo | undefined,
): unknown {
  const inner = unwrap(schema);
  const into = (item: unknown, key: string | number): unknown => {
    const member = memberOf(inner, key);
    return member === undefined ? item : coerce(member, item, [...path, key], scalarAt);
  };
  if (Array.isArray(value)) return value.map(into);
  if (typeof value === 'object' && value !== null) {
    const result = Object.create(null) as Record<string, unknown>;
    for (const [key, item] of Object.entries(value)) result[key] = into(item, key);
    return result;
  }
  const scalar = scalarAt(path);
  if (scalar === undefined) return value;
  if (inner === LooseText)
    return typeof value === 'number' || typeof value === 'boolean' ? scalar.source : value;
  // YAML 1.1 took 0777 for octal, YAML 1.2 takes it for 777: left as text, it is refused as not being a number.
  if (typeof value === 'number' && LEADING_ZERO.test(scalar.source)) return scalar.source;
  return scalar.pieces.length > 0 ? parseText(inner, scalar.text) : value;
}

function parseText(schema: z.core.$ZodType, text: string): unknown {
  if (schema instanceof z.ZodNumber && /^(?:0|-?[1-9]\d*)$/.test(text)) return Number(text);
  if (schema instanceof z.ZodBoolean && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
