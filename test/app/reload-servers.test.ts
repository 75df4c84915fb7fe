import { describe, expect, it } from 'vitest';
import { rest, textOf } from '../instance/helpers.ts';
import { fixture, groupsGone, HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';
import { ModernClient } from '../support/modern-client.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { StreamableClient } from '../support/streamable-client.ts';

const SERVER = runs(HOSTILE_SERVER);
const MODERN = runs(fixture('modern-hostile.mjs'));
/** The same server as another definition. */
const CHANGED = { ...SERVER, env: { CHANGED: '1' } };
const drained = (server: string) => (event: { server: string }) => event.server === server;

describe.concurrent('[fault 103] a configuration that is replaced', () => {
  it('leaves servers that have not changed alone: process, session and stream', async () => {
    await using gateway = await startGateway({ servers: { same: SERVER, modern: MODERN, old: SERVER } });
    const client = await BareSseClient.initialized(`${gateway.url}/same`);
    const streamable = await StreamableClient.open(gateway.port, '/same');
    const modern = new ModernClient(gateway.port, '/modern');
    const before = [
      await client.callTool('pid'),
      await streamable.text('pid'),
      await textOf(gateway, 'same/pid', 's'),
      await modern.text('pid'),
    ];
    const running = rest(gateway, 'same/sleep', 's', { ms: 300 });
    await textOf(gateway, 'same/count', 's');
    const diff = await gateway.reload({
      limits: { sessions: 50 },
      servers: { fresh: SERVER, same: SERVER, modern: MODERN },
    });
    expect(diff).toMatchObject({ added: ['fresh'], removed: ['old'], changed: [] });
    expect((await running).text).toBe('slept');
    expect([
      await client.callTool('pid'),
      await streamable.text('pid'),
      await textOf(gateway, 'same/pid', 's'),
      await modern.text('pid'),
    ]).toEqual(before);
    client.close();
  });

  it('serves new servers at once, and those that are gone no longer', async () => {
    await using gateway = await startGateway({ servers: { a: SERVER } });
    expect((await rest(gateway, 'b/count', 's')).code).toBe('SERVER_UNKNOWN');
    await gateway.reload({ servers: { b: SERVER } });
    expect(await textOf(gateway, 'b/count', 's')).toBe('1');
    expect((await rest(gateway, 'a/count', 's')).code).toBe('SERVER_UNKNOWN');
    const document = await (await fetch(`${gateway.url}/api/openapi.json`)).text();
    expect(document).toContain('/api/b/count');
    expect(document).not.toContain('/api/a/');
  });

  it.each([
    ['REST', (url: string) => rest({ url }, 'old/sleep', 's', { ms: 60_000 }).then(({ status }) => status)],
    [
      '2026-07-28',
      (_url: string, port: number) =>
        new ModernClient(port, '/old').call('sleep', { ms: 60_000 }).then(({ error }) => error?.code),
    ],
  ])('waits for a call over %s no longer than drainMs', async (_front, call) => {
    await using gateway = await startGateway({ servers: { old: SERVER, kept: SERVER } });
    const running = call(gateway.url, gateway.port);
    await gateway.event('instance.ready');
    await expect.poll(() => gateway.gateway.inspect().traffic.toServer).toBeGreaterThan(300);
    await gateway.reload({ http: { drainMs: 300 }, servers: { kept: SERVER } });
    expect([404, 502, -32601, -32603]).toContain(await running);
    await gateway.event('server.drained', drained('old'));
    await groupsGone(gateway.pids());
  });

  it('gives new sessions of a changed server the new process, and leaves open ones theirs', async () => {
    await using gateway = await startGateway({ servers: { a: SERVER } });
    const client = await StreamableClient.open(gateway.port, '/a');
    await client.text('count');
    const pid = await client.text('pid');
    await textOf(gateway, 'a/count', 's');
    expect(await gateway.reload({ servers: { a: CHANGED } })).toMatchObject({ changed: ['a'], removed: [] });
    expect([await client.text('count'), await client.text('pid')]).toEqual(['2', pid]);
    expect(await client.text('env')).not.toContain('CHANGED');
    expect(await textOf(gateway, 'a/count', 's')).toBe('2');
    expect(await textOf(gateway, 'a/env', 'new')).toContain('CHANGED');
    const fresh = await StreamableClient.open(gateway.port, '/a');
    expect(await fresh.text('env')).toContain('CHANGED');
  });

  it('replaces the spares of a changed server, and ends those of a removed one', async () => {
    const warm = { ...SERVER, warm: 1 };
    await using gateway = await startGateway({ servers: { a: warm, b: warm } });
    const ready = (server: string, after: number) =>
      gateway.event('instance.ready', (event) => event.server === server && event.instance > after);
    const [a, b] = await Promise.all([ready('a', 0), ready('b', 0)]);
    await gateway.reload({ servers: { a: { ...warm, env: { CHANGED: '1' } } } });
    const ended = [a, b].map(({ server, instance }) =>
      gateway.event('instance.exited', (event) => event.server === server && event.instance === instance),
    );
    await Promise.all(ended);
    await ready('a', a.instance);
    expect(await textOf(gateway, 'a/env', 's')).toContain('CHANGED');
  });

  it.each([
    ['a modern', MODERN],
    ['a legacy', SERVER],
  ])(
    'moves callers without a session of %s server to the new process, and ends the old with its last call',
    async (_era, server) => {
      await using gateway = await startGateway({ servers: { a: server } });
      const client = new ModernClient(gateway.port, '/a');
      const pid = Number(await client.text('pid'));
      const running = client.text('sleep', { ms: 400 });
      // Both are on the server once the second is answered.
      await client.text('pid');
      await gateway.reload({ servers: { a: { ...server, env: { CHANGED: '1' } } } });
      const now = Number(await client.text('pid'));
      expect(now).not.toBe(pid);
      expect(await running).toBe('slept');
      await groupsGone([pid]);
      expect(Number(await client.text('pid'))).toBe(now);
    },
  );

  it.each(['changed', 'removed'])('ends subscriptions to a server that is %s, in order', async (how) => {
    await using gateway = await startGateway({ servers: { a: MODERN, b: MODERN } });
    const [listen, other] = ['/a', '/b'].map((path) =>
      new ModernClient(gateway.port, path).send('subscriptions/listen', {
        notifications: { toolsListChanged: true },
      }),
    );
    for (const each of [listen, other]) await each?.until(() => each.raw.includes('acknowledged'));
    const a = { ...MODERN, env: { CHANGED: '1' } };
    await gateway.reload({ servers: how === 'changed' ? { a, b: MODERN } : { b: MODERN } });
    await listen?.until(() => listen.complete);
    expect(listen?.messages.at(-1)?.result).toMatchObject({ resultType: 'complete' });
    expect(other?.complete).toBe(false);
    other?.close();
  });

  it('narrows tools for everyone at once, in sessions that are open too, and widens them again', async () => {
    await using gateway = await startGateway({ servers: { a: SERVER } });
    const client = await StreamableClient.open(gateway.port, '/a');
    const sse = await BareSseClient.initialized(`${gateway.url}/a`);
    const pid = await client.text('pid');
    await textOf(gateway, 'a/count', 's');
    const narrowed = { ...SERVER, tools: { deny: ['count'] } };
    expect(await gateway.reload({ servers: { a: narrowed } })).toMatchObject({
      retooled: ['a'],
      changed: [],
    });
    await expect(client.text('count')).rejects.toThrow('-32602');
    await expect(sse.callTool('count')).rejects.toThrow('-32602');
    expect((await rest(gateway, 'a/count', 's')).code).toBe('TOOL_UNKNOWN');
    const listed = client.post({ jsonrpc: '2.0', id: 'list', method: 'tools/list' });
    await listed.done();
    expect(listed.body).not.toContain('"count"');
    await gateway.reload({ servers: { a: SERVER } });
    expect([await client.text('count'), await client.text('pid')]).toEqual(['1', pid]);
    expect(await textOf(gateway, 'a/count', 's')).toBe('2');
    sse.close();
  });

  it('takes other limits, hosts and origins', async () => {
    await using gateway = await startGateway({ servers: { a: SERVER } });
    await textOf(gateway, 'a/count', 'first');
    const origin = { origin: 'https://app.example.com' };
    expect((await fetch(`${gateway.url}/api/sessionid`, { headers: origin })).status).toBe(403);
    await gateway.reload({
      http: { allowedOrigins: ['https://app.example.com'] },
      limits: { sessionsPerPrincipal: 1 },
      servers: { a: SERVER },
    });
    expect((await fetch(`${gateway.url}/api/sessionid`, { headers: origin })).status).toBe(200);
    await textOf(gateway, 'a/count', 'second');
    await gateway.event('session.ended', ({ reason }) => reason === 'replaced at the session limit');
    await gateway.reload({ limits: { sessionIdleMs: 300 }, servers: { a: SERVER } });
    await gateway.event('session.ended', ({ reason }) => reason === 'idle for too long');
  });

  it('keeps what needs a restart as it is, says so, and applies the rest', async () => {
    await using gateway = await startGateway({ servers: { a: SERVER } });
    const http = { maxBodyBytes: 2048 };
    const diff = await gateway.reload({ port: 1, http, servers: { a: SERVER, b: SERVER } });
    expect(diff).toMatchObject({ needRestart: ['port'], settings: ['http.maxBodyBytes'], added: ['b'] });
    expect(await textOf(gateway, 'b/echo', 's', { text: 'short' })).toContain('short');
    expect((await rest(gateway, 'b/echo', 's', { text: 'x'.repeat(4096) })).code).toBe('BODY_TOO_LARGE');
    // Told again as long as it is so.
    const again = await gateway.reload({ port: 1, servers: { a: SERVER, b: SERVER } });
    expect(again).toMatchObject({ needRestart: ['port'], added: [] });
    expect(await textOf(gateway, 'b/echo', 's', { text: 'x'.repeat(4096) })).toContain('xxx');
  });

  it('is refused by a gateway that stops, and a server that is removed does not keep it', async () => {
    await using gateway = await startGateway({
      http: { drainMs: 20_000 },
      servers: { a: SERVER, b: SERVER },
    });
    const running = rest(gateway, 'a/sleep', 's', { ms: 60_000 });
    await gateway.event('instance.ready');
    await gateway.reload({ http: { drainMs: 100 }, servers: { b: SERVER } });
    const stopped = gateway.stop();
    await expect(gateway.reload({ servers: { b: SERVER } })).rejects.toThrow('shutting down');
    await stopped;
    expect((await running).status).toBeGreaterThanOrEqual(400);
    await groupsGone(gateway.pids());
  });
});

describe('[fault 103] a server that is removed', () => {
  it('lets a running call of a removed server finish, with its questions, and ends the session then', async () => {
    await using gateway = await startGateway({ servers: { old: SERVER, kept: SERVER } });
    const idle = await BareSseClient.initialized(`${gateway.url}/old`);
    const client = await StreamableClient.open(gateway.port, '/old', { capabilities: { roots: {} } });
    const call = client.call('ask', { method: 'roots/list' });
    await call.until(() => call.messages.some(({ method }) => method === 'roots/list'));
    await gateway.reload({ servers: { kept: SERVER } });
    // Nobody waits for anything there, and nothing new begins.
    await idle.ended();
    await expect(StreamableClient.open(gateway.port, '/old')).rejects.toThrow('404');
    const question = call.messages.find(({ method }) => method === 'roots/list');
    const answer = client.post({ jsonrpc: '2.0', id: question?.id, result: { roots: [] } });
    expect((await answer.done()).status).toBe(202);
    await call.until(() => call.raw.includes('"roots\\":[]') || call.raw.includes('"roots":[]'));
    call.close();
    await gateway.event('server.drained', drained('old'));
    expect((await client.call('pid').done()).status).toBe(404);
    expect(gateway.gateway.inspect()).toMatchObject({ instances: 0, sessions: 0 });
    await groupsGone(gateway.pids());
  });
});
