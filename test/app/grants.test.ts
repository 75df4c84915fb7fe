import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { JSON_TYPE, told } from './edge-support.ts';

const ALL = { authorization: 'Bearer token-that-may-everything' };
const NARROW = { authorization: 'Bearer token-that-may-little' };
const ELSEWHERE = { authorization: 'Bearer token-for-another-server' };
/** What NARROW may use of `paged`: its own patterns within the server's. */
const NARROW_TOOLS = ['cwd', 'count', 't1', 't10', 't11'];
let gateway: TestGateway;
let narrow: BareSseClient;
let all: BareSseClient;

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      paged: {
        ...runs(HOSTILE_SERVER, '--page-size=3', '--tools-extra=12'),
        tools: { allow: ['c*', 'pid', 't*', 'echo', 'raw'], deny: ['crash', 'cancelled*', 't12'] },
      },
      open: runs(HOSTILE_SERVER),
    },
    auth: {
      bearer: {
        tokens: [
          { name: 'all', token: 'token-that-may-everything' },
          {
            name: 'narrow',
            token: 'token-that-may-little',
            servers: ['paged'],
            tools: ['c*', 't1*', 'stderr'],
          },
          { name: 'elsewhere', token: 'token-for-another-server', servers: ['op*'] },
        ],
      },
    },
  });
  [narrow, all] = (await Promise.all(
    [NARROW, ALL].map((headers) => BareSseClient.initialized(`${gateway.url}/paged`, {}, headers)),
  )) as [BareSseClient, BareSseClient];
});
afterAll(async () => {
  narrow.close();
  all.close();
  await gateway.stop();
});

function rest(
  path: string,
  headers: Record<string, string>,
  init: RequestInit = { method: 'POST', body: '{}' },
) {
  return told(fetch(gateway.url + path, { ...init, headers: { ...JSON_TYPE, ...headers } }));
}

async function listedTools(client: BareSseClient): Promise<string[]> {
  const names: string[] = [];
  let cursor: unknown;
  do {
    const { result } = await client.request('tools/list', cursor === undefined ? {} : { cursor });
    names.push(...((result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name));
    cursor = result?.['nextCursor'];
  } while (cursor !== undefined);
  return names;
}

/** Tools of each server in the caller's own document. */
async function documented(headers: Record<string, string>): Promise<Record<string, string[]>> {
  const { body } = await rest('/api/openapi.json', headers, { method: 'GET' });
  const found: Record<string, string[]> = {};
  const { paths } = JSON.parse(body) as { paths: Record<string, { post?: object }> };
  for (const [path, { post }] of Object.entries(paths)) {
    if (post === undefined) continue;
    const [, server, tool] = /^\/api\/(paged|open)\/([^/]+)$/.exec(path) ?? [];
    if (server !== undefined && tool !== undefined) (found[server] ??= []).push(tool);
  }
  return found;
}

describe('a credential that is narrowed to servers', () => {
  it('knows the others as little as a name that never was, on every path', async () => {
    for (const path of [
      '/api/NAME/pid?sessionId=x',
      '/NAME?sessionId=x',
      '/NAME/message?sessionId=x',
      '/NAME',
    ]) {
      const [foreign, unknown] = await Promise.all(
        ['open', 'nobody'].map((name) => rest(path.replace('NAME', name), NARROW)),
      );
      expect([path, foreign?.status]).toEqual([path, 404]);
      expect(foreign?.body).toBe(unknown?.body);
    }
    const stream = await told(
      fetch(`${gateway.url}/open`, { headers: { ...NARROW, accept: 'text/event-stream' } }),
    );
    expect(stream.status).toBe(404);
  });

  it('is held to them by pattern', async () => {
    expect((await rest('/api/open/pid?sessionId=x', ELSEWHERE)).status).toBe(200);
    expect((await rest('/api/paged/pid?sessionId=x', ELSEWHERE)).status).toBe(404);
  });

  it('has a document without the others, not even their names', async () => {
    const { body } = await rest('/api/openapi.json', ELSEWHERE, { method: 'GET' });
    expect(body).not.toContain('paged');
    expect((await rest('/api/openapi.yaml', ELSEWHERE, { method: 'GET' })).body).not.toContain('paged');
    expect(Object.keys(await documented(ELSEWHERE))).toEqual(['open']);
  });
});

describe('tools that are narrowed by the server and by the credential', () => {
  it('are listed across all pages only where both agree', async () => {
    expect(await listedTools(narrow)).toEqual(NARROW_TOOLS);
    expect(await listedTools(all)).toEqual([
      'echo',
      'raw',
      'pid',
      'cwd',
      'count',
      ...Array.from({ length: 12 }, (_, n) => `t${n}`),
    ]);
  });

  it('are in the OpenAPI document only where both agree', async () => {
    expect((await documented(NARROW))['paged']?.toSorted()).toEqual(NARROW_TOOLS.toSorted());
    const everything = await documented(ALL);
    expect(everything['paged']).toHaveLength(17);
    expect(everything['open']).toContain('crash');
  });

  it.each([
    ['the server denies it', 'crash', ALL],
    ['the server does not allow it', 'sleep', ALL],
    ['the credential does not name it', 'pid', NARROW],
    ['the credential names it, the server does not', 'stderr', NARROW],
  ])(
    'cannot be called when %s (%s): no such tool, and the server hears nothing',
    async (_why, tool, headers) => {
      const client = headers === ALL ? all : narrow;
      const before = Number(await client.callTool('count'));
      const { error } = await client.request('tools/call', { name: tool, arguments: {} });
      expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('Unknown tool') });
      expect(await client.callTool('count')).toBe(String(before + 1));
      const over = await rest(`/api/paged/${tool}?sessionId=n`, headers);
      expect([over.status, (JSON.parse(over.body) as { code: string }).code]).toEqual([404, 'TOOL_UNKNOWN']);
      expect((await rest('/api/paged/no-such-tool?sessionId=n', headers)).body).toBe(over.body);
    },
  );

  it('are called as always where they are granted', async () => {
    expect(await narrow.callTool('t11')).toBe('t11');
    expect((await rest('/api/paged/t11?sessionId=n', NARROW)).status).toBe(200);
  });
});

