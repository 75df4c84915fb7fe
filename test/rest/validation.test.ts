import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../instance/helpers.ts';
import { fixture, runs } from '../support/gateway.ts';
import { ERAS, eventsIn, FULL, inSession, type Json, type RestGateway, startRest } from './rest-support.ts';

const DRAFT_7 = 'http://json-schema.org/draft-07/schema#';
let canary: ReturnType<typeof createServer>;
let fetched = 0;
let gateway: RestGateway;
const folder = tempFolder();

/** Schemas that are no good, and one that is. */
function schemas(port: number): Record<string, Json> {
  const remote = `http://127.0.0.1:${port}/schema.json`;
  const branch = { properties: { a: { $ref: '#' }, b: { type: 'integer' } } };
  return {
    good: {
      type: 'object',
      properties: { 'a/b~c': { type: 'object', properties: { n: { type: 'integer' } }, required: ['m'] } },
      additionalProperties: false,
    },
    pattern: { type: 'object', properties: { text: { type: 'string', pattern: '^[a-z]+$' } } },
    old: { $schema: DRAFT_7, type: 'object', properties: { pair: { items: [{ type: 'string' }] } } },
    older: { $schema: 'http://json-schema.org/draft-04/schema#', type: 'object', required: ['x'] },
    remote: { type: 'object', properties: { x: { $ref: remote } }, required: ['y'] },
    remoteId: { $id: remote, type: 'object', properties: { x: { $ref: 'other.json' } }, required: ['y'] },
    broken: { type: 'nonsense', required: ['y'] },
    slowPattern: { type: 'object', properties: { text: { pattern: '^(a+)+$' } } },
    slowBranches: { anyOf: [branch, branch] },
    endless: { $ref: '#' },
    thief: { $id: 'http://x/', $defs: { a: { $id: 'inner', const: 1 } }, type: 'object' },
    victim: { $id: 'http://x/', type: 'object', properties: { v: { $ref: 'inner' } }, required: ['y'] },
    proto: JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"integer"}},"required":["constructor"]}',
    ),
  };
}

beforeAll(async () => {
  canary = createServer((_request, response) => {
    fetched += 1;
    response.end('{"type":"string"}');
  });
  await new Promise<void>((resolve) => {
    canary.listen(0, '127.0.0.1', resolve);
  });
  writeFileSync(join(folder.path, 'tools.json'), '[]');
  const tools = Object.entries(schemas((canary.address() as AddressInfo).port)).map(
    ([name, inputSchema]) => ({ name, inputSchema }),
  );
  const complete = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
  const scripted = (era: string) => ({
    ...runs(
      fixture('modern-scripted.mjs'),
      JSON.stringify({
        initialize: {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo: { name: 's', version: '1' },
        },
        'tools/list': { tools, ...complete },
        'tools/call': { content: [{ type: 'text', text: 'ran' }], ...complete },
      }),
    ),
    era,
  });
  gateway = await startRest({
    servers: {
      fullLegacy: FULL.legacy,
      fullModern: FULL.modern,
      legacy: scripted('legacy'),
      modern: scripted('modern'),
      changing: runs(fixture('listing-server.mjs'), join(folder.path, 'tools.json')),
    },
    rest: { validate: true, sessions: 'optional' },
  });
});
afterAll(async () => {
  await gateway.stop();
  canary.close();
  folder[Symbol.dispose]();
});

async function ran(server: string, tool: string, args: unknown): Promise<boolean> {
  const { status, text } = await gateway.post(`/api/${server}/${tool}`, args);
  expect(status).toBe(200);
  return text.includes('ran');
}

async function faultsOf(server: string, tool: string, args: unknown): Promise<Json> {
  const { status, json } = await gateway.post(`/api/${server}/${tool}`, args);
  expect([status, json.code, json.type]).toEqual([
    422,
    'ARGUMENTS_REFUSED',
    'urn:mcp-gateway:arguments-refused',
  ]);
  return json.errors;
}

