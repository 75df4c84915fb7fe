/**
 * One JSON Schema of a server, which may be anything, to an OpenAPI 3.1 schema in which every reference resolves
 * inside the document. Keywords are told from data by position; nothing is ever fetched; the input is not changed.
 */
import { breakAliasLoops, SchemaComponents } from './openapi-components.ts';
import {
  hasFollowedRef,
  isObject,
  isWithinBounds,
  type JsonObject,
  MAX_SCHEMA_DEPTH,
  MAX_SCHEMA_NODES,
  resolveLocalRef,
  resourceOf,
  setOwn,
} from './openapi-data.ts';
import { isPattern, keywordOf, modernEntries } from './openapi-keywords.ts';

export interface SchemaOptions {
  /** Starts the name of every component; must match `^[A-Za-z0-9._-]+$` and belong to this schema alone. */
  readonly prefix: string;
  /** `object` makes the result describe an object, whatever the input says. */
  readonly root: 'object' | 'any';
  /** Called for everything that was left out or changed in meaning. The text may quote the server's words. */
  readonly warn: (what: string) => void;
}

export interface ConvertedSchema {
  readonly schema: JsonObject;
  /** By component name, in order of first mention. */
  readonly components: ReadonlyMap<string, JsonObject>;
}

export function toOpenApiSchema(raw: unknown, options: SchemaOptions): ConvertedSchema {
  const fallback: JsonObject = options.root === 'object' ? { type: 'object' } : {};
  if (!isWithinBounds(raw)) {
    options.warn(`replaced as a whole: more than ${MAX_SCHEMA_DEPTH} levels or ${MAX_SCHEMA_NODES} values`);
    return { schema: fallback, components: new Map() };
  }
  if (!isObject(raw)) {
    if (raw !== true) options.warn('replaced as a whole: it is not an object');
    return { schema: fallback, components: new Map() };
  }
  // The tables below tell nodes apart by identity, so each must stand in one place only.
  const tree = JSON.parse(JSON.stringify(raw)) as JsonObject;
  return new SchemaWriter(tree, options).write();
}

/** Longest words of a server, and longest place, quoted in a warning, in characters. */
const MAX_QUOTE_CHARS = 60;
const MAX_PLACE_CHARS = 120;

/** What a reference to a boolean schema points at. Their identity is what the tables below are keyed by. */
const EVERYTHING: JsonObject = Object.freeze({});
const NOTHING: JsonObject = Object.freeze({ not: Object.freeze({}) });

class SchemaWriter {
  readonly #root: JsonObject;
  readonly #options: SchemaOptions;
  readonly #place: string[] = [];
  readonly #components: SchemaComponents;
  readonly #carried = new Set<object>();

  constructor(root: JsonObject, options: SchemaOptions) {
    this.#root = root;
    this.#options = options;
    this.#components = new SchemaComponents(options.prefix);
  }

  write(): ConvertedSchema {
    const schema = this.#schema(this.#root, this.#root);
    if (this.#options.root === 'object') this.#makeObject(schema);
    // Each asked-for component is one node of the bounded tree, so this ends.
    for (let next = this.#components.next(); next !== undefined; next = this.#components.next()) {
      this.#fill(next.out, next.node, next.resource);
    }
    const components = this.#components.collect();
    for (const name of breakAliasLoops(components)) {
      this.#warn(`${quote(name)} only leads back to itself, replaced by {}`);
    }
    const isTyped = this.#options.root === 'any' || schema['type'] === 'object';
    return { schema: isTyped ? schema : wrapReference({ type: 'object', ...schema }), components };
  }

  #schema(node: unknown, resource: JsonObject): JsonObject {
    if (node === true) return {};
    if (node === false) return { not: {} };
    if (!isObject(node)) {
      this.#warn('not a schema, replaced by {}');
      return {};
    }
    const ref = this.#components.refTo(node);
    if (ref !== undefined) return { $ref: ref };
    const out = this.#components.inline(node);
    this.#fill(out, node, resource);
    return out;
  }

