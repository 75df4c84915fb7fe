/**
 * One JSON Schema of a server, which may be anything, to an OpenAPI 3.1 schema in which every reference resolves
 * inside the document. Keywords are told from data by position; nothing is ever fetched; the input is not changed,
 * though plain data of it (`default`, `enum`, …) is shared with the result.
 */
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
  return new SchemaWriter(raw, options).write();
}

/** Longest readable part of a component name, and longest place named in a warning, in characters. */
const MAX_HINT_CHARS = 60;
const MAX_PLACE_CHARS = 120;

/** What a reference to a boolean schema points at. Their identity is what the tables below are keyed by. */
const EVERYTHING: JsonObject = Object.freeze({});
const NOTHING: JsonObject = Object.freeze({ not: Object.freeze({}) });

class SchemaWriter {
  readonly #root: JsonObject;
  readonly #options: SchemaOptions;
  readonly #place: string[] = [];
  /** Components by the input node they are made from; insertion is their order. */
  readonly #names = new Map<JsonObject, string>();
  readonly #takenNames = new Set<string>();
  readonly #pending: { readonly node: JsonObject; readonly resource: JsonObject }[] = [];
  readonly #inline = new Map<JsonObject, JsonObject>();
  readonly #components = new Map<JsonObject, JsonObject>();

  constructor(root: JsonObject, options: SchemaOptions) {
    this.#root = root;
    this.#options = options;
  }

  write(): ConvertedSchema {
    const schema = this.#schema(this.#root, this.#root);
    if (this.#options.root === 'object') this.#makeObject(schema);
    // Each pending node is one node of the bounded input, so this ends.
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      if (this.#inline.has(next.node)) continue;
      const component: JsonObject = {};
      this.#components.set(next.node, component);
      this.#fill(component, next.node, next.resource);
    }
    const components = this.#collect();
    this.#breakAliasLoops(components);
    const isTyped = this.#options.root === 'any' || schema['type'] === 'object';
    return { schema: isTyped ? schema : { type: 'object', ...schema }, components };
  }

  #schema(node: unknown, resource: JsonObject): JsonObject {
    if (node === true) return {};
    if (node === false) return { not: {} };
    if (!isObject(node)) {
      this.#warn('not a schema, replaced by {}');
      return {};
    }
    const name = this.#names.get(node);
    if (name !== undefined) return { $ref: toRef(name) };
    const out: JsonObject = {};
    // Known before its members are written: one of them may refer back to it.
    this.#inline.set(node, out);
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
    this.#nameOf(node, name, resource);
  }

  #reference(out: JsonObject, held: unknown, resource: JsonObject): void {
    if (typeof held !== 'string') return this.#unusable();
    const target = resolveLocalRef(held, resource);
    const node = target?.node === true ? EVERYTHING : target?.node === false ? NOTHING : target?.node;
    if (target === undefined || !isObject(node)) {
      return this.#warn(`reference to ${quote(held)} does not lead to a schema in here, replaced by {}`);
    }
    out['$ref'] = toRef(this.#nameOf(node, target.lastKey ?? 'root', target.resource));
  }

  #data(out: JsonObject, key: string, held: unknown): void {
    const followed = key === 'example' ? ['$ref', 'externalValue'] : ['$ref'];
    if (hasFollowedRef(held, followed)) return this.#warn('holds data that tools take for a reference, left out');
    out[key] = held;
  }

  /** OpenAPI gives unknown members a place under `x-`; without the prefix strict readers refuse the document. */
  #extension(out: JsonObject, key: string, held: unknown): void {
    const name = key.startsWith('x-') ? key : `x-${key}`;
    if (Object.hasOwn(out, name)) return this.#warn(`left out, ${quote(name)} stands beside it`);
    if (hasFollowedRef(held, ['$ref', 'externalValue'])) {
      return this.#warn('holds data that tools take for a reference, left out');
    }
    // Redocly gives this one extension a type of its own.
    if (name === 'x-tags' && !(Array.isArray(held) && held.every((tag) => typeof tag === 'string'))) {
      return this.#unusable();
    }
    if (name !== key) this.#warn(`not a keyword of JSON Schema, carried as ${quote(name)}`);
    out[name] = held;
  }

  #makeObject(schema: JsonObject): void {
    const type = schema['type'];
    if (type !== undefined && type !== 'object') this.#warn(`type ${quote(JSON.stringify(type))} replaced by "object"`);
    if (type !== undefined) schema['type'] = 'object';
  }

  /** The component made from `node`, asked for if it is the first mention. */
  #nameOf(node: JsonObject, hint: string, resource: JsonObject): string {
    const known = this.#names.get(node);
    if (known !== undefined) return known;
    const readable = hint.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, MAX_HINT_CHARS) || 'schema';
    let name = `${this.#options.prefix}.${readable}`;
    for (let n = 2; this.#takenNames.has(name); n += 1) name = `${this.#options.prefix}.${readable}-${n}`;
    this.#takenNames.add(name);
    this.#names.set(node, name);
    this.#pending.push({ node, resource });
    return name;
  }

  /** A node that was already written in place when it was referred to moves to its component. */
  #collect(): Map<string, JsonObject> {
    const components = new Map<string, JsonObject>();
    for (const [node, name] of this.#names) {
      const component = this.#components.get(node);
      const inline = this.#inline.get(node);
      if (component !== undefined) components.set(name, component);
      else if (inline !== undefined) {
        components.set(name, { ...inline });
        for (const key of Object.keys(inline)) delete inline[key];
        inline['$ref'] = toRef(name);
      }
    }
    return components;
  }

  /** A chain of components that are nothing but each other has no meaning, and resolvers do not come back from it. */
  #breakAliasLoops(components: ReadonlyMap<string, JsonObject>): void {
    const byRef = new Map([...components].map(([name, component]) => [toRef(name), component]));
    const settled = new Set<JsonObject>();
    for (const start of components.values()) {
      const chain = new Set<JsonObject>();
      for (let at: JsonObject | undefined = start; at !== undefined && !settled.has(at); ) {
        chain.add(at);
        const next: JsonObject | undefined = byRef.get(String(at['$ref']));
        if (next !== undefined && chain.has(next)) {
          delete at['$ref'];
          this.#warn('references that only lead back to themselves, replaced by {}');
        }
        at = next !== undefined && !chain.has(next) ? next : undefined;
      }
      for (const component of chain) settled.add(component);
    }
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

function toRef(name: string): string {
  return `#/components/schemas/${name}`;
}

function isSchema(value: unknown): boolean {
  return typeof value === 'boolean' || isObject(value);
}

function quote(text: string, maxChars = MAX_HINT_CHARS): string {
  return JSON.stringify(text.length > maxChars ? `${text.slice(0, maxChars)}…` : text);
}
