/** Schemas as the editor of GPT Actions takes them: objects name their properties, and null is nobody's type. */
import { isObject, type JsonObject } from './openapi-data.ts';
import type { OpenApiDocument } from './openapi-document.ts';
import { inlineReferences } from './openapi-inline.ts';
import { mapSubschemas } from './openapi-subschemas.ts';
import { shorten } from './shorten.ts';

/** Longest description of an argument, in characters. */
export const MAX_DESCRIPTION_CHARS = 700;

export function describeSimply(schema: JsonObject, changed: (what: string) => void): JsonObject {
  let shortenings = 0;
  let nullable = 0;
  const simplify = (node: JsonObject): JsonObject => {
    const { examples: _examples, ...plain } = mapSubschemas(node, simplify);
    const { description } = plain;
    if (typeof description === 'string' && description.trim().length > MAX_DESCRIPTION_CHARS) {
      shortenings += 1;
      plain['description'] = shorten(description, MAX_DESCRIPTION_CHARS);
    }
    const typed = withoutNull(plain);
    if (typed !== plain) nullable += 1;
    if (typed['type'] === 'object') typed['properties'] ??= {};
    if (typed['type'] === 'array') typed['items'] ??= {};
    return typed;
  };
  const simple = simplify(schema);
  if (shortenings > 0)
    changed(
      `${shortenings} descriptions of arguments shortened (at most ${MAX_DESCRIPTION_CHARS} characters)`,
    );
  if (nullable > 0) changed(`${nullable} times null is left out as a type`);
  return simple;
}

/** The schema of the structured result, where the tool has one. */
export function describeResult(
  operation: JsonObject,
  document: OpenApiDocument,
  changed: (what: string) => void,
): JsonObject | undefined {
  const responses = operation['responses'] as Record<
    string,
    { content?: Record<string, { schema: JsonObject }> }
  >;
  const schema = responses['200']?.content?.['application/json']?.schema;
  const parts: unknown = schema?.['allOf'];
  const own: unknown = Array.isArray(parts) ? parts[1] : undefined;
  const properties = isObject(own) ? own['properties'] : undefined;
  const structured = isObject(properties) ? properties['structuredContent'] : undefined;
  if (!isObject(structured)) return undefined;
  const inlined = inlineReferences(structured, document.components.schemas, (why) =>
    changed(`result: ${why}`),
  );
  return describeSimply(inlined, () => undefined);
}

function withoutNull(schema: JsonObject): JsonObject {
  const { type, ...rest } = schema;
  if (Array.isArray(type) && type.includes('null')) {
    const others = type.filter((each) => each !== 'null');
    return others.length === 0
      ? rest
      : { type: others.length === 1 ? (others[0] as unknown) : others, ...rest };
  }
  for (const keyword of ['anyOf', 'oneOf']) {
    const options = schema[keyword];
    if (!Array.isArray(options)) continue;
    const others = options.filter((option) => !(isObject(option) && option['type'] === 'null'));
    if (others.length === options.length) continue;
    const { [keyword]: _options, ...outer } = schema;
    const [sole] = others as unknown[];
    return others.length === 1 && isObject(sole)
      ? { ...sole, ...outer }
      : { ...outer, ...(others.length > 0 && { [keyword]: others }) };
  }
  return schema;
}
