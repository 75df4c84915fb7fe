/** Holds the tree to the picture in docs/ARCHITECTURE.md: who may import whom, no cycles, no long files. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CORE = ['errors', 'events', 'util'];
const INSTANCE = ['instance', 'protocol', ...CORE];
const SESSION = ['session', 'relay', 'auth', ...INSTANCE];
const FRONT = ['http', 'catalog', ...SESSION];
/** The room on the left may import the rooms on the right, and itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  events: [],
  util: [],
  protocol: CORE,
  config: CORE,
  auth: CORE,
  instance: ['protocol', ...CORE],
  telemetry: CORE,
  relay: INSTANCE,
  catalog: ['relay', 'auth', ...INSTANCE],
  session: ['relay', 'auth', ...INSTANCE],
  http: ['auth', 'protocol', ...CORE],
  'fronts/docs': ['http', ...CORE],
  'fronts/mcp': FRONT,
  'fronts/rest': FRONT,
  app: ['fronts/docs', 'fronts/mcp', 'fronts/rest', 'telemetry', 'config', ...FRONT],
  cli: ['app', 'config', ...CORE],
  index: ['app', 'config', ...CORE],
  main: ['cli', 'util'],
};
/** Packages that only some rooms may know. */
const KEPT_TO: Readonly<Record<string, readonly string[]>> = {
  fastify: ['http', 'fronts/docs', 'fronts/mcp', 'fronts/rest', 'app'],
  winston: ['telemetry'],
  'prom-client': ['telemetry'],
  'node:child_process': ['instance'],
  commander: ['cli'],
  zod: ['config'],
};

const files = list('src');
const imports = new Map(files.map((file) => [file, importsOf(file)]));

describe('the tree', () => {
  it('is where this test looks for it', () => {
    expect(files.length).toBeGreaterThan(50);
    expect([...imports.values()].flat().length).toBeGreaterThan(200);
  });

  it('imports only in the permitted direction', () => {
    const wrong = [...imports].flatMap(([file, targets]) =>
      targets
        .filter((target) => !isPermitted(roomOf(file), target))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has no import cycle', () => {
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): string[] => {
      if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file].join(' -> ')];
      if (done.has(file)) return [];
      const found = (imports.get(file) ?? [])
        .filter((target) => imports.has(target))
        .flatMap((target) => walk(target, [...path, file]));
      done.add(file);
      return found;
    };
    expect(files.flatMap((file) => walk(file, []))).toEqual([]);
  });

  it('has no file of more than 300 lines', () => {
    const long = [...files, ...['test', 'scripts', 'bench', 'chaos'].flatMap(list)].filter(
      (file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length > 301,
    );
    expect(long).toEqual([]);
  });
});

function list(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs|js)$/.test(name))
    .map((name) => join(folder, name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = [
    ...text.matchAll(/^(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
  ];
  return found.map(([, target = '']) =>
    target.startsWith('.') ? relative(ROOT, join(ROOT, dirname(file), target)) : target,
  );
}

function roomOf(file: string): string {
  const [, room = '', second = ''] = file.replace(/\.ts$/, '').split('/');
  return room === 'fronts' ? `fronts/${second}` : room;
}

function isPermitted(room: string, target: string): boolean {
  if (!target.startsWith('src/')) return KEPT_TO[target]?.includes(room) ?? true;
  return roomOf(target) === room || (MAY_IMPORT[room]?.includes(roomOf(target)) ?? false);
}
