import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupsGone, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
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

describe('a stream that drops', () => {
  it('[era 24] is resumed within its grace by Last-Event-ID: same endpoint, what was missed, no new process', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const endpoint = await client.endpoint();
    await client.callTool('count');
    const lastId = client.events.at(-1)?.id ?? '';
    await client.post({
      jsonrpc: '2.0',
      id: 'later',
      method: 'tools/call',
      params: { name: 'sleep', arguments: { ms: 50 } },
    });
    client.close();
    const back = await BareSseClient.open(`${gateway.url}/echo`, { 'last-event-id': lastId });
    expect(await back.endpoint()).toBe(endpoint);
    expect((await back.message(({ id }) => id === 'later')).result).toBeDefined();
    expect(await back.callTool('count')).toBe('2');
    back.close();
  });

  it('ends the session after the grace: 404, and no process is left', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const pid = Number(await client.callTool('pid'));
    const endpoint = await client.endpoint();
    const lastId = client.events.at(-1)?.id ?? '';
    client.close();
    await groupsGone([pid], GRACE_MS + 5000);
    const late = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    expect(late.status).toBe(404);
    expect(await late.json()).toMatchObject({ error: { code: -32001 } });
    const blind = await fetch(`${gateway.url}/echo`, {
      headers: { accept: 'text/event-stream', 'last-event-id': lastId, 'mcp-protocol-version': '2024-11-05' },
    });
    expect(blind.status).toBe(405);
  });

  it('ends the session of a client that was reset', async () => {
    const path = await new Promise<string>((resolve) => {
      const socket = connect(gateway.port, '127.0.0.1', () =>
        socket.write('GET /echo HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n'),
      );
      let seen = '';
      socket.on('data', (chunk) => {
        seen += chunk.toString();
        const endpoint = /data: (\S+)\n/.exec(seen)?.[1];
        if (endpoint === undefined) return;
        void initialize(endpoint).then(() => {
          socket.resetAndDestroy();
          resolve(endpoint);
        });
      });
    });
    const { instance } = await gateway.event('session.leased', ({ session }) => path.includes(session));
    const { pid } = await gateway.event('instance.started', (event) => event.instance === instance);
    await groupsGone([pid], GRACE_MS + 5000);
  });
});

function initialize(endpoint: string): Promise<void> {
  return new Promise((resolve) => {
    const post = httpRequest(
      gateway.url + endpoint,
      { method: 'POST', headers: { 'content-type': 'application/json' } },
      (response) => response.resume().on('end', resolve),
    );
    post.end(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 0,
        method: 'initialize',
        params: {
          protocolVersion: '2024-11-05',
          capabilities: {},
          clientInfo: { name: 'r', version: '0' },
        },
      }),
    );
  });
}
