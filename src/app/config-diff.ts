/** What another configuration changes for a gateway that runs. Pure; whatever does not differ is not touched. */
import type { Config } from '../config/schema.ts';
import { Secret } from '../config/secret.ts';

export interface ConfigDiff {
  /** Names of servers. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Processes that start from now on start differently; those that run are left to who uses them. */
  readonly changed: readonly string[];
  /** Their tools are narrowed otherwise, for everyone and at once. */
  readonly retooled: readonly string[];
  /** Who may enter, or what they may touch, differs. */
  readonly auth: boolean;
  /** Other keys that differ and take effect. */
  readonly settings: readonly string[];
  /** Keys that differ and take effect only with the next start. */
  readonly needRestart: readonly string[];
}

/** What is fixed when the gateway begins to listen. */
const FIXED: ReadonlySet<string> = new Set(['hostname', 'port']);

export function diffConfig(running: Config, next: Config): ConfigDiff {
  const both = [...next.servers].flatMap(([name, server]) => {
    const former = running.servers.get(name);
    return former === undefined ? [] : [{ name, former, server }];
  });
  const keys = differingKeys({ ...running, servers: 0, auth: 0 }, { ...next, servers: 0, auth: 0 });
  return {
    added: [...next.servers.keys()].filter((name) => !running.servers.has(name)),
    removed: [...running.servers.keys()].filter((name) => !next.servers.has(name)),
    changed: both
      .filter(({ former, server }) => !isEqual({ ...former, tools: 0 }, { ...server, tools: 0 }))
      .map(({ name }) => name),
    retooled: both
      .filter(({ former, server }) => !isEqual(former.tools, server.tools))
      .map(({ name }) => name),
    auth: !isEqual(running.auth, next.auth),
    settings: keys.filter((key) => !FIXED.has(key)),
    needRestart: keys.filter((key) => FIXED.has(key)),
  };
}

/** The configuration that counts until the next start: `next`, but for what cannot change any more. */
export function effectiveConfig(running: Config, next: Config): Config {
  const { hostname, port } = running;
  return { ...next, hostname, port };
}

/** Dotted, down to what is no plain object. */
function differingKeys(a: object, b: object, prefix = ''): string[] {
  const [left, right] = [asRecord(a), asRecord(b)];
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].flatMap((name) => {
    const [one, other] = [left[name], right[name]];
    if (isEqual(one, other)) return [];
    return isPlain(one) && isPlain(other)
      ? differingKeys(one, other, `${prefix}${name}.`)
      : [`${prefix}${name}`];
  });
}

/** Structural; secrets by what they hold, which never leaves this function. */
function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Secret || b instanceof Secret)
    return a instanceof Secret && b instanceof Secret && a.reveal() === b.reveal();
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [asRecord(a), asRecord(b)];
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => isEqual(left[name], right[name]));
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

function asRecord(value: object): Readonly<Record<string, unknown>> {
  return value as Readonly<Record<string, unknown>>;
}
