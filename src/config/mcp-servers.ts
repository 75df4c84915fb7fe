import type { Path } from './issues.ts';
import type { Problem } from './report.ts';
import { asMapping } from './schema-fields.ts';
import { fitServerName, serverNameProblem } from './server-name.ts';

/** An `mcpServers` file as data for our own schema. */
export interface Imported {
  readonly value: unknown;
  readonly warnings: readonly (Problem & { readonly path: Path; readonly at: 'key' | 'value' })[];
  /** A path of the imported data as a path of the file. */
  sourcePath(path: Path): Path;
  /** Whether the file's value at this path is left out, so that what is wrong with it does not matter. */
  isLeftOut(path: Path): boolean;
}

/** Keys of an entry that are taken over, and under which name. */
const TAKEN: Readonly<Record<string, string>> = {
  command: 'command',
  args: 'args',
  env: 'env',
  cwd: 'path',
  path: 'path',
};
const UNDERSTOOD: ReadonlySet<string> = new Set([...Object.keys(TAKEN), 'type', 'transport', 'disabled']);
const REMOTE: ReadonlySet<unknown> = new Set([
  'http',
  'sse',
  'streamable-http',
  'streamableHttp',
  'ws',
  'websocket',
]);

export function isMcpServersFile(value: unknown): value is Readonly<Record<string, unknown>> {
  const top = asMapping(value);
  return top !== undefined && Object.hasOwn(top, 'mcpServers') && !Object.hasOwn(top, 'servers');
}

/**
 * Takes over every stdio server of a Claude Desktop style file. Lenient: unknown keys, disabled and remote entries
 * are left out with a warning, names are made to fit the URL, no two alike. A command stays one command.
 */
export function importMcpServers(file: Readonly<Record<string, unknown>>): Imported {
  const warnings: Imported['warnings'][number][] = [];
  const leftOut: Path[] = [];
  const skip = (path: Path, what: string, hint?: string): void => {
    leftOut.push(path);
    warnings.push({ path, at: 'key', what, hint });
  };
  for (const key of Object.keys(file)) {
    if (key === '$schema') leftOut.push([key]);
    else if (key !== 'mcpServers') {
      skip(
        [key],
        'this key is ignored in an mcpServers file',
        'gateway settings need servers instead of mcpServers',
      );
    }
  }
  const entries = asMapping(file['mcpServers']);
  const kept = Object.entries(entries ?? {}).filter(([name, entry]) => {
    const reason = whyLeftOut(asMapping(entry));
    if (reason !== undefined) skip(['mcpServers', name], reason);
    return reason === undefined;
  });
  const names = fitNames(kept.map(([name]) => name));
  const servers = Object.create(null) as Record<string, unknown>;
  for (const [name, entry] of kept) {
    const fitted = names.get(name) ?? name;
    if (fitted !== name) {
      const what = `this server is served as "${fitted}"`;
      warnings.push({
        path: ['mcpServers', name],
        at: 'key',
        what,
        hint: 'its name does not fit a URL or is taken',
      });
    }
    servers[fitted] = takeOver(entry, (key) => skip(['mcpServers', name, key], 'this key is ignored'));
  }
  const original = new Map([...names].map(([name, fitted]) => [fitted, name]));
  return {
    value: { servers: entries === undefined ? file['mcpServers'] : servers },
    warnings,
    sourcePath: (path) => toSource(path, original, entries),
    isLeftOut: (path) => leftOut.some((out) => out.every((part, index) => path[index] === part)),
  };
}

function whyLeftOut(entry: Readonly<Record<string, unknown>> | undefined): string | undefined {
  if (entry === undefined) return undefined;
  if (entry['disabled'] === true) return 'this server is disabled and left out';
  const remote = [entry['type'], entry['transport']].some((kind) => REMOTE.has(kind));
  const hasUrl = Object.hasOwn(entry, 'url') || Object.hasOwn(entry, 'serverUrl');
  if (!remote && !(hasUrl && !Object.hasOwn(entry, 'command'))) return undefined;
  return 'servers reached by URL are not served yet; this one is left out';
}

function takeOver(entry: unknown, ignore: (key: string) => void): unknown {
  const mapping = asMapping(entry);
  if (mapping === undefined) return entry;
  const server = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(mapping)) {
    const target = Object.hasOwn(TAKEN, key) ? TAKEN[key] : undefined;
    if (target !== undefined && !(key === 'path' && Object.hasOwn(mapping, 'cwd'))) server[target] = value;
    else if (!UNDERSTOOD.has(key) || target !== undefined) ignore(key);
  }
  return server;
}

/** Old name to new. Names that fit keep themselves, whatever stands before them in the file. */
function fitNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const fitted = new Map<string, string>();
  for (const name of names) {
    if (serverNameProblem(name) !== undefined || taken.has(name.toLowerCase())) continue;
    taken.add(name.toLowerCase());
    fitted.set(name, name);
  }
  for (const name of names) {
    if (!fitted.has(name)) fitted.set(name, fitServerName(name, taken));
  }
  return fitted;
}

function toSource(
  [top, name, key, ...rest]: Path,
  original: ReadonlyMap<string, string>,
  entries: Readonly<Record<string, unknown>> | undefined,
): Path {
  if (top !== 'servers') return [];
  if (name === undefined) return ['mcpServers'];
  const source = original.get(String(name)) ?? String(name);
  if (key === undefined) return ['mcpServers', source];
  const hasCwd = Object.hasOwn(asMapping(entries?.[source]) ?? {}, 'cwd');
  return ['mcpServers', source, key === 'path' && hasCwd ? 'cwd' : key, ...rest];
}