  #fill(out: JsonObject, node: JsonObject, outer: JsonObject): void {
    const resource = resourceOf(node, outer);
    for (const [key, held] of modernEntries(node)) {
      this.#place.push(key);
      this.#keyword(out, key, held, resource);
      this.#place.pop();
    }
    wrapReference(out);
  }

  #keyword(out: JsonObject, key: string, held: unknown, resource: JsonObject): void {
    const keyword = keywordOf(key);
    switch (keyword?.kind) {
      case undefined:
        return this.#extension(out, key, held);
      case 'identity':
        return;
      case 'ref':
        return this.#reference(out, held, resource);
      case 'unsupported-ref':
        return this.#warn('dynamic references are not followed, left out');
      case 'data':
        return this.#data(out, key, held);
      case 'data-list':
        return Array.isArray(held) ? this.#data(out, key, held) : this.#unusable();
      case 'value': {
        const clean = keyword.clean(held);
        if (clean === undefined) return this.#unusable();
        if (clean !== held) this.#warn('unusable parts left out');
        out[key] = clean;
        return;
      }
      case 'schema':
        if (!isSchema(held)) return this.#unusable();
        out[key] = this.#schema(held, resource);
        return;
      case 'schema-or-boolean':
        if (!isSchema(held)) return this.#unusable();
        out[key] = typeof held === 'boolean' ? held : this.#schema(held, resource);
        return;
      case 'schema-list':
        if (!Array.isArray(held) || held.length === 0) return this.#unusable();
        out[key] = held.map((item, index) => this.#at(String(index), () => this.#schema(item, resource)));
        return;
      case 'schema-map':
        if (!isObject(held)) return this.#unusable();
        out[key] = this.#schemaMap(key, held, resource);
        return;
      case 'definitions':
        if (!isObject(held)) return this.#unusable();
        for (const [name, node] of Object.entries(held)) this.#define(name, node, resource);
    }
  }

  #schemaMap(key: string, held: JsonObject, resource: JsonObject): JsonObject {
    const map: JsonObject = {};
    for (const [name, node] of Object.entries(held)) {
      this.#at(name, () => {
        if (key === 'patternProperties' && !isPattern(name)) return this.#unusable();
        setOwn(map, name, this.#schema(node, resource));
      });
    }
    return map;
  }

  #define(name: string, node: unknown, resource: JsonObject): void {
    // A boolean definition gets its component where it is referred to.
    if (typeof node === 'boolean') return;
    if (!isObject(node)) return this.#at(name, () => this.#unusable());
    this.#components.ask(node, name, resource);
  }

  #reference(out: JsonObject, held: unknown, resource: JsonObject): void {
    if (typeof held !== 'string') return this.#unusable();
    const target = resolveLocalRef(held, resource);
    const node = target?.node === true ? EVERYTHING : target?.node === false ? NOTHING : target?.node;
    if (target === undefined || !isObject(node)) {
      return this.#warn(`reference to ${quote(held)} does not lead to a schema in here, replaced by {}`);
    }
    out['$ref'] = this.#components.ask(node, target.lastKey ?? 'root', target.resource);
  }

  #data(out: JsonObject, key: string, held: unknown): void {
    const followed = key === 'example' || key.startsWith('x-') ? ['$ref', 'externalValue'] : ['$ref'];
    if (hasFollowedRef(held, followed))
      return this.#warn('holds data that tools take for a reference, left out');
    if (!this.#claim(held)) return this.#warn('stands in the document already, left out');
    out[key] = held;
  }

  /**
   * False where a part of `data` was carried before: references into data make schemas of it, level by level, each
   * of which would carry all that is below once more.
   */
  #claim(data: unknown): boolean {
    if (typeof data !== 'object' || data === null) return true;
    if (this.#carried.has(data)) return false;
    this.#carried.add(data);
    return Object.values(data).every((part) => this.#claim(part));
  }

  /** OpenAPI gives unknown members a place under `x-`; without the prefix strict readers refuse the document. */
  #extension(out: JsonObject, key: string, held: unknown): void {
    const name = key.startsWith('x-') ? key : `x-${key}`;
    if (Object.hasOwn(out, name)) return this.#warn(`left out, ${quote(name)} stands beside it`);
    // Redocly gives this one extension a type of its own.
    if (name === 'x-tags' && !(Array.isArray(held) && held.every((tag) => typeof tag === 'string'))) {
      return this.#unusable();
    }
    if (name !== key) this.#warn(`not a keyword of JSON Schema, carried as ${quote(name)}`);
    this.#data(out, name, held);
  }

  #makeObject(schema: JsonObject): void {
    const type = schema['type'];
    if (type !== undefined && type !== 'object')
      this.#warn(`type ${quote(JSON.stringify(type))} replaced by "object"`);
    if (type !== undefined) schema['type'] = 'object';
  }

  #at<T>(key: string, action: () => T): T {
    this.#place.push(key);
    const result = action();
    this.#place.pop();
    return result;
  }

  #unusable(): void {
    this.#warn('unusable value, left out');
  }

  #warn(what: string): void {
    const place = `/${this.#place.join('/')}`;
    this.#options.warn(`${quote(place, MAX_PLACE_CHARS)}: ${what}`);
  }
}

/**
 * A reference with company means the same inside `allOf`, and there json-schema-ref-parser ends on cycles: it merges
 * a reference with what stands beside it, anew in every round. Older readers ignore what stands beside a reference.
 */
function wrapReference(schema: JsonObject): JsonObject {
  const { $ref, allOf } = schema;
  if ($ref === undefined || Object.keys(schema).length === 1) return schema;
  delete schema['$ref'];
  schema['allOf'] = [{ $ref }, ...(Array.isArray(allOf) ? (allOf as unknown[]) : [])];
  return schema;
}

function isSchema(value: unknown): boolean {
  return typeof value === 'boolean' || isObject(value);
}

function quote(text: string, maxChars = MAX_QUOTE_CHARS): string {
  return JSON.stringify(text.length > maxChars ? `${text.slice(0, maxChars)}…` : text);
}
