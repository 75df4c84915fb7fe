/** Holds the tables of the documentation to what they are about: errors, configuration keys, dependencies. */
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ConfigSchema } from '../src/config/schema.ts';
import { ERRORS } from '../src/errors.ts';
import { readDocument } from './support/readme-blocks.ts';

const readme = readDocument('README.md');

describe('docs/errors.md', () => {
  it('has a row for every error, and no other', () => {
    const documented = rowsOf(readDocument('docs/errors.md'), 'code').map(
      ([code, status, rpc, reason, sentence]) => [
        bare(code),
        { status: Number(status), rpc: Number(rpc), reason: bare(reason), text: sentence },
      ],
    );
    expect(Object.fromEntries(documented)).toEqual(ERRORS);
    expect(documented.length).toBe(Object.keys(ERRORS).length);
  });

  it('agrees with the table of statuses in README.md', () => {
    const rows = rowsOf(section(readme, '### Errors'), 'status');
    expect(rows.length).toBeGreaterThan(10);
    const shown = rows.flatMap(([status, codes]) => names(codes).map((code) => [code, Number(status)]));
    const real = shown.map(([code]) => [code, ERRORS[code as keyof typeof ERRORS]?.status]);
    expect(shown).toEqual(real);
  });
});

describe('the reference of the configuration in README.md', () => {
  const documented = rowsOf(section(readme, '### Reference'), 'key').map(([key, fallback]) => [
    bare(key),
    fallback === '' ? undefined : bare(fallback),
  ]);

  it('has every key with its default, and no other', () => {
    const real = leaves(z.toJSONSchema(ConfigSchema, { io: 'input' }) as Schema, '');
    // Strictly: a key without a default must be there, too.
    expect(Object.fromEntries(documented)).toStrictEqual(Object.fromEntries(real));
  });
});

describe('docs/dependencies.md', () => {
  it.each([
    ['dependencies', '## At run time'],
    ['devDependencies', '## For development'],
  ])('gives a reason for each of the %s', (kind, heading) => {
    const documented = rowsOf(section(readDocument('docs/dependencies.md'), heading), 'package');
    expect(documented.map(([name]) => bare(name)).toSorted()).toEqual(Object.keys(packages(kind)).toSorted());
    expect(documented.filter(([, why = '']) => why.length < 5)).toEqual([]);
  });

  it('gives a reason for each override', () => {
    const documented = rowsOf(section(readDocument('docs/dependencies.md'), '## Overrides'), 'override').map(
      ([name]) => name,
    );
    const real = Object.entries(packages('overrides')).flatMap(([parent, children]) =>
      Object.entries(children as Record<string, string>).map(
        ([child, version]) => `\`${parent}\` → \`${child}\` ${version}`,
      ),
    );
    expect(documented).toEqual(real);
  });
});

describe('docs/ARCHITECTURE.md', () => {
  it('has every room, and no other', () => {
    const documented = rowsOf(readDocument('docs/ARCHITECTURE.md'), 'room').flatMap(([cell]) =>
      bare(cell).split(', '),
    );
    const real = readdirSync(new URL('../src', import.meta.url), { withFileTypes: true }).flatMap((entry) => {
      if (!entry.isDirectory()) return [entry.name];
      if (entry.name !== 'fronts') return [`${entry.name}/`];
      return readdirSync(new URL('../src/fronts', import.meta.url)).map((front) => `fronts/${front}/`);
    });
    expect(documented.toSorted()).toEqual(real.toSorted());
  });
});

/** A link to a file or a heading that is not there is worse than none. */
describe('links between documents', () => {
  const documents = [
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'docs/ARCHITECTURE.md',
    'docs/dependencies.md',
    'docs/differences.md',
    'docs/errors.md',
    'docs/rest-mapping.md',
  ];

  it.each(documents)('%s names only what exists', (name) => {
    const links = [...readDocument(name).matchAll(/\]\((?!https?:)([^)#]*)(#[^)]*)?\)/g)];
    for (const [, file = '', anchor] of links) {
      const target = file === '' ? name : new URL(file, `file:///${name}`).pathname.slice(1);
      if (target.endsWith('.md')) expect(anchorsOf(readDocument(target))).toContain(anchor ?? '');
      else expect(exists(target), target).toBe(true);
    }
  });
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly type?: string;
  readonly default?: unknown;
}

/** Every key that holds a value, in the notation of the table, with its default as JSON. */
function leaves(schema: Schema, path: string): [string, string | undefined][] {
  const { properties, additionalProperties, items, anyOf = [] } = schema;
  const own: [string, string | undefined] = [path, defaultOf(schema, path)];
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([key, member]) =>
      leaves(member, path === '' ? key : `${path}.${key}`),
    );
  }
  if (path === 'servers' && additionalProperties) return leaves(additionalProperties, 'servers.*');
  const options = items?.anyOf ?? (items === undefined ? [] : [items]);
  const entries = options
    .filter((option) => option.properties !== undefined)
    .flatMap((option) => leaves(option, `${path}[]`));
  if (entries.length > 0) return options.length > 1 ? [[`${path}[]`, undefined], ...entries] : entries;
  return anyOf.some((option) => option.properties) ? anyOf.flatMap((option) => leaves(option, path)) : [own];
}

/** JSON Schema has no default for a field that is transformed; the smallest configuration has. */
function defaultOf(schema: Schema, path: string): string | undefined {
  const value = schema.default ?? (path === 'servers.*.command' ? undefined : valueAt(path.split('.')));
  return typeof value === 'string' ? value : value === undefined ? undefined : JSON.stringify(value);
}

const SMALLEST = ConfigSchema.parse({ servers: { one: { command: 'true' } } });

function valueAt(path: readonly string[]): unknown {
  const config: object = { ...SMALLEST, servers: { '*': SMALLEST.servers.get('one') } };
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], config);
}

function packages(kind: string): Record<string, unknown> {
  return (JSON.parse(readDocument('package.json')) as Record<string, Record<string, unknown>>)[kind] ?? {};
}

/** From a heading to the next of its level or above. */
function section(markdown: string, heading: string): string {
  const [, rest = ''] = markdown.split(`\n${heading}\n`, 2);
  const level = heading.indexOf(' ');
  return rest.split(new RegExp(`\n#{1,${level}} `), 1)[0] ?? '';
}

/** The cells of the first table whose first column has that head. */
function rowsOf(markdown: string, head: string): string[][] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^\\| ${head} +\\|`).test(line));
  const rest = start === -1 ? [] : lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end === -1 ? rest.length : end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
}

function names(cell = ''): string[] {
  return [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name);
}

function bare(cell = ''): string {
  return cell.replaceAll('`', '');
}

/** As GitHub makes them; the empty one is the document itself. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text.toLowerCase());
  return [
    '',
    ...headings.map((text) => `#${text.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')}`),
  ];
}

function exists(path: string): boolean {
  return existsSync(new URL(`../${path}`, import.meta.url));
}
