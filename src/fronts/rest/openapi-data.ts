/** What may be done with a server's JSON before anything in it is understood: bounds, pointers, references in data. */

export type JsonObject = Record<string, unknown>;

/** Deepest JSON nesting of one schema. The document adds up to 12 levels and Redocly stops reading at 100. */
export const MAX_SCHEMA_DEPTH = 80;

/** Most values, scalars included, of one schema: a hundred times the largest schema seen in real servers. */
export const MAX_SCHEMA_NODES = 20_000;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets an own member whatever its name: assignment to `__proto__` would change the prototype instead. */
export function setOwn(object: JsonObject, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** True where the value may be walked recursively. Does not recurse itself and ends on cyclic values too. */
export function isWithinBounds(value: unknown): boolean {
  const pending: { value: unknown; depth: number }[] = [{ value, depth: 1 }];
  let seen = 1;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue;
    if (next.depth > MAX_SCHEMA_DEPTH) return false;
    const children = Object.values(next.value);
    seen += children.length;
    if (seen > MAX_SCHEMA_NODES) return false;
    for (const child of children) pending.push({ value: child, depth: next.depth + 1 });
  }
  return true;
}

/**
 * True where reference resolvers would follow something inside plain data. JSON Schema says that data is data;
 * json-schema-ref-parser (and with it most tools) looks up every `$ref` string it meets, over the network too.
 */
export function hasFollowedRef(data: unknown, keys: readonly string[] = ['$ref']): boolean {
  if (Array.isArray(data)) return data.some((item) => hasFollowedRef(item, keys));
  if (!isObject(data)) return false;
  if (keys.some((key) => Object.hasOwn(data, key) && typeof data[key] === 'string')) return true;
  return Object.values(data).some((item) => hasFollowedRef(item, keys));
}

export interface PointerTarget {
  readonly node: unknown;
  /** The schema resource that holds the target: local references inside it start there. */
  readonly resource: JsonObject;
  /** Last member name of the pointer; undefined for the resource itself. */
  readonly lastKey: string | undefined;
}

/** Finds what a local reference (`#`, `#/…`) names; undefined for every other reference and for dangling ones. */
export function resolveLocalRef(ref: string, resource: JsonObject): PointerTarget | undefined {
  if (ref === '' || ref === '#') return { node: resource, resource, lastKey: undefined };
  if (!ref.startsWith('#/')) return undefined;
  const fragment = ref.slice(2);
  const decoded = decodePercent(fragment);
  const target = decoded === undefined ? undefined : walk(decoded, resource);
  // Many generators write member names with a bare percent sign.
  return target ?? (decoded === fragment ? undefined : walk(fragment, resource));
}

/** The resource for what is inside `node`: an embedded `$id` starts a new one (2020-12 core, 8.2.1). */
export function resourceOf(node: JsonObject, outer: JsonObject): JsonObject {
  const id = Object.hasOwn(node, '$id') ? node['$id'] : undefined;
  return typeof id === 'string' && !id.startsWith('#') ? node : outer;
}

function walk(pointer: string, start: JsonObject): PointerTarget | undefined {
  let node: unknown = start;
  let resource = start;
  let lastKey: string | undefined;
  for (const token of pointer.split('/')) {
    lastKey = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(node))
      node = /^(?:0|[1-9][0-9]{0,8})$/.test(lastKey) ? node[Number(lastKey)] : undefined;
    else if (isObject(node) && Object.hasOwn(node, lastKey)) node = node[lastKey];
    else return undefined;
    if (isObject(node)) resource = resourceOf(node, resource);
  }
  return { node, resource, lastKey };
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
