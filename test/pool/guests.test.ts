/** Sessions that share a process with a handshake: each is served as if it were alone, and hears nothing of the others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient, type RpcMessage } from '../support/sse-client.ts';
import { answerOf, StreamableClient } from '../support/streamable-client.ts';

const FULL = runs(fixture('full-server-v1.mjs'));
let gateway: TestGateway;

beforeAll(async () => {
  const tokens = ['ada', 'bob'].map((name) => ({ name, token: `token-of-${name}` }));
  gateway = await startGateway({
    auth: { bearer: { tokens } },
    servers: {
      alone: FULL,
      full: { ...FULL, policy: 'shared' },
      hostile: { ...runs(HOSTILE_SERVER), policy: 'shared' },
      mine: { ...runs(HOSTILE_SERVER), policy: 'principal' },
      asking: { ...runs(fixture('asking-server.mjs')), policy: 'shared' },
      tasks: { ...runs(fixture('tasks-server.mjs')), policy: 'shared' },
    },
  });
});
afterAll(() => gateway.stop());

const open = (server: string, who = 'ada', more: object = {}): Promise<StreamableClient> =>
  StreamableClient.open(gateway.port, `/${server}`, {
    headers: { authorization: `Bearer token-of-${who}` },
    ...more,
  });

async function ask(client: StreamableClient, method: string, params: object = {}): Promise<RpcMessage> {
  const post = client.post({ jsonrpc: '2.0', id: client.nextId(), method, params });
  await post.done();
  return answerOf(post);
}

/** A client that hears everything on one stream. */
const hear = (server: string, who = 'ada'): Promise<BareSseClient> =>
  BareSseClient.initialized(`${gateway.url}/${server}`, {}, { authorization: `Bearer token-of-${who}` });

/** Notifications that came to it, by method. */
function heard(client: BareSseClient): readonly RpcMessage[] {
  return client.events.flatMap(({ event, data }) => {
    const message = event === 'message' ? (JSON.parse(data) as RpcMessage) : {};
    return message.method === undefined ? [] : [message];
  });
}

function methods(client: BareSseClient): unknown[] {
  return heard(client).map(({ method }) => method);
}

function hears(client: BareSseClient, count: number): Promise<unknown> {
  return client.waitFor(() => (heard(client).length >= count ? true : undefined));
}

describe('the handshake', () => {
  it('is answered with what the server said of itself, under the own id of each', async () => {
    const [alone, first, second] = await Promise.all([open('alone'), open('full'), open('full', 'bob')]);
    const { capabilities } = alone.initialized.result as { capabilities: Record<string, unknown> };
    const { tasks: _tasks, ...offered } = capabilities;
    const expected = { ...alone.initialized.result, capabilities: offered };
    expect([first.initialized, second.initialized]).toEqual([
      { jsonrpc: '2.0', id: 'init', result: expected },
      { jsonrpc: '2.0', id: 'init', result: expected },
    ]);
    expect(await first.text('count')).toBe('1');
    expect(await second.text('count')).toBe('2');
  });

  it('reaches the server once, and tells it of the gateway where everybody comes', async () => {
    const clients = [await open('hostile'), await open('hostile', 'bob')];
    for (const client of clients) await client.text('count');
    const seen = JSON.parse((await clients[0]?.text('seen')) ?? '') as string[];
    expect(seen.slice(0, 2)).toEqual(['initialize', 'notifications/initialized']);
    expect(seen.filter((method) => method !== 'tools/call')).toHaveLength(2);
    const who = JSON.parse((await (await open('full')).text('whoami')) ?? '') as object;
    expect(who).toMatchObject({ client: { name: 'mcp-gateway' }, capabilities: {} });
  });

  it('leads clients of different revisions to different processes', async () => {
    const versions = ['2025-11-25', '2025-06-18', '2025-11-25', '2025-06-18'];
    const clients = await Promise.all(versions.map((version) => open('hostile', 'ada', { version })));
    expect(clients.map(({ initialized }) => initialized.result?.['protocolVersion'])).toEqual(versions);
    const pids = await Promise.all(clients.map((client) => client.text('pid')));
    expect([pids[0] === pids[2], pids[1] === pids[3], pids[0] === pids[1]]).toEqual([true, true, false]);
  });
});

describe('what the server says to nobody in particular', () => {
  it.each(['hostile', 'mine'])(
    'log messages: a level is taken from each and told to nobody, and none is heard: %s',
    async (server) => {
      const [quiet, loud] = [await hear(server), await hear(server)];
      expect(await loud.request('logging/setLevel', { level: 'debug' })).toMatchObject({ result: {} });
      const refused = await loud.request('logging/setLevel', { level: 'loud' });
      expect(refused).toMatchObject({ error: { code: -32602 } });
      expect(await loud.callTool('log', { text: 'secret' })).toBe('logged');
      await quiet.callTool('notify', { method: 'notifications/tools/list_changed' });
      await Promise.all([hears(quiet, 1), hears(loud, 1)]);
      expect([quiet, loud].map(methods)).toEqual([
        ['notifications/tools/list_changed'],
        ['notifications/tools/list_changed'],
      ]);
      expect(await quiet.callTool('seen')).not.toContain('setLevel');
      for (const client of [quiet, loud]) client.close();
    },
  );

  it('[fault 45] changes of lists: each session hears each once', async () => {
    const clients = [await hear('full'), await hear('full', 'bob'), await hear('full', 'bob')];
    await clients[0]?.callTool('change', { what: 'prompts' });
    await clients[1]?.callTool('change', { what: 'resources' });
    await Promise.all(clients.map((client) => hears(client, 2)));
    const changes = ['notifications/prompts/list_changed', 'notifications/resources/list_changed'];
    expect(clients.map(methods)).toEqual([changes, changes, changes]);
    for (const client of clients) client.close();
  });

  it('a notification that nobody can be meant by is dropped', async () => {
    const [mine, other] = [await hear('hostile'), await hear('hostile', 'bob')];
    await mine.callTool('notify', { method: 'notifications/example.com/secret' });
    await mine.callTool('notify', { method: 'notifications/tools/list_changed' });
    await Promise.all([hears(mine, 1), hears(other, 1)]);
    expect([...methods(mine), ...methods(other)]).toEqual([
      'notifications/tools/list_changed',
      'notifications/tools/list_changed',
    ]);
    for (const client of [mine, other]) client.close();
  });
});