describe('a way around the grants', () => {
  it.each([
    ['an escaped name', '{"name":"p\\u0069d","arguments":{}}'],
    ['a name twice, the granted one first', '{"name":"count","name":"pid"}'],
    ['a name twice, the granted one last', '{"name":"pid","name":"count"}'],
    ['a name twice, one key escaped', '{"name":"count","n\\u0061me":"pid"}'],
    ['a name in other case beside it', '{"name":"count","Name":"pid"}'],
    ['a name in a list', '{"name":["pid"]}'],
    ['a name in an object', '{"name":{"toString":"pid"}}'],
    ['no name', '{"arguments":{"name":"pid"}}'],
    ['params in a list', '["pid"]'],
    ['a name with a blank', '{"name":"pid "}'],
    ['a name with a NUL', '{"name":"pid\\u0000"}'],
    ['a name in upper case', '{"name":"PID"}'],
  ])('is refused: %s', async (what, params) => {
    await narrow.post(
      `{"jsonrpc":"2.0","id":${JSON.stringify(what)},"method":"tools/call","params":${params}}`,
    );
    const { error, result } = await narrow.message(({ id }) => id === what);
    expect(result).toBeUndefined();
    expect([-32600, -32602]).toContain(error?.code);
  });

  it.each([
    ['a method in other case', '"method":"ping","Method":"tools/call","params":{"name":"pid"}'],
    ['params in other case', '"method":"tools/call","params":{"name":"count"},"Params":{"name":"pid"}'],
    ['params with a long s', '"method":"tools/call","params":{"name":"count"},"param\u017f":{"name":"pid"}'],
    ['an escaped method', '"method":"tools\\u002fcall","params":{"name":"pid"}'],
  ])('is refused: %s', async (what, members) => {
    await narrow.post(`{"jsonrpc":"2.0","id":${JSON.stringify(what)},${members}}`);
    expect((await narrow.message(({ id }) => id === what)).error).toBeDefined();
  });

  it('is no escaped path over REST', async () => {
    for (const tool of ['p%69d', '%70%69%64', 'pid%00', '../open/pid', '..%2fopen%2fpid', 'PID']) {
      const answer = await rest(`/api/paged/${tool}?sessionId=n`, NARROW);
      expect([tool, answer.status]).toEqual([tool, 404]);
    }
  });

  it('is no other session: each caller is held to its own grants', async () => {
    await rest('/api/paged/pid?sessionId=common', ALL);
    expect((await rest('/api/paged/pid?sessionId=common', NARROW)).status).toBe(404);
  });
});

describe('a principal without limits', () => {
  it('has the list as the server wrote it, to the byte', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/open`, {}, ALL);
    await client.post('{"jsonrpc":"2.0","id":"list","method":"tools/list"}');
    const event = await client.waitFor(({ data }) => (data.includes('"id":"list"') ? data : undefined));
    expect(
      event.startsWith('{"jsonrpc":"2.0","id":"list","result":{"tools":[{"name":"echo","description":'),
    ).toBe(true);
    expect((JSON.parse(event) as { result: { tools: object[] } }).result.tools.length).toBeGreaterThan(18);
    client.close();
  });
});
