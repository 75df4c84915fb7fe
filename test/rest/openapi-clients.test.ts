/** The documents of the profiles, fetched, read and used as their clients do it, with a real server behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type ReadTool, readAsLibreChat, readAsOpenWebUi } from './document-readers.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const HEADERS = { authorization: 'Bearer a-token-that-is-long-enough', 'content-type': 'application/json' };
let gateway: TestGateway;

const start = (sessions: string): Promise<TestGateway> =>
  startGateway({
    rest: { sessions },
    publicUrl: 'https://mcp.example.com',
    auth: { bearer: { tokens: ['a-token-that-is-long-enough'] } },
    servers: {
      filesystem: {
        command: 'node_modules/.bin/mcp-server-filesystem',
        args: ['examples/files'],
        path: ROOT,
      },
    },
  });

async function documentAt(path: string): Promise<unknown> {
  const response = await fetch(`${gateway.url}${path}`, { headers: HEADERS });
  expect(response.status).toBe(200);
  return await response.json();
}

/** The model's part: every argument that is required, and those given. */
async function use(tools: readonly ReadTool[], name: string, args: Record<string, unknown>): Promise<string> {
  const tool = tools.find((each) => each.name === name);
  if (tool === undefined)
    throw new Error(`no tool ${name} among ${tools.map((each) => each.name).join(', ')}`);
  const session = tool.required.includes('sessionId') ? { sessionId: 'conversation-1' } : {};
  const { method, url, body } = tool.request({ ...session, ...args });
  const response = await fetch(url.replace('https://mcp.example.com', gateway.url), {
    method,
    headers: HEADERS,
    body: JSON.stringify(body),
  });
  expect([response.status, url]).toEqual([200, url]);
  return ((await response.json()) as { content: { text: string }[] }).content[0]?.text ?? '';
}

const CASES: readonly (readonly [string, () => Promise<readonly ReadTool[]>])[] = [
  [
    'Open WebUI, given the URL of one server',
    async () =>
      readAsOpenWebUi(
        await documentAt('/api/filesystem/openapi.json?profile=open-webui'),
        `${gateway.url}/api/filesystem`,
      ),
  ],
  [
    'Open WebUI, given the URL of the gateway',
    async () => readAsOpenWebUi(await documentAt('/api/openapi.json?profile=open-webui'), gateway.url),
  ],
  [
    'Open WebUI without a profile',
    async () =>
      readAsOpenWebUi(await documentAt('/api/filesystem/openapi.json'), `${gateway.url}/api/filesystem`),
  ],
  [
    'LibreChat',
    async () => readAsLibreChat(await documentAt('/api/filesystem/openapi.json?profile=gpt-actions')),
  ],
  [
    'LibreChat with all servers',
    async () => readAsLibreChat(await documentAt('/api/openapi.json?profile=gpt-actions')),
  ],
];

describe.each(['required', 'optional'])('with sessions that are %s', (sessions) => {
  beforeAll(async () => {
    gateway = await start(sessions);
  });
  afterAll(() => gateway.stop());

  describe.each(CASES)('%s', (_client, read) => {
    it('finds the tools with their descriptions and arguments, and calls them', async () => {
      const tools = await read();
      const readFile = tools.find(({ name }) => name === 'filesystem_read_text_file');
      expect(readFile?.description).toMatch(/^Read the complete contents of a file/);
      expect(readFile?.properties['path']).toMatchObject({ type: 'string' });
      expect(readFile?.required).toEqual(
        expect.arrayContaining(sessions === 'required' ? ['path', 'sessionId'] : ['path']),
      );
      expect(await use(tools, 'filesystem_read_text_file', { path: 'notes/shopping.md' })).toContain('#');
      expect(await use(tools, 'filesystem_list_directory', { path: '.' })).toContain('[FILE] hello.txt');
      expect(await use(tools, 'filesystem_list_allowed_directories', {})).toContain('examples/files');
    });
  });
});

describe('the editor of GPT Actions', () => {
  beforeAll(async () => {
    gateway = await start('optional');
  });
  afterAll(() => gateway.stop());

  it('finds nothing to refuse', async () => {
    const text = await (
      await fetch(`${gateway.url}/api/openapi.json?profile=gpt-actions`, { headers: HEADERS })
    ).text();
    const document = JSON.parse(text) as {
      openapi: string;
      servers: unknown;
      paths: Record<string, Record<string, Record<string, unknown>>>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toEqual([{ url: 'https://mcp.example.com' }]);
    expect(text.length).toBeLessThan(1_000_000);
    expect(text).not.toContain('"$ref"');
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
    expect(operations.length).toBeLessThanOrEqual(30);
    for (const operation of operations) {
      expect(String(operation['description']).length).toBeLessThanOrEqual(300);
      expect(operation['operationId']).toMatch(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/);
      expect(typeof operation['x-openai-isConsequential']).toBe('boolean');
      expect(findObjectsWithoutProperties(operation)).toEqual([]);
    }
    const consequential = (name: string): unknown =>
      operations.find(({ operationId }) => operationId === name)?.['x-openai-isConsequential'];
    expect([consequential('filesystem_read_text_file'), consequential('filesystem_write_file')]).toEqual([
      false,
      true,
    ]);
  });
});

function findObjectsWithoutProperties(node: unknown, path = ''): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const inner = Object.entries(node).flatMap(([key, held]) =>
    findObjectsWithoutProperties(held, `${path}/${key}`),
  );
  return 'type' in node && node.type === 'object' && !('properties' in node) ? [path, ...inner] : inner;
}
