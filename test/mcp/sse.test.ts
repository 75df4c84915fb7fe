import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { RawExchange } from '../support/raw-exchange.ts';
import { BareSseClient } from '../support/sse-client.ts';

const GRACE_MS = 300;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    http: { sseGraceMs: GRACE_MS },
    servers: { echo: runs(HOSTILE_SERVER), other: runs(HOSTILE_SERVER) },
  });
});
afterAll(() => gateway.stop());

describe('HTTP+SSE', () => {
  it.each(['/echo', '/echo/sse', '/echo/mcp'])(
    '[era 4] opens with a relative endpoint at %s and starts nothing',
    async (path) => {
      const started = gateway.pids().length;
      const client = await BareSseClient.open(gateway.url + path);
      await client.endpoint();
      expect(client.events[0]).toMatchObject({
        event: 'endpoint',
        data: expect.stringMatching(/^\/echo\?sessionId=[0-9a-f]{38}$/),
      });
      expect(client.events[0]?.id).toBeTruthy();
      expect(client.response.headers.get('content-type')).toBe('text/event-stream');
      expect(client.response.headers.get('cache-control')).toContain('no-transform');
      expect(client.response.headers.get('x-accel-buffering')).toBe('no');
      expect(gateway.pids().length).toBe(started);
      client.close();
    },
  );

  it('answers a POST with 202 and the request on the stream, its id and numbers as they came', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const posted = await client.post(
      '{"jsonrpc":"2.0","id":"a\\u0062","method":"tools/call","params":{"name":"echo","arguments":{"big":9007199254740993,"one":1.0}}}',
    );
    expect([posted.status, await posted.text()]).toEqual([202, 'Accepted']);
    const event = await client.waitFor((each) => (each.data.includes('9007199254740993') ? each : undefined));
    expect(event.data).toContain('"id":"a\\u0062"');
    expect(event.data).toContain('\\"big\\":9007199254740993,\\"one\\":1.0');
    client.close();
  });

  it('answers POSTs soon whose requests take long, also while others run', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const sleep = (id: number) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'sleep', arguments: { ms: 60_000 } },
    });
    const statuses = await Promise.all([81, 82, 83].map(async (id) => (await client.post(sleep(id))).status));
    expect(statuses).toEqual([202, 202, 202]);
    expect(client.events.some(({ data }) => data.includes('"id":8'))).toBe(false);
    client.close();
  });

  it('is a stream without chunks for a client of HTTP/1.0', async () => {
    const exchange = new RawExchange(gateway.port);
    exchange.socket.write('GET /echo HTTP/1.0\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n\r\n');
    const { headers } = await exchange.head();
    expect(headers['transfer-encoding']).toBeUndefined();
    await exchange.until(() => exchange.events.some(({ event }) => event === 'endpoint'));
    exchange.close();
  });

  it('serves POSTs at the message alias', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo/sse`);
    const alias = (await client.endpoint()).replace('/echo?', '/echo/message?');
    const posted = await fetch(alias, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":77,"method":"ping"}',
    });
    expect(posted.status).toBe(202);
    expect((await client.message((message) => message.id === 77)).result).toEqual({});
    client.close();
  });

  it('replaces raw newlines of a pretty-printed body by spaces', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    await client.post(
      '{\r\n  "jsonrpc": "2.0",\n  "id": 5,\n  "method": "tools/call",\n  "params": { "name": "raw",\n "arguments": {} }\n}',
    );
    const { result } = await client.message((message) => message.id === 5);
    expect(result?.['content']).toEqual([
      { type: 'text', text: expect.stringMatching(/^\{ {4}"jsonrpc": "2.0"/) },
    ]);
    client.close();
  });

  it('[fault 8] rewrites ids and progress tokens on the way and restores them with their type', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    await client.post({
      jsonrpc: '2.0',
      id: 'x',
      method: 'tools/call',
      params: { name: 'progress', arguments: { steps: 3 }, _meta: { progressToken: 'tok' } },
    });
    await client.message((message) => message.id === 'x');
    const tokens = client.events.flatMap(({ data }) =>
      data.includes('notifications/progress') ? [JSON.parse(data).params.progressToken] : [],
    );
    expect(tokens).toEqual(['tok', 'tok', 'tok']);
    const raw = await client.callTool('raw');
    expect(raw).not.toContain('tok');
    client.close();
  });

  it('hands a question of the server to its client and the answer back', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`, { sampling: {} });
    const asked = client.callTool('ask', {
      method: 'sampling/createMessage',
      params: { maxTokens: 5 },
      stringId: true,
    });
    const question = await client.message((message) => message.method === 'sampling/createMessage');
    expect(question.params).toEqual({ maxTokens: 5 });
    await client.post({ jsonrpc: '2.0', id: question.id, result: { model: 'm', exact: 1 } });
    expect(await asked).toContain('"exact":1');
    const again = await client.post({ jsonrpc: '2.0', id: question.id, result: { model: 'late' } });
    expect(again.status).toBe(202);
    client.close();
  });

  it('cancels by the client id, tells the server its own, and answers nothing', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    await client.post({
      jsonrpc: '2.0',
      id: 'slow',
      method: 'tools/call',
      params: { name: 'sleep', arguments: { ms: 60_000 } },
    });
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'slow' } });
    expect(JSON.parse(await client.callTool('cancelledIds'))).toHaveLength(1);
    expect(client.events.some(({ data }) => data.includes('"slow"'))).toBe(false);
    client.close();
  });

  it('[fault 10] cannot cancel the call of another session', async () => {
    const [mine, theirs] = await Promise.all([
      BareSseClient.initialized(`${gateway.url}/echo`),
      BareSseClient.initialized(`${gateway.url}/echo`),
    ]);
    const answer = theirs.request('tools/call', { name: 'sleep', arguments: { ms: 100 } }, 'shared-id');
    await mine.post({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 'shared-id' },
    });
    expect((await answer).result).toBeDefined();
    expect(JSON.parse(await mine.callTool('cancelledIds'))).toEqual([]);
    mine.close();
    theirs.close();
  });

  it.each([
    ['a request before initialize', { jsonrpc: '2.0', id: 1, method: 'tools/list' }, -32600],
    [
      'a modern probe',
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'server/discover',
        params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
      },
      -32601,
    ],
  ])('answers %s on the stream and starts nothing', async (_what, message, code) => {
    const started = gateway.pids().length;
    const client = await BareSseClient.open(`${gateway.url}/echo`);
    expect((await client.post(message)).status).toBe(202);
    expect((await client.message(({ id }) => id === 1)).error?.code).toBe(code);
    expect(gateway.pids().length).toBe(started);
    client.close();
  });

  it('[fault 6] refuses a second request with an id in flight, and the first is unaffected', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const first = client.request('tools/call', { name: 'sleep', arguments: { ms: 150 } }, 'twice');
    await client.post({ jsonrpc: '2.0', id: 'twice', method: 'ping' });
    expect((await client.message(({ id, error }) => id === 'twice' && error !== undefined)).error?.code).toBe(
      -32600,
    );
    await first;
    expect(
      (await client.message(({ id, result }) => id === 'twice' && result !== undefined)).result,
    ).toBeDefined();
    client.close();
  });

  it('[fault 12] accepts a batch only where the negotiated revision has batches', async () => {
    const old = await BareSseClient.initialized(`${gateway.url}/echo`);
    expect((await old.post([{ jsonrpc: '2.0', id: 1, method: 'ping' }])).status).toBe(400);
    old.close();
    const client = await BareSseClient.open(`${gateway.url}/echo`);
    await client.request('initialize', {
      protocolVersion: '2025-03-26',
      capabilities: {},
      clientInfo: { name: 'b', version: '0' },
    });
    expect(
      (
        await client.post([
          { jsonrpc: '2.0', id: 'b1', method: 'ping' },
          { jsonrpc: '2.0', id: 'b2', method: 'ping' },
        ])
      ).status,
    ).toBe(202);
    await Promise.all(['b1', 'b2'].map((id) => client.message((message) => message.id === id)));
    client.close();
  });
});

describe('opening a stream', () => {
  it.each([
    [405, { 'mcp-protocol-version': '2025-11-25', accept: 'text/event-stream' }],
    [404, { 'mcp-session-id': 'gone', accept: 'text/event-stream' }],
    [406, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }],
    [406, { accept: 'application/json' }],
  ])('answers %i to %j and opens no session', async (status, headers) => {
    const sessions = gateway.gateway.inspect().sessions;
    const response = await fetch(`${gateway.url}/echo`, { headers: headers as Record<string, string> });
    expect(response.status).toBe(status);
    expect(gateway.gateway.inspect().sessions).toBe(sessions);
  });

  it('never opens one for HEAD, and names the methods there are', async () => {
    const response = await fetch(`${gateway.url}/echo`, { method: 'HEAD' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE, OPTIONS']);
  });

  it('does not know a session under another server', async () => {
    const client = await BareSseClient.open(`${gateway.url}/echo`);
    const elsewhere = (await client.endpoint()).replace('/echo?', '/other?');
    const response = await fetch(elsewhere, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(404);
    client.close();
  });
});
