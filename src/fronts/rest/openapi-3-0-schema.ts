/**
 * A schema of the 3.1 document in the words of OpenAPI 3.0, which knows an older and smaller JSON Schema. What it
 * cannot say is left out so that nothing is refused that the original accepts: under `not`, and among the options of
 * `oneOf`, where accepting more would mean refusing more, the keyword itself gives way.
 */
import { isObject, type JsonObject, setOwn } from './openapi-data.ts';

/** Mean the same there. */
const SAME: ReadonlySet<string> = new Set(
  (
    'title description default deprecated readOnly writeOnly format pattern enum required example multipleOf minimum maximum ' +
    'minLength maxLength minItems maxItems uniqueItems minProperties maxProperties'
  ).split(' '),
);
/** Say nothing about which values are valid. */
const UNHEARD: ReadonlySet<string> = new Set([
  '$comment',
  'contentMediaType',
  'contentEncoding',
  'then',
  'else',
]);
/** Written together with another keyword. */
const JOINED: ReadonlySet<string> = new Set(
  'type const examples exclusiveMinimum exclusiveMaximum prefixItems patternProperties minContains maxContains'.split(
    ' ',
  ),
);

/** `lost` hears each keyword that had to go. */
export function toSchema30(schema: JsonObject, lost: (keyword: string) => void): JsonObject {
  if (Object.hasOwn(schema, '$ref')) return { $ref: schema['$ref'] };
  return new Writer(schema, lost).write();
}

class Writer {
  readonly #in: JsonObject;
  readonly #out: JsonObject = {};
  readonly #lost: (keyword: string) => void;

  constructor(schema: JsonObject, lost: (keyword: string) => void) {
    this.#in = schema;
    this.#lost = lost;
  }

  write(): JsonObject {
    for (const [key, held] of Object.entries(this.#in)) this.#keyword(key, held);
    this.#examples();
    this.#bounds('minimum', 'exclusiveMinimum', (inclusive, exclusive) => exclusive >= inclusive);
    this.#bounds('maximum', 'exclusiveMaximum', (inclusive, exclusive) => exclusive <= inclusive);
    this.#positions();
    this.#patterns();
    this.#values();
    this.#types();
    if (this.#out['type'] === 'array') this.#out['items'] ??= {};
    return this.#out;
  }

  #keyword(key: string, held: unknown): void {
    if (SAME.has(key) || key.startsWith('x-')) this.#out[key] = held;
    else if (key === 'properties') this.#out[key] = this.#map(held);
    else if (key === 'allOf') this.#add(this.#list(held).map((option) => this.#schema(option)));
    else if (key === 'anyOf') this.#options(this.#list(held));
    else if (key === 'oneOf') this.#oneOf(this.#list(held));
    else if (key === 'not') this.#not(held);
    else if (key === 'items') this.#out[key] = this.#schema(held);
    else if (key === 'additionalProperties')
      this.#out[key] = typeof held === 'boolean' ? held : this.#schema(held);
    else if (!JOINED.has(key) && !UNHEARD.has(key)) this.#lost(key);
  }

  #schema(schema: unknown, lost = this.#lost): JsonObject {
    if (isObject(schema)) return toSchema30(schema, lost);
    return schema === false ? { not: {} } : {};
  }

  #map(held: unknown): JsonObject {
    const map: JsonObject = {};
    for (const [name, schema] of Object.entries(held as object)) setOwn(map, name, this.#schema(schema));
    return map;
  }

  #list(held: unknown): readonly unknown[] {
    return Array.isArray(held) ? held : [];
  }

