import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { configJsonSchema } from '../../src/config/json-schema.ts';

const FILE = new URL('../../schema/config.schema.json', import.meta.url);

interface Node {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
}

const accepts = (schema: unknown, value: unknown): boolean =>
  z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value).success;

describe('the JSON Schema', () => {
  it('is the one that is checked in; scripts/write-schema.ts writes it', () => {
    expect(readFileSync(FILE, 'utf8')).toBe(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    const script = new URL('../../scripts/write-schema.ts', import.meta.url).pathname;
    expect(() =>
      execFileSync(process.execPath, ['--import', 'tsx', script, '--check'], { stdio: 'pipe' }),
    ).not.toThrow();
  });

  it('describes every field', () => {
    const missing: string[] = [];
    const visit = (node: Node, path: string): void => {
      for (const [key, child] of Object.entries(node.properties ?? {})) {
        if (typeof child['description'] !== 'string') missing.push(`${path}${key}`);
        visit(child, `${path}${key}.`);
      }
      for (const member of ['items', 'additionalProperties'] as const) {
        const child = node[member];
        if (typeof child === 'object' && child !== null) visit(child as Node, `${path}*.`);
      }
      for (const option of Array.isArray(node['anyOf']) ? node['anyOf'] : []) visit(option as Node, path);
    };
    visit(configJsonSchema() as Node, '');
    expect(missing).toEqual([]);
  });

  it('states the draft, an id and a title', () => {
    expect(configJsonSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'urn:mcp-gateway:config',
      title: 'mcp-gateway configuration',
      type: 'object',
      required: ['servers'],
      additionalProperties: false,
    });
  });

  it('takes a substitution in place of a number, boolean or word of a list', () => {
    const { properties } = configJsonSchema() as Node;
    const field = (path: string): unknown =>
      path
        .split('.')
        .reduce<Node | undefined>((node, key) => node?.properties?.[key], { properties: properties ?? {} });
    expect(accepts(field('port'), 80)).toBe(true);
    expect(accepts(field('port'), '${PORT:-3000}')).toBe(true);
    expect(accepts(field('port'), '80')).toBe(false);
    expect(accepts(field('port'), 65_536)).toBe(false);
    expect(accepts(field('auth.anonymous'), '${X}')).toBe(true);
    expect(accepts(field('auth.anonymous'), 'no')).toBe(false);
    expect(accepts(field('debug.level'), '${LEVEL}')).toBe(true);
    expect(accepts(field('debug.level'), 'loud')).toBe(false);
  });
});
