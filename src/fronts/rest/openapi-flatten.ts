/** Arguments as one object with all its members at the top, for clients that look at nothing else there. */
import { isObject, type JsonObject, setOwn } from './openapi-data.ts';

/** Accepts no less than the schema does. `changed` is called where it may accept more. */
export function flattenArguments(schema: JsonObject, changed: (what: string) => void): JsonObject {
  const { allOf, anyOf, oneOf, ...rest } = schema;
  const all = parts(allOf);
  const choices = [parts(anyOf), parts(oneOf)].filter((options) => options.length > 0);
  if (all.length === 0 && choices.length === 0) return { ...rest, properties: propertiesOf(rest) };
  changed('alternatives and parts of its arguments are described as one object');
  const flat = (part: JsonObject): JsonObject => flattenArguments(part, () => undefined);
  const whole = [rest, ...all.map(flat)];
  const options = choices.map((choice) => choice.map(flat));
  const properties: JsonObject = {};
  for (const part of [...whole, ...options.flat()])
    for (const [name, held] of Object.entries(propertiesOf(part)))
      if (!Object.hasOwn(properties, name)) setOwn(properties, name, held);
  const required = new Set([
    ...whole.flatMap(requiredOf),
    // What every alternative asks for is asked for.
    ...options.flatMap(([first, ...others]) =>
      requiredOf(first ?? {}).filter((name) => others.every((other) => requiredOf(other).includes(name))),
    ),
  ]);
  const { additionalProperties: _closed, required: _own, ...kept } = rest;
  return { ...kept, type: 'object', properties, ...(required.size > 0 && { required: [...required] }) };
}

function parts(held: unknown): JsonObject[] {
  return Array.isArray(held) ? held.filter(isObject) : [];
}

function propertiesOf({ properties }: JsonObject): JsonObject {
  return isObject(properties) ? properties : {};
}

function requiredOf({ required }: JsonObject): string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
}
