/** A modern server as clients of older revisions see it: their handshake, lists, results, logs and subscriptions. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { ModernClient } from '../support/modern-client.ts';
import type { RawExchange } from '../support/raw-exchange.ts';
import { BareSseClient, type RpcMessage } from '../support/sse-client.ts';
import { answerOf, StreamableClient } from '../support/streamable-client.ts';

const COMPLETE = { resultType: 'complete' };
const CACHED = { ...COMPLETE, ttlMs: 5, cacheScope: 'public' };
const SERVER_INFO = { 'io.modelcontextprotocol/serverInfo': { name: 'x', version: '1' } };
const TOOLS = [
  { name: 'list', inputSchema: { type: 'object' }, outputSchema: { type: 'array', items: {} } },
  { name: 'map', inputSchema: { type: 'object' }, outputSchema: { type: 'object', properties: {} } },
];
const RESULTS = {
  'tools/list': { ...CACHED, tools: TOOLS, nextCursor: 'c', _meta: SERVER_INFO },
  'prompts/list': { ...CACHED, prompts: [], 'x-own': 1 },
  'resources/read': { ...CACHED, contents: [{ uri: 'a:b', text: 't', ttlMs: 7 }] },
};

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      modern: { ...runs(fixture('modern-hostile.mjs')), era: 'modern' },
      scripted: { ...runs(fixture('modern-scripted.mjs'), JSON.stringify(RESULTS)), era: 'modern' },
    },
  });
});
afterAll(() => gateway.stop());

const open = (server: string, version = '2025-11-25') =>
  StreamableClient.open(gateway.port, `/${server}`, { version });

async function ask(client: StreamableClient, method: string, params: object = {}): Promise<RpcMessage> {
  const sent = client.post({ jsonrpc: '2.0', id: client.nextId(), method, params });
  await sent.done();
  return answerOf(sent);
}

describe('the handshake', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    '[era 36] is answered from what the server says of itself, in version %s',
    async (version) => {
      const { initialized } = await open('modern', version);
      expect(initialized.result).toEqual({
        protocolVersion: version,
        capabilities: {
          tools: { listChanged: true },
          prompts: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          logging: {},
        },
        serverInfo: { name: 'modern-hostile', version: '1.0.0' },
        instructions: 'Expect the worst of 2026.',
      });
    },
  );

  it('[era 36] offers the newest version to a client of one that nobody knows, and ping needs no server', async () => {
    const client = await open('modern', '1999-01-01');
    expect(client.initialized.result?.['protocolVersion']).toBe('2025-11-25');
    expect((await ask(client, 'ping')).result).toEqual({});
    expect(JSON.parse(await client.text('seen'))).not.toContain('ping');
  });

  it('[era 36] works over HTTP+SSE, too', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/modern`);
    expect(await client.callTool('echo', { a: 1 })).toBe('{"a":1}');
    client.close();
  });
});

describe('a result', () => {
  it('[era 36] has nothing of what only modern clients know', async () => {
    const client = await open('scripted', '2025-06-18');
    expect((await ask(client, 'tools/list')).result).toMatchObject({ nextCursor: 'c' });
    for (const method of ['tools/list', 'prompts/list', 'resources/read']) {
      const { result } = await ask(client, method, { uri: 'a:b' });
      for (const name of ['resultType', 'ttlMs', 'cacheScope']) expect(result).not.toHaveProperty(name);
      expect(JSON.stringify(result)).not.toContain('serverInfo');
    }
  });

  it('[era 36] keeps what is the server\u2019s own', async () => {
    const client = await open('scripted');
    expect((await ask(client, 'prompts/list')).result).toEqual({ prompts: [], 'x-own': 1 });
    expect((await ask(client, 'resources/read', { uri: 'a:b' })).result).toEqual({
      contents: [{ uri: 'a:b', text: 't', ttlMs: 7 }],
    });
  });

  it('[era 45] has structured content only where a schema of the client\u2019s revision could describe it', async () => {
    const client = await open('scripted');
    const { result } = await ask(client, 'tools/list');
    const schemas = ((result?.['tools'] ?? []) as { outputSchema?: object }[]).map(
      ({ outputSchema }) => outputSchema,
    );
    expect(schemas).toEqual([undefined, { type: 'object', properties: {} }]);
    const content = [{ type: 'text', text: '[1]' }];
    const call = async (name: string, structuredContent: unknown) =>
      (
        await ask(client, 'tools/call', {
          name,
          arguments: { result: { ...COMPLETE, content, structuredContent } },
        })
      ).result;
    expect(await call('list', [1])).toEqual({ content });
    expect(await call('list', 'text')).toEqual({ content });
    expect(await call('map', { a: 1 })).toEqual({ content, structuredContent: { a: 1 } });
  });

  it.each([
    ['2024-11-05', ['text', 'text', 'text']],
    ['2025-03-26', ['text', 'audio', 'text']],
    ['2025-06-18', ['text', 'audio', 'resource_link']],
  ])('[era 45] has only the kinds of content that %s knows', async (version, expected) => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'audio', data: 'AA==', mimeType: 'audio/wav' },
      { type: 'resource_link', uri: 'file:///x', name: 'x' },
    ];
    const client = await open('scripted', version);
    const args = { name: 'map', arguments: { result: { ...COMPLETE, content } } };
    const told = (await ask(client, 'tools/call', args)).result?.['content'] as {
      type: string;
      text?: string;
    }[];
    expect(told.map(({ type }) => type)).toEqual(expected);
    if (expected[2] === 'text') expect(told[2]?.text).toContain('file:///x');
  });
});

describe('the log level', () => {
  const LEVEL = 'io.modelcontextprotocol/logLevel';

  it('[era 43] is what the client set, and messages reach it on the stream of its call', async () => {
    const client = await open('modern');
    expect(await client.text('raw')).toContain(`"${LEVEL}":"info"`);
    const quiet = client.call('log', { level: 'debug' });
    expect((await quiet.done()).headers['content-type']).toBe('application/json');
    expect((await ask(client, 'logging/setLevel', { level: 'debug' })).result).toEqual({});
    expect(await client.text('raw')).toContain(`"${LEVEL}":"debug"`);
    const loud = client.call('log', { level: 'debug', text: 'hello' });
    await loud.done();
    expect(loud.messages).toMatchObject([
      { method: 'notifications/message', params: { level: 'debug', data: 'hello' } },
      { result: { content: [{ text: 'logged' }] } },
    ]);
  });

  it('[era 43] is not asked for where the server has no logs', async () => {
    const client = await open('scripted');
    expect(client.initialized.result?.['capabilities']).toEqual({ tools: {} });
    expect((await ask(client, 'logging/setLevel', { level: 'debug' })).result).toEqual({});
  });
});

describe('subscriptions', () => {
  const received = (stream: RawExchange) => stream.messages.map(({ method }) => method);

  it('[era 44] of two sessions to one resource and to the lists: each is told once, and the last one ends them', async () => {
    const uri = 'file:///watched';
    const server = new ModernClient(gateway.port, '/modern');
    const clients = await Promise.all([open('modern'), open('modern')]);
    const [one, two] = clients;
    const streams = clients.map((client) => client.listen());
    const [first, second] = streams as [RawExchange, RawExchange];
    await Promise.all(streams.map((stream) => stream.head()));
    const before = (JSON.parse(await server.text('listens')) as unknown[]).length;
    for (const client of clients)
      expect((await ask(client, 'resources/subscribe', { uri })).result).toEqual({});
    expect((JSON.parse(await server.text('listens')) as unknown[]).length).toBeGreaterThan(before);

    await server.text('fire', { what: 'updated', uri });
    await server.text('fire', { what: 'tools' });
    const updated = 'notifications/resources/updated';
    const changed = 'notifications/tools/list_changed';
    for (const stream of streams) {
      await stream.until(() => stream.messages.length >= 2);
      expect(received(stream)).toEqual([updated, changed]);
      expect(stream.messages[0]?.params).toMatchObject({ uri });
      expect(stream.body).not.toContain('subscriptionId');
    }

    expect((await ask(one, 'resources/unsubscribe', { uri })).result).toEqual({});
    await server.text('fire', { what: 'updated', uri });
    await server.text('fire', { what: 'tools' });
    await second.until(() => second.messages.length >= 4);
    await first.until(() => first.messages.length >= 3);
    expect(received(first)).toEqual([updated, changed, changed]);
    expect(received(second)).toEqual([updated, changed, updated, changed]);

    expect((await ask(two, 'resources/unsubscribe', { uri })).result).toEqual({});
    expect((JSON.parse(await server.text('listens')) as unknown[]).length).toBe(before);
    for (const client of clients) await client.end().done();
  });

  it('[era 44] that the server does not take are refused', async () => {
    const client = await open('modern');
    const answer = await ask(client, 'resources/subscribe', { uri: 'refused:x' });
    expect(answer.error?.code).toBe(-32602);
  });
});