describe('subscriptions', () => {
  const touched = (client: BareSseClient): unknown[] => heard(client).map(({ params }) => params?.['uri']);

  it('are counted: the server is asked once, and each hears what it subscribed to until it leaves', async () => {
    const [ada, bob] = [await hear('full'), await hear('full', 'bob')];
    const watched = { uri: 'full://watched' };
    for (const client of [ada, bob])
      expect(await client.request('resources/subscribe', watched)).toMatchObject({ result: {} });
    expect(await bob.request('resources/subscribe', { uri: 'full://other' })).toMatchObject({ result: {} });
    await ada.callTool('touch', watched);
    await ada.callTool('touch', { uri: 'full://other' });
    await Promise.all([hears(ada, 1), hears(bob, 2)]);
    // What one client no longer wants is not taken from another who does.
    expect(await ada.request('resources/unsubscribe', watched)).toMatchObject({ result: {} });
    await ada.callTool('touch', watched);
    await hears(bob, 3);
    // When nobody wants it any more the server is told; whoever asks again hears again.
    await bob.request('resources/unsubscribe', watched);
    await ada.callTool('touch', watched);
    await ada.request('resources/subscribe', watched);
    await ada.callTool('touch', watched);
    await hears(ada, 2);
    expect(touched(ada)).toEqual(['full://watched', 'full://watched']);
    expect(touched(bob)).toEqual(['full://watched', 'full://other', 'full://watched']);
    for (const client of [ada, bob]) client.close();
  });

  it('go on with the process that follows one that died', async () => {
    const client = await hear('asking');
    await client.request('resources/subscribe', { uri: 'it:1' });
    expect(await client.request('tools/call', { name: 'die' })).toHaveProperty('error');
    expect(await client.callTool('touch', { uri: 'it:1' })).toBe('"touched"');
    await hears(client, 1);
    expect(heard(client)).toMatchObject([{ params: { uri: 'it:1' } }]);
    client.close();
  });

  it('tell whoever asks what the server answered', async () => {
    const client = await open('hostile');
    const answer = await ask(client, 'resources/subscribe', { uri: 'it:1' });
    expect(answer).toMatchObject({
      error: { code: -32601, message: 'Method not found: resources/subscribe' },
    });
    expect(await ask(client, 'resources/subscribe')).toMatchObject({ error: { code: -32602 } });
  });
});

describe('tasks', () => {
  it('are not offered: a tool that insists on one is run and waited for', async () => {
    const [mine, other] = [await open('tasks'), await open('tasks', 'bob')];
    expect(mine.initialized.result?.['capabilities']).not.toHaveProperty('tasks');
    expect(await mine.text('required', { say: 'done' })).toBe('done');
    expect(await mine.text('optional', { say: 'plain' })).toBe('plain');
    const asked = mine.post({
      jsonrpc: '2.0',
      id: 'as-task',
      method: 'tools/call',
      params: { name: 'optional', arguments: { say: 'still plain' }, task: { ttl: 60_000 } },
    });
    await asked.done();
    expect(answerOf(asked)).toMatchObject({ id: 'as-task', result: { content: [{ text: 'still plain' }] } });
    for (const method of ['tasks/list', 'tasks/get', 'tasks/result', 'tasks/cancel'])
      expect(await ask(other, method, { taskId: 'task-1' })).toMatchObject({ error: { code: -32601 } });
  });

  it('are cancelled by the id of the call', async () => {
    const client = await open('tasks');
    const call = client.call('required', { say: 'never', after: 'cancel' }, {}, 'hanging');
    await client.text('running');
    await client
      .post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'hanging' } })
      .done();
    await call.done();
    expect(call.body).not.toContain('never');
    expect(await client.text('cancelled')).toBe('1');
  });
});

describe('the last lease out', () => {
  it('starts the idle clock; whoever comes in time stops it', async () => {
    const limits = { sessionIdleMs: 400 };
    await using idle = await startGateway({
      limits,
      servers: { shared: { ...runs(HOSTILE_SERVER), policy: 'shared' } },
    });
    const client = await StreamableClient.open(idle.port, '/shared');
    const pid = await client.text('pid');
    const other = await StreamableClient.open(idle.port, '/shared');
    await client.end().done();
    expect(await other.text('pid')).toBe(pid);
    await other.end().done();
    const again = await StreamableClient.open(idle.port, '/shared');
    expect(await again.text('pid')).toBe(pid);
    await again.end().done();
    const { exit } = await idle.event('instance.exited');
    expect(exit.expected).toBe(true);
    const next = await StreamableClient.open(idle.port, '/shared');
    expect(await next.text('pid')).not.toBe(pid);
  });
});
