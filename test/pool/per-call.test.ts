/** The policy `call` for clients with a session: a process for each request, which knows its client and may ask it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fixture,
  groupsGone,
  HOSTILE_SERVER,
  runs,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { BareSseClient, type RpcMessage } from '../support/sse-client.ts';
import { StreamableClient } from '../support/streamable-client.ts';

let gateway: TestGateway;

beforeAll(async () => {
  const policy = 'call';
  gateway = await startGateway({
    servers: {
      hostile: { ...runs(HOSTILE_SERVER), policy },
      full: { ...runs(fixture('full-server-v1.mjs')), policy },
      modern: { ...runs(fixture('modern-hostile.mjs')), policy },
      tasks: { ...runs(fixture('tasks-server.mjs')), policy },
      dies: { ...runs(HOSTILE_SERVER, '--exit-on-start'), policy },
    },
  });
});
afterAll(() => gateway.stop());

const open = (server: string, capabilities: object = {}): Promise<BareSseClient> =>
  BareSseClient.initialized(`${gateway.url}/${server}`, capabilities);
const question = (nonce: string): object => ({ method: 'sampling/createMessage', params: { nonce } });

describe('a session of one process for each call', () => {
  it('tells each process of its client', async () => {
    const client = await open('full', { sampling: {} });
    const told = [await client.callTool('whoami'), await client.callTool('whoami')];
    for (const text of told)
      expect(JSON.parse(text)).toEqual({
        client: { name: 'bare', version: '0' },
        capabilities: { sampling: {} },
      });
    client.close();
  });

  it('[fault 11] [fault 44] brings each answer to the process that asked, although all number alike', async () => {
    const client = await open('hostile', { sampling: {} });
    const nonces = ['one', 'two', 'three'];
    const calls = nonces.map((nonce) => client.callTool('ask', question(nonce)));
    const asked: RpcMessage[] = [];
    for (const nonce of nonces) asked.push(await client.message(({ params }) => params?.['nonce'] === nonce));
    expect(new Set(asked.map(({ id }) => id)).size).toBe(3);
    for (const { id, params } of asked.toReversed())
      await client.post({ jsonrpc: '2.0', id, result: { said: params?.['nonce'] } });
    const answers = (await Promise.all(calls)).map((text) => JSON.parse(text) as RpcMessage);
    expect(answers.map(({ result }) => result)).toEqual(nonces.map((said) => ({ said })));
    // The questions are closed; an answer that comes again finds nobody.
    expect((await client.post({ jsonrpc: '2.0', id: asked[0]?.id, result: {} })).status).toBe(202);
    client.close();
  });

  it('cancels the call that is meant, and refuses an id that is in use', async () => {
    const client = await open('hostile');
    const before = gateway.pids().length;
    const params = { name: 'sleep', arguments: { ms: 60_000 } };
    const hanging = { jsonrpc: '2.0', id: 'hanging', method: 'tools/call', params };
    await client.post(hanging);
    await client.post(hanging);
    const refused = await client.message(({ id, error }) => id === 'hanging' && error !== undefined);
    expect(refused.error).toMatchObject({ data: { reason: 'duplicate-id' } });
    expect(await client.callTool('count')).toBe('1');
    await client.post({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 'hanging' },
    });
    await groupsGone(gateway.pids().slice(before));
    client.close();
  });

  it('takes a log level along, and has none of what needs a process that stays', async () => {
    const client = await open('full');
    expect(await client.request('ping')).toMatchObject({ result: {} });
    await client.request('logging/setLevel', { level: 'error' });
    await client.callTool('logFiltered', { level: 'info', data: 'quiet' });
    await client.callTool('logFiltered', { level: 'error', data: 'loud' });
    const logs = client.events.filter(({ data }) => data.includes('notifications/message'));
    expect(logs.map(({ data }) => (JSON.parse(data) as RpcMessage).params?.['data'])).toEqual(['loud']);
    const subscribed = await client.request('resources/subscribe', { uri: 'full://watched' });
    expect(subscribed.error).toMatchObject({ code: -32601 });
    client.close();
  });

  it('makes no tasks, which would outlive their process', async () => {
    const client = await StreamableClient.open(gateway.port, '/tasks');
    expect(client.initialized.result?.['capabilities']).toEqual({ tools: {} });
    expect(await client.text('optional', { say: 'plain' })).toBe('plain');
  });

  it('works on a modern server, too', async () => {
    const client = await open('modern');
    const pids = [await client.callTool('pid'), await client.callTool('pid')];
    expect(new Set(pids).size).toBe(2);
    client.close();
  });

  it('is none when its first process does not start', async () => {
    await expect(StreamableClient.open(gateway.port, '/dies')).rejects.toThrow('502');
  });

  it('leaves no process behind, neither after its calls nor after its end', async () => {
    const before = gateway.pids().length;
    const client = await open('hostile');
    await Promise.all([1, 2, 3].map(() => client.callTool('count')));
    await groupsGone(gateway.pids().slice(before));
    const running = client.callTool('sleep', { ms: 60_000 });
    running.catch(() => undefined);
    while (gateway.pids().length < before + 4) await new Promise((resolve) => setImmediate(resolve));
    client.close();
    await groupsGone(gateway.pids().slice(before));
  });
});