describe.each(ERAS)('arguments for a server of the %s era', (era) => {
  it('are refused with JSON Pointers to what is wrong, and the server never sees them', async () => {
    const full = era === 'legacy' ? 'fullLegacy' : 'fullModern';
    expect(await faultsOf(full, 'structured', { a: 1 })).toEqual([
      { pointer: '/b', detail: "must have required property 'b'" },
    ]);
    const query = inSession();
    const refused = await gateway.post(`/api/${full}/structured${query}`, { a: 1, b: 'x' });
    expect(refused.json).toMatchObject({
      status: 422,
      errors: [{ pointer: '/b', detail: 'must be integer' }],
    });
    expect(refused.json.detail).toContain('/b must be integer.');
    const right = await gateway.post(`/api/${full}/structured${query}`, { a: 1, b: 2 });
    expect([right.status, right.json.structuredContent.sum]).toEqual([200, 3]);
    const stream = await gateway.post(`/api/${full}/structured${query}`, {}, { accept: 'text/event-stream' });
    expect([stream.status, stream.json.code]).toEqual([422, 'ARGUMENTS_REFUSED']);
    const fine = await gateway.post(
      `/api/${full}/structured${query}`,
      { a: 1, b: 2 },
      { accept: 'text/event-stream' },
    );
    expect(eventsIn(fine.text).at(-1)?.event).toBe('result');
  });

  it('are told apart by escaped pointers, patterns, and the dialect of their schema', async () => {
    expect(await faultsOf(era, 'good', { 'a/b~c': {} })).toMatchObject([{ pointer: '/a~1b~0c/m' }]);
    expect(await faultsOf(era, 'good', { 'x/y': 1 })).toMatchObject([{ pointer: '/x~1y' }]);
    expect(await faultsOf(era, 'pattern', { text: 'A' })).toEqual([
      { pointer: '/text', detail: 'must match pattern "^[a-z]+$"' },
    ]);
    expect(await faultsOf(era, 'old', { pair: [1] })).toMatchObject([{ pointer: '/pair/0' }]);
    expect(await faultsOf(era, 'proto', JSON.parse('{"__proto__":1}'))).toMatchObject([
      { pointer: '/constructor' },
    ]);
    expect(({} as Json).polluted).toBeUndefined();
  });

  it('#107 are left to the server where a schema leads outside, or is none', async () => {
    for (const tool of ['remote', 'remoteId', 'broken', 'older', 'endless'])
      expect([tool, await ran(era, tool, {})]).toEqual([tool, true]);
    expect(fetched).toBe(0);
  });

  it('#108 mean the same whatever other schemas are called', async () => {
    expect(await ran(era, 'thief', {})).toBe(true);
    expect(await ran(era, 'victim', {})).toBe(true);
  });

  it('of a tool that is not listed are left to the server', async () => {
    expect(await ran(era, 'unlisted', { any: 1 })).toBe(true);
  });
});

describe('a schema that takes for ever', { timeout: 60_000 }, () => {
  it.each([
    ['slowPattern', { text: `${'a'.repeat(40)}!` }],
    ['slowBranches', deep(60)],
  ])('#109 hangs nothing: %s', async (tool, args) => {
    const slow = ran('legacy', tool, args);
    // Others are served meanwhile, and checked after it.
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    const others = await Promise.all([1, 2, 3].map(() => faultsOf('modern', 'pattern', { text: 'A' })));
    expect(others.flat()).toHaveLength(3);
    expect(await slow).toBe(true);
    // From now on it is left alone: a check of it would take two seconds.
    const took: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const before = performance.now();
      expect(await ran('legacy', tool, args)).toBe(true);
      took.push(performance.now() - before);
    }
    expect(Math.min(...took)).toBeLessThan(1900);
  });
});

describe('a list that changes', () => {
  it('is asked again before anything is refused', async () => {
    const query = inSession();
    const call = (tool: string, args: object) => gateway.post(`/api/changing/${tool}${query}`, args);
    const tool = (type: string) => ({
      name: 'it',
      inputSchema: { type: 'object', properties: { x: { type } } },
    });
    expect((await call('change', { tools: [tool('string')] })).status).toBe(200);
    await expect.poll(async () => (await call('it', { x: 1 })).status, { timeout: 20_000 }).toBe(422);
    expect((await call('change', { tools: [tool('integer')] })).status).toBe(200);
    expect((await call('it', { x: 1 })).status).toBe(200);
  });
});

describe('a schema that is too large', () => {
  it('is left to the server', async () => {
    const query = inSession();
    const inputSchema = { type: 'object', required: ['y'], description: 'x'.repeat(300_000) };
    await gateway.post(`/api/changing/change${query}`, { tools: [{ name: 'huge', inputSchema }] });
    expect((await gateway.post(`/api/changing/huge${query}`, {})).status).toBe(200);
  });
});

describe('without rest.validate', () => {
  it('arguments are the business of the server, and turning it on counts at once', async () => {
    await using changed = await startRest({ servers: { legacy: FULL.legacy } });
    const call = () => changed.post('/api/legacy/structured?sessionId=s', { a: 'x', b: 1 });
    expect((await call()).status).not.toBe(422);
    await changed.reload({ servers: { legacy: FULL.legacy }, rest: { validate: true } });
    expect((await call()).status).toBe(422);
  });
});

/** Both branches fail at the innermost level only, so that each level doubles the work. */
function deep(levels: number): Json {
  let value: Json = { b: 'x' };
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
}
