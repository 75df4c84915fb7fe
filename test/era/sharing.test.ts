/** One process for many: whose answer, whose subscription, whose state; and how little a REST call costs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { brief, META, ModernClient, told } from '../support/modern-client.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { StreamableClient } from '../support/streamable-client.ts';

const MODERN = fixture('modern-hostile.mjs');
const credentials = [
  { username: 'alice', password: 'alices-password-1' },
  { username: 'bob', password: 'bobs-password-22' },
];
const elicit = { method: 'elicitation/create', params: { message: '?', requestedSchema: {} } };

let gateway: TestGateway;
let guarded: TestGateway;

beforeAll(async () => {
  const modern = { ...runs(MODERN), era: 'modern' };
  gateway = await startGateway({
    servers: {
      modern,
      alone: modern,
      unknown: runs(MODERN),
      legacy: runs(HOSTILE_SERVER),
      rest: runs(HOSTILE_SERVER),
    },
  });
  guarded = await startGateway({
    auth: { basic: { enabled: true, credentials } },
    servers: { modern },
  });
});
afterAll(async () => {
  await gateway.stop();
  await guarded.stop();
});

const clientOf = (server: string) => new ModernClient(gateway.port, `/${server}`);
const listOf = async (client: ModernClient, tool: string) => JSON.parse(await client.text(tool)) as unknown[];

describe('a client that disconnects', () => {
  it.each([
    ['before the answer began', undefined],
    ['from an open stream', 'text/event-stream'],
  ])('[era 22] %s cancels its call, under the id that the server knows', async (_when, accept) => {
    const client = clientOf('modern');
    const before = await listOf(client, 'cancelledIds');
    const started = (await listOf(client, 'seen')).length;
    const params = { name: 'sleep', arguments: { ms: 60_000 } };
    const call = client.send('tools/call', params, { id: 'mine', headers: { accept } });
    // Every look at it is a call more; the one that sleeps makes two.
    for (let looks = 1; (await listOf(client, 'seen')).length < started + looks + 1; looks += 1);
    call.close();
    let ids = before;
    while (ids.length === before.length) ids = await listOf(client, 'cancelledIds');
    expect(ids.slice(before.length)).toEqual([expect.stringMatching(/^\d+$/)]);
  });
});

describe('[era 34] a number, in a body of many lines', () => {
  const text = '{\n  "n": 9007199254740993,\r\n  "f": 1.0, "n2": -0\n}';
  const flat = text.replaceAll(/[\r\n]/g, ' ');
  const body = (meta: string) =>
    `{\n"jsonrpc": "2.0",\n"id": 1, "method": "tools/call",\n"params": {"name": "echo", "arguments": ${text}${meta}}}`;

  it.each(['modern', 'legacy'])('reaches a server as it stands: modern client, %s server', async (server) => {
    const meta = `, "_meta": {"${META}protocolVersion": "2026-07-28", "${META}clientCapabilities": {}}`;
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
    const { result } = await told(clientOf(server).post(body(meta), headers));
    expect(result?.['content']).toEqual([{ type: 'text', text: flat }]);
  });

  it.each(['modern', 'legacy'])(
    'reaches a server as it stands: legacy clients, %s server',
    async (server) => {
      const streamable = await StreamableClient.open(gateway.port, `/${server}`);
      const { result } = await told(streamable.post(body('')));
      expect(result?.['content']).toEqual([{ type: 'text', text: flat }]);
      const sse = await BareSseClient.initialized(`${gateway.url}/${server}`);
      expect((await sse.post(body('').replace('"id": 1', '"id": "n"'))).status).toBe(202);
      const answer = await sse.message(({ id }) => id === 'n');
      expect(answer.result?.['content']).toEqual([{ type: 'text', text: flat }]);
      sse.close();
    },
  );
});

describe('subscriptions of two clients under one id', () => {
  it.each(['result', 'cancelled'])(
    '[era 61] are told each under its own, in its own type; their end (%s), too',
    async (end) => {
      const ids = [1, '1', 1] as const;
      const params = { notifications: { toolsListChanged: true } };
      const streams = ids.map((id) => clientOf('alone').send('subscriptions/listen', params, { id }));
      for (const stream of streams) await stream.until(() => stream.messages.length === 1);
      await clientOf('alone').text('fire', { what: 'tools' });
      await clientOf('alone').text('fire', { end });
      for (const [index, stream] of streams.entries()) {
        await stream.done();
        const own = { _meta: { [`${META}subscriptionId`]: ids[index] } };
        expect(stream.messages).toMatchObject([
          { method: 'notifications/subscriptions/acknowledged', params: { ...own, ...params } },
          { method: 'notifications/tools/list_changed', params: own },
          { id: ids[index], result: { resultType: 'complete', ...own } },
        ]);
      }
    },
  );

  it('[era 61] and calls under one id are answered each to its own', async () => {
    const answers = await Promise.all(
      [1, 2, 3].map((n) => clientOf('modern').text('echo', { n }, { id: 1 })),
    );
    expect(answers).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });
});

describe('the state of a call that is not finished', () => {
  it('[era 62] belongs to the principal whose call it was', async () => {
    const [alice, bob] = credentials.map(
      ({ username, password }) =>
        new ModernClient(guarded.port, '/modern', {
          headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
          meta: { [`${META}clientCapabilities`]: { elicitation: {} } },
        }),
    ) as [ModernClient, ModernClient];
    const call = { name: 'ask', arguments: { inputRequests: { q: elicit }, state: 'secret' } };
    const { result } = await alice.request('tools/call', call);
    expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { q: elicit } });
    const requestState = result?.['requestState'] as string;
    expect(requestState).not.toContain('secret');
    const retry = { ...call, inputResponses: { q: { action: 'decline' } }, requestState };

    expect(brief(await bob.request('tools/call', retry))).toBe('200 -32602');
    const forged = { ...retry, requestState: `${requestState.slice(0, -2)}AA` };
    expect(brief(await alice.request('tools/call', forged))).toBe('200 -32602');
    const finished = await alice.request('tools/call', retry);
    expect(finished.result?.['content']).toEqual([
      { type: 'text', text: '{"inputResponses":{"q":{"action":"decline"}},"requestState":"1:secret"}' },
    ]);
  });
});

describe('a REST call', () => {
  const seen = async (server: string): Promise<string[]> => {
    const response = await fetch(`${gateway.url}/api/${server}/seen?sessionId=era`, { method: 'POST' });
    const { content } = (await response.json()) as { content: { text: string }[] };
    return JSON.parse(content[0]?.text ?? '') as string[];
  };

  it('[era 64] of a cold legacy server is the handshake and the call; of a warm one the call alone', async () => {
    const handshake = ['initialize', 'notifications/initialized'];
    expect(await seen('rest')).toEqual([...handshake, 'tools/call']);
    expect(await seen('rest')).toEqual([...handshake, 'tools/call', 'tools/call']);
  });

  it('[era 64] of a modern server is the call alone, once somebody has asked what it is', async () => {
    expect(await seen('unknown')).toEqual(['server/discover', 'tools/call']);
    expect(await seen('unknown')).toEqual(['server/discover', 'tools/call', 'tools/call']);
  });
});
