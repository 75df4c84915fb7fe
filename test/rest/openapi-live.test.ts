import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { OpenApiDocument } from '../../src/fronts/rest/openapi.ts';
import { tempFolder } from '../instance/helpers.ts';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { findFaults } from './openapi-judges.ts';

const ALL = { authorization: 'Bearer token-that-may-everything' };
const LITTLE = { authorization: 'Bearer token-that-may-little' };

const folder = tempFolder();
let gateway: TestGateway;

beforeAll(async () => {
  const file = join(folder.path, 'tools.json');
  writeFileSync(
    file,
    JSON.stringify([
      { name: 'openapi.json', description: 'A tool by that name.' },
      {
        name: 'a b',
        inputSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
      },
    ]),
  );
  gateway = await startGateway({
    servers: {
      lists: runs(fixture('listing-server.mjs'), file),
      other: runs(HOSTILE_SERVER),
      broken: runs(HOSTILE_SERVER, '--exit-on-start=3'),
    },
    auth: {
      bearer: {
        tokens: [
          { name: 'all', token: 'token-that-may-everything' },
          { name: 'little', token: 'token-that-may-little', servers: ['other'], tools: ['c*'] },
        ],
      },
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  folder[Symbol.dispose]();
});

function get(path: string, headers: Record<string, string> = ALL): Promise<Response> {
  return fetch(gateway.url + path, { headers });
}

async function documentAt(path: string, headers: Record<string, string> = ALL): Promise<OpenApiDocument> {
  const response = await get(path, headers);
  expect(response.status).toBe(200);
  const text = await response.text();
  return (path.includes('.yaml') ? parse(text) : JSON.parse(text)) as OpenApiDocument;
}

describe('the document of one server', () => {
  it('has a base that makes its paths work, also behind the bare URL that a client was given', async () => {
    const { info, paths, servers } = await documentAt('/api/lists/openapi.json');
    expect(info.title).toContain('lists');
    expect(Object.keys(paths).slice(0, 2)).toEqual(['/openapi.json', '/a%20b']);
    expect(servers).toEqual([{ url: '/api/lists' }]);
    for (const base of servers.map(({ url }) => gateway.url + url)) {
      for (const path of ['/openapi.json', '/a%20b']) {
        const body = paths[path]?.['post'] as {
          requestBody: { content: Record<string, { example: object }> };
        };
        const { example } = body.requestBody.content['application/json'] ?? {};
        const response = await fetch(`${base}${path}?sessionId=s`, {
          method: 'POST',
          headers: { ...ALL, 'content-type': 'application/json' },
          body: JSON.stringify(example),
        });
        const { content } = (await response.json()) as { content: { text: string }[] };
        expect(JSON.parse(content[0]?.text ?? '')).toEqual({
          name: decodeURIComponent(path.slice(1)),
          args: example,
        });
      }
    }
  });

  it('is the same in YAML', async () => {
    expect(await documentAt('/api/lists/openapi.yaml')).toEqual(await documentAt('/api/lists/openapi.json'));
    expect((await get('/api/lists/openapi.yaml')).headers.get('content-type')).toMatch(/^application\/yaml/);
  });

  it('has what the caller may use, and is not there for whom the server is not', async () => {
    expect(Object.keys((await documentAt('/api/other/openapi.json', LITTLE)).paths)).toEqual(
      expect.arrayContaining(['/count', '/crash']),
    );
    expect(Object.keys((await documentAt('/api/other/openapi.json', LITTLE)).paths)).not.toContain('/echo');
    const foreign = await get('/api/lists/openapi.json', LITTLE);
    const unknown = await get('/api/nobody/openapi.json', LITTLE);
    expect([foreign.status, await foreign.text()]).toEqual([unknown.status, await unknown.text()]);
    expect(foreign.status).toBe(404);
    expect((await get('/api/other/openapi.json', {})).status).toBe(401);
  });

  it('is the error of the server that cannot be asked; that of all servers names it in its report', async () => {
    const failed = await get('/api/broken/openapi.json');
    expect([failed.status, ((await failed.json()) as { code: string }).code]).toEqual([502, 'START_FAILED']);
    const report = (await documentAt('/api/openapi.json'))['x-mcp-report'];
    expect(report).toContainEqual({
      kind: 'left-out',
      server: 'broken',
      what: 'The server process could not be started.',
    });
    expect(await documentAt('/api/openapi.json', LITTLE)).not.toHaveProperty('x-mcp-report');
  });
});

describe('a document that is asked for again', () => {
  it.each(['/api/openapi.json', '/api/openapi.yaml', '/api/lists/openapi.json'])(
    'is 304 for who has it: %s',
    async (path) => {
      const first = await get(path);
      const etag = first.headers.get('etag') ?? '';
      expect(etag).toMatch(/^"[\w-]{43}"$/);
      expect(first.headers.get('cache-control')).toBe('private, no-cache');
      expect(first.headers.get('vary')).toContain('Authorization');
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await get(path, { ...ALL, 'if-none-match': known });
        expect([known, again.status, await again.text()]).toEqual([known, 304, '']);
        expect(again.headers.get('etag')).toBe(etag);
      }
      const whole = await get(path, { ...ALL, 'if-none-match': '"other"' });
      expect([whole.status, await whole.text()]).toEqual([200, await first.text()]);
    },
  );

  it('is another document for another caller, format or version', async () => {
    const tags = await Promise.all(
      [
        get('/api/openapi.json'),
        get('/api/openapi.json', LITTLE),
        get('/api/openapi.yaml'),
        get('/api/other/openapi.json'),
        get('/api/other/openapi.json', LITTLE),
      ].map(async (asked) => (await asked).headers.get('etag')),
    );
    expect(new Set(tags).size).toBe(tags.length);
    const stranger = await get('/api/openapi.json', { 'if-none-match': tags[0] ?? '' });
    expect(stranger.status).toBe(401);
  });
});

describe('#107 a schema that refers elsewhere', () => {
  it.each(['', '?version=3.0', '?profile=gpt-actions', '?profile=open-webui'])(
    'is not followed: %s',
    async (query) => {
      const visitors: string[] = [];
      const canary = createServer((request, response) => {
        visitors.push(request.url ?? '');
        response.end('{}');
      });
      await once(canary.listen(0, '127.0.0.1'), 'listening');
      try {
        const elsewhere = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
        const file = join(folder.path, 'elsewhere.json');
        const inputSchema = {
          type: 'object',
          $schema: `${elsewhere}/draft`,
          $id: `${elsewhere}/id`,
          properties: {
            a: { $ref: `${elsewhere}/a` },
            b: { $ref: 'file:///etc/passwd' },
            c: { $ref: 'c.json' },
          },
          default: { $ref: `${elsewhere}/default` },
        };
        writeFileSync(file, JSON.stringify([{ name: 't', inputSchema, outputSchema: inputSchema }]));
        await using own = await startGateway({
          servers: { lists: runs(fixture('listing-server.mjs'), file) },
        });
        const response = await fetch(`${own.url}/api/lists/openapi.json${query}`);
        const document = JSON.parse(await response.text()) as OpenApiDocument;
        const told = JSON.stringify(document['x-mcp-report']);
        expect(JSON.stringify({ ...document, 'x-mcp-report': [] })).not.toMatch(
          /127\.0\.0\.1|passwd|c\.json/,
        );
        expect(told).toContain('does not lead to a schema in here');
        expect(await findFaults(document)).toEqual([]);
        expect(visitors).toEqual([]);
      } finally {
        canary.close();
      }
    },
  );
});

describe('a wish that is not known', () => {
  it.each(['version=3.2', 'version=3', 'version=3.1&version=3.0', 'version='])(
    'is told what there is: ?%s',
    async (query) => {
      const response = await get(`/api/openapi.json?${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        code: 'QUERY_INVALID',
        detail: expect.stringContaining('version must be 3.1 or 3.0') as string,
      });
    },
  );

  it('of a client, too', async () => {
    const response = await get('/api/lists/openapi.json?profile=gpt');
    expect(await response.json()).toMatchObject({
      code: 'QUERY_INVALID',
      detail: expect.stringContaining('profile must be gpt-actions or open-webui') as string,
    });
  });
});