  /** Further schemas that must hold. */
  #add(schemas: readonly JsonObject[]): void {
    if (schemas.length > 0) this.#out['allOf'] = [...this.#list(this.#out['allOf']), ...schemas];
  }

  /** `anyOf` of one schema and null is how most generators say nullable. */
  #options(options: readonly unknown[]): void {
    const others = options.filter((option) => !isNull(option));
    const [only] = others;
    const converted = others.map((option) => this.#schema(option));
    const [nullable] = converted;
    if (
      others.length < options.length &&
      isObject(only) &&
      others.length === 1 &&
      nullable &&
      this.#merge(nullable)
    )
      return;
    const anyOf = others.length < options.length ? [...converted, { ...NULL }] : converted;
    if (this.#out['anyOf'] === undefined) this.#out['anyOf'] = anyOf;
    else this.#add([{ anyOf }]);
  }

  /** Takes the schema in place of the choice between it and null, where null passes everything it says. */
  #merge(schema: JsonObject): boolean {
    const alone = Object.keys(this.#in).every((key) => key === 'anyOf' || isAnnotation(key));
    const composed = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not'].some((key) => Object.hasOwn(schema, key));
    if (!alone || composed || schema['type'] === undefined) return false;
    const { enum: values, ...rest } = schema;
    const own = Object.fromEntries(Object.entries(this.#out).filter(([key]) => isAnnotation(key)));
    Object.assign(this.#out, rest, own, { nullable: true });
    if (Array.isArray(values))
      this.#out['enum'] = values.includes(null) ? values : [...(values as unknown[]), null];
    return true;
  }

  #oneOf(options: readonly unknown[]): void {
    let loses = false;
    const converted = options.map((option) =>
      this.#schema(option, (keyword) => {
        loses = true;
        this.#lost(keyword);
      }),
    );
    if (!loses) this.#out['oneOf'] = converted;
    else if (this.#out['anyOf'] === undefined && this.#in['anyOf'] === undefined)
      this.#out['anyOf'] = converted;
    else this.#add([{ anyOf: converted }]);
  }

  #not(held: unknown): void {
    let loses = false;
    const converted = this.#schema(held, () => {
      loses = true;
    });
    if (loses) this.#lost('not');
    else this.#out['not'] = converted;
  }

  #examples(): void {
    const { examples } = this.#in;
    if (Array.isArray(examples) && examples.length > 0) this.#out['example'] ??= examples[0];
  }

  #bounds(key: string, exclusiveKey: string, wins: (inclusive: number, exclusive: number) => boolean): void {
    const exclusive = this.#in[exclusiveKey];
    const inclusive = this.#out[key];
    if (typeof exclusive !== 'number') return;
    if (typeof inclusive === 'number' && !wins(inclusive, exclusive)) return;
    this.#out[key] = exclusive;
    this.#out[exclusiveKey] = true;
  }

  /** Each item may be what any position allows. */
  #positions(): void {
    const { prefixItems, items } = this.#in;
    if (!Array.isArray(prefixItems)) return;
    this.#lost('prefixItems');
    const rest = items === false ? [] : [this.#schema(items ?? true)];
    this.#out['items'] = { anyOf: [...prefixItems.map((item) => this.#schema(item)), ...rest] };
    if (items !== false) return;
    const { maxItems } = this.#out;
    this.#out['maxItems'] = Math.min(typeof maxItems === 'number' ? maxItems : Infinity, prefixItems.length);
  }

  /** A name that matches a pattern is no additional one, so what those may be covers it. */
  #patterns(): void {
    const { patternProperties } = this.#in;
    if (!isObject(patternProperties) || Object.keys(patternProperties).length === 0) return;
    this.#lost('patternProperties');
    const { additionalProperties } = this.#out;
    if (additionalProperties === undefined || additionalProperties === true) return;
    const options = Object.values(patternProperties).map((schema) => this.#schema(schema));
    this.#out['additionalProperties'] = {
      anyOf: additionalProperties === false ? options : [...options, additionalProperties],
    };
  }

  #values(): void {
    if (Object.hasOwn(this.#in, 'const')) {
      if (Array.isArray(this.#out['enum'])) this.#add([{ enum: [this.#in['const']] }]);
      else this.#out['enum'] = [this.#in['const']];
    }
    if (this.#list(this.#out['enum']).length === 0 && this.#out['enum'] !== undefined) {
      delete this.#out['enum'];
      this.#add([{ not: {} }]);
    }
    if (this.#list(this.#out['required']).length === 0) delete this.#out['required'];
    if (this.#in['contentEncoding'] === 'base64') this.#out['format'] ??= 'byte';
  }

  #types(): void {
    const { type } = this.#in;
    if (type === undefined) return;
    const types = [type].flat();
    const others = types.filter((each) => each !== 'null');
    if (others.length === 0) return this.#null();
    const nullable = others.length < types.length ? { nullable: true } : {};
    if (others.length === 1) {
      Object.assign(this.#out, { type: others[0] }, nullable);
      return;
    }
    const items = this.#out['items'] ?? {};
    const anyOf = others.map((each, index) => ({
      type: each,
      ...(index === 0 && nullable),
      ...(each === 'array' && { items }),
    }));
    if (this.#out['anyOf'] === undefined) this.#out['anyOf'] = anyOf;
    else this.#add([{ anyOf }]);
  }

  #null(): void {
    const values = this.#out['enum'];
    if (Array.isArray(values) && !values.includes(null)) this.#add([{ not: {} }]);
    Object.assign(this.#out, NULL);
  }
}

/** 3.0 has no type for null: a nullable one of which nothing else is left. */
const NULL: JsonObject = Object.freeze({ type: 'string', nullable: true, enum: [null] });

const ANNOTATIONS: ReadonlySet<string> = new Set(
  'title description default deprecated example examples'.split(' '),
);

function isAnnotation(key: string): boolean {
  return ANNOTATIONS.has(key) || key.startsWith('x-');
}

function isNull(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  const { type, const: value, enum: values } = schema;
  const constraints = Object.keys(schema).filter((key) => !isAnnotation(key));
  if (constraints.length !== 1) return false;
  return (
    type === 'null' ||
    (Object.hasOwn(schema, 'const') && value === null) ||
    (Array.isArray(values) && values.length === 1 && values[0] === null)
  );
}
