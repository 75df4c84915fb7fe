/**
 * Which nodes of one JSON Schema become components, and under which names. A node is known by its identity; one
 * that was already written in place when it is first referred to moves to its component, so nothing stands twice.
 */
import { isObject, type JsonObject } from './openapi-data.ts';

/** Longest readable part of a component name, in characters. */
const MAX_HINT_CHARS = 60;

export interface AskedComponent {
  readonly node: JsonObject;
  readonly resource: JsonObject;
  /** Empty; to be filled with what `node` says. */
  readonly out: JsonObject;
}

export class SchemaComponents {
  readonly #prefix: string;
  /** In order of first mention, which is the order of the result. */
  readonly #names = new Map<JsonObject, string>();
  readonly #takenNames = new Set<string>();
  readonly #lastNumbers = new Map<string, number>();
  readonly #pending: { readonly node: JsonObject; readonly resource: JsonObject }[] = [];
  readonly #inline = new Map<JsonObject, JsonObject>();
  readonly #separate = new Map<JsonObject, JsonObject>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The reference to `node` if it is a component already. */
  refTo(node: JsonObject): string | undefined {
    const name = this.#names.get(node);
    return name === undefined ? undefined : toRef(name);
  }

  /** Asks for a component made from `node` and returns the reference to it. */
  ask(node: JsonObject, hint: string, resource: JsonObject): string {
    const known = this.refTo(node);
    if (known !== undefined) return known;
    const name = this.#freeName(hint);
    this.#names.set(node, name);
    this.#pending.push({ node, resource });
    return toRef(name);
  }

  /** The object to write `node` to in place. Known from now on: its own members may refer back to it. */
  inline(node: JsonObject): JsonObject {
    const out: JsonObject = {};
    this.#inline.set(node, out);
    return out;
  }

  /** The next component that must be written; undefined when all are. */
  next(): AskedComponent | undefined {
    for (let asked = this.#pending.pop(); asked !== undefined; asked = this.#pending.pop()) {
      if (this.#inline.has(asked.node)) continue;
      const out: JsonObject = {};
      this.#separate.set(asked.node, out);
      return { ...asked, out };
    }
    return undefined;
  }

  /** All components by name. Call it once, at the end: it turns what was written in place into references. */
  collect(): Map<string, JsonObject> {
    const components = new Map<string, JsonObject>();
    for (const [node, name] of this.#names) {
      const separate = this.#separate.get(node);
      const inline = this.#inline.get(node);
      if (separate !== undefined) components.set(name, separate);
      else if (inline !== undefined) {
        components.set(name, { ...inline });
        for (const key of Object.keys(inline)) delete inline[key];
        inline['$ref'] = toRef(name);
      }
    }
    return components;
  }

  #freeName(hint: string): string {
    const readable = hint.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, MAX_HINT_CHARS) || 'schema';
    let name = `${this.#prefix}.${readable}`;
    // Counting goes on where it stopped: a schema may have thousands of names that read alike.
    let number = this.#lastNumbers.get(readable) ?? 1;
    while (this.#takenNames.has(name)) {
      number += 1;
      name = `${this.#prefix}.${readable}-${number}`;
    }
    this.#lastNumbers.set(readable, number);
    this.#takenNames.add(name);
    return name;
  }
}

/**
 * Removes one reference from every chain of components that are nothing but each other: such a chain has no
 * meaning, and resolvers do not come back from it. Returns the names of the components that lost theirs.
 */
export function breakAliasLoops(components: ReadonlyMap<string, JsonObject>): string[] {
  const nameOf = new Map([...components.keys()].map((name) => [toRef(name), name]));
  const settled = new Set<string>();
  const broken: string[] = [];
  for (const start of components.keys()) {
    const chain = new Set<string>();
    let name: string | undefined = start;
    while (name !== undefined && !settled.has(name)) {
      chain.add(name);
      const alias = aliasIn(components.get(name));
      const next = nameOf.get(String(alias?.['$ref']));
      if (alias !== undefined && next !== undefined && chain.has(next)) {
        delete alias['$ref'];
        broken.push(name);
        break;
      }
      name = next;
    }
    for (const member of chain) settled.add(member);
  }
  return broken;
}

/** The object whose `$ref` the component stands for; with company the reference is first in `allOf`. */
function aliasIn(component: JsonObject | undefined): JsonObject | undefined {
  if (component === undefined || component['$ref'] !== undefined) return component;
  const first: unknown = Array.isArray(component['allOf']) ? component['allOf'][0] : undefined;
  return isObject(first) ? first : undefined;
}

function toRef(name: string): string {
  return `#/components/schemas/${name}`;
}
