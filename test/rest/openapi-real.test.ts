/** The documents of real servers, of fixtures of both eras and of a very large server, as the gateway serves them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { OpenApiDocument } from '../../src/fronts/rest/openapi.ts';
import { toolOperations } from '../../src/fronts/rest/openapi-tools.ts';
import { tempFolder } from '../instance/helpers.ts';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { findFaults } from './openapi-judges.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const OPERATION_ID = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const folder = tempFolder();
let gateway: TestGateway;
let large: TestGateway;

beforeAll(async () => {
  const file = join(folder.path, 'tools.json');
  writeFileSync(file, JSON.stringify(Array.from({ length: 500 }, toTool)));
  gateway = await startGateway({
    servers: {
      everything: { command: 'node_modules/.bin/mcp-server-everything', path: ROOT },
      filesystem: {
        command: 'node_modules/.bin/mcp-server-filesystem',
        args: ['examples/files'],
        path: ROOT,
      },
      memory: {
        command: 'node_modules/.bin/mcp-server-memory',
        path: ROOT,
        env: { MEMORY_FILE_PATH: join(folder.path, 'memory.jsonl') },
      },
      legacy: runs(fixture('full-server-v1.mjs')),
      modern: runs(fixture('full-server-v2.mjs')),
      conformance: runs(fixture('conformance-v1.mjs')),
      hostile: runs(HOSTILE_SERVER),
    },
  });
  large = await startGateway({ servers: { large: runs(fixture('listing-server.mjs'), file) } });
});
afterAll(async () => {
  await Promise.all([gateway.stop(), large.stop()]);
  folder[Symbol.dispose]();
});

async function documentAt(path: string, { url } = gateway): Promise<OpenApiDocument> {
  const response = await fetch(url + path);
  expect(response.status).toBe(200);
  const text = await response.text();
  return (path.includes('.yaml') ? parse(text) : JSON.parse(text)) as OpenApiDocument;
}

describe.each(['3.1', '3.0'])('in OpenAPI %s', { timeout: 120_000 }, (version) => {
  it.each([
    ['everything', 10],
    ['filesystem', 14],
    ['memory', 9],
    ['legacy', 20],
    ['modern', 20],
    ['conformance', 10],
    ['hostile', 10],
  ])('the document of %s is found without fault', async (server, atLeast) => {
    const document = await documentAt(`/api/${server}/openapi.json?version=${version}`);
    expect(document.openapi.startsWith(version)).toBe(true);
    const tools = toolOperations(document);
    expect(tools.length).toBeGreaterThanOrEqual(atLeast);
    for (const { operation } of tools) expect(operation['operationId']).toMatch(OPERATION_ID);
    expect(await findFaults(document)).toEqual([]);
  });

  it('the document of a server with 500 tools is found without fault', async () => {
    const document = await documentAt(`/api/large/openapi.json?version=${version}`, large);
    expect(toolOperations(document)).toHaveLength(500);
    expect(await findFaults(document)).toEqual([]);
  });

  it('the document of all servers is found without fault, and says the same in YAML', async () => {
    const document = await documentAt(`/api/openapi.json?version=${version}`);
    const ids = toolOperations(document).map(({ operation }) => operation['operationId']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(100);
    expect(await findFaults(document)).toEqual([]);
    expect(await documentAt(`/api/openapi.yaml?version=${version}`)).toEqual(document);
  });
});

function toTool(_none: unknown, n: number): object {
  return {
    name: `tool-${n}`,
    description: `Does thing ${n}. `.repeat(20),
    inputSchema: {
      type: 'object',
      properties: { node: { $ref: '#/$defs/Node' }, tags: { type: ['array', 'null'], items: { const: n } } },
      required: ['node'],
      $defs: {
        Node: {
          type: 'object',
          properties: { children: { type: 'array', items: { $ref: '#/$defs/Node' } } },
        },
      },
    },
    outputSchema: { type: 'object', properties: { n: { const: n } }, required: ['n'] },
    annotations: { readOnlyHint: n % 2 === 0 },
  };
}
