import * as z from 'zod';
import type { Path } from './issues.ts';
import { LooseText } from './schema-fields.ts';

type AnySchema = z.core.$ZodType;

/** The schema below defaults, options and transforms. `LooseText` stays itself. */
export function unwrap(schema: AnySchema): AnySchema {
  if (schema === LooseText) return schema;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in) : schema;
}

/** The schema of one member; undefined for an unknown key. */
export function memberOf(schema: AnySchema, key: string | number): AnySchema | undefined {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    const shape: Readonly<Record<string, AnySchema>> = inner.shape;
    return Object.hasOwn(shape, key) ? shape[key] : undefined;
  }
  if (inner instanceof z.ZodArray) return inner.element;
  if (inner instanceof z.ZodRecord) return inner.valueType;
  if (inner instanceof z.ZodUnion) {
    for (const option of inner.options) {
      const member = memberOf(option, key);
      if (member !== undefined) return member;
    }
  }
  return undefined;
}

export function schemaAt(schema: AnySchema, path: Path): AnySchema | undefined {
  let here: AnySchema | undefined = schema;
  for (const key of path) {
    if (here === undefined) return undefined;
    here = memberOf(here, key);
  }
  return here;
}

/** The keys of a mapping with fixed keys; of the only such option for a union. */
export function knownKeys(schema: AnySchema): readonly string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  return inner instanceof z.ZodUnion ? inner.options.flatMap(knownKeys) : [];
}
