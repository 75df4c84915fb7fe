import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { ModernClient } from '../support/modern-client.ts';
import type { RawExchange } from '../support/raw-exchange.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { StreamableClient } from '../support/streamable-client.ts';
import { collect } from './edge-support.ts';

/** Calls that nobody waits for are not waited for at the end. */
const http = { drainMs: 0 };
const SERVERS = { legacy: runs(HOSTILE_SERVER), modern: runs(fixture('modern-hostile.mjs')) };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const LEAVES = bearer('the-token-that-leaves');
const STAYS = bearer('the-token-that-stays');
const STAYING = { name: 'stays', token: 'the-token-that-stays' };
const LEAVING = { name: 'leaves', token: 'the-token-that-leaves' };
const tokens = (...list: object[]) => ({ auth: { bearer: { tokens: list } }, http, servers: SERVERS });
/** What is promised. */
const WITHIN_MS = 1000;

/** Everything that somebody can have open, and how each of them is over. */
async function openEverything(gateway: TestGateway, headers: Record<string, string>) {
  const sse = await BareSseClient.initialized(`${gateway.url}/legacy`, {}, headers);
  const streamable = await StreamableClient.open(gateway.port, '/legacy', { headers });
  const listening = streamable.listen();
  await listening.head();
  const call = streamable.call('sleep', { ms: 600_000 });
  const modern = new ModernClient(gateway.port, '/modern', { headers });
  const subscription = modern.send('subscriptions/listen', { notifications: { toolsListChanged: true } });
  await subscription.until(() => subscription.raw.includes('acknowledged'));
  const modernCall = modern.send('tools/call', { name: 'sleep', arguments: { ms: 600_000 } });
  const bridged = new ModernClient(gateway.port, '/legacy', { headers });
  const bridgedCall = bridged.send('tools/call', { name: 'sleep', arguments: { ms: 600_000 } });
  const restCall = rest(gateway, headers, 'sleep', { ms: 600_000 });
  // Each server answers something later, so it has what came before.
  await Promise.all([streamable.text('pid'), modern.text('pid'), bridged.text('pid')]);
  await rest(gateway, headers, 'count');
  const raws = { listening, call, subscription, modernCall, bridgedCall };
  const over = {
    sse: sse.ended(),
    rest: restCall,
    ...Object.fromEntries(Object.entries(raws).map(([name, raw]) => [name, finished(raw)])),
  };
  return { sse, streamable, over, close: () => [sse, ...Object.values(raws)].map((each) => each.close()) };
}

/** A call is over with its answer; a connection that is kept for the next one says nothing. */
function finished(raw: RawExchange): Promise<unknown> {
  return raw.until(() => raw.complete).catch(() => undefined);
}

async function rest(gateway: TestGateway, headers: Record<string, string>, tool: string, args: object = {}) {
  const response = await fetch(`${gateway.url}/api/legacy/${tool}?sessionId=s`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(args),
  }).catch(() => undefined);
  return [response?.status, await response?.text().catch(() => undefined)] as const;
}

async function tookMs(work: Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work;
  return performance.now() - startMs;
}

describe('[fault 86] a credential that is taken away', () => {
  it.each([
    ['removed', [STAYING]],
    ['narrowed to other tools', [STAYING, { ...LEAVING, tools: ['echo', 'sleep'] }]],
    ['narrowed to one server', [STAYING, { ...LEAVING, servers: ['legacy'] }]],
    ['given another name', [STAYING, { ...LEAVING, name: 'somebody-else' }]],
  ])('by being %s loses all it has open within a second; others lose nothing', async (_how, left) => {
    await using gateway = await startGateway(tokens(STAYING, LEAVING));
    const gone = await openEverything(gateway, LEAVES);
    const kept = await openEverything(gateway, STAYS);
    const ended: string[] = [];
    for (const [name, over] of Object.entries(kept.over)) void over.then(() => ended.push(name));
    const pid = await kept.streamable.text('pid');
    const reloaded = gateway.reload(tokens(...left));
    await reloaded;
    const took = await Promise.all(
      Object.entries(gone.over).map(async ([name, over]) => [name, await tookMs(over)] as const),
    );
    expect(took.filter(([, ms]) => ms > WITHIN_MS)).toEqual([]);
    expect((await gone.streamable.call('pid').done()).status).toBe(left.length === 1 ? 401 : 404);
    // The other one's streams, calls and process are as they were.
    expect(await kept.streamable.text('pid')).toBe(pid);
    expect(ended).toEqual([]);
    const reasons = gateway.events.flatMap((event) => (event.type === 'session.ended' ? [event.reason] : []));
    expect(reasons).toEqual(Array.from({ length: 3 }, () => 'its credential is no longer valid'));
    kept.close();
  });

  it('by authentication being asked for at all ends what this machine had open', async () => {
    await using gateway = await startGateway({ http, servers: SERVERS });
    const open = await openEverything(gateway, {});
    await gateway.reload(tokens(STAYING));
    expect(await tookMs(Promise.all(Object.values(open.over)))).toBeLessThan(WITHIN_MS);
    expect((await rest(gateway, {}, 'count'))[0]).toBe(401);
    expect((await rest(gateway, STAYS, 'count'))[0]).toBe(200);
  });

  it('while its request is still being sent opens nothing', async () => {
    await using gateway = await startGateway(tokens(STAYING, LEAVING));
    const socket = connect(gateway.port, '127.0.0.1');
    const answer = collect(socket);
    const head = [
      'POST /api/legacy/count?sessionId=late HTTP/1.1',
      'Host: localhost',
      `Authorization: ${LEAVES.authorization}`,
      'Content-Type: application/json',
      'Content-Length: 10',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n{"a":`);
    // The head was read once a later request was answered.
    expect((await rest(gateway, STAYS, 'count'))[0]).toBe(200);
    await gateway.reload(tokens(STAYING));
    expect(await tookMs(answer)).toBeLessThan(WITHIN_MS);
    socket.end('"b"}');
    expect((await answer).status).toBe(0);
    expect(gateway.gateway.inspect().sessions).toBe(1);
  });
});

describe('a secret that is replaced', () => {
  const NEW = bearer('the-next-token-of-the-same');
  const RENEWED = { name: 'stays', token: 'the-next-token-of-the-same' };

  it('keeps sessions and running calls of its principal; streams that the old one opened are opened anew', async () => {
    await using gateway = await startGateway(tokens(STAYING));
    const client = await StreamableClient.open(gateway.port, '/legacy', { headers: STAYS });
    const pid = await client.text('pid');
    const stream = client.listen();
    await stream.head();
    const running = rest(gateway, STAYS, 'sleep', { ms: 600 });
    await rest(gateway, STAYS, 'count');
    // Both are valid for a while.
    await gateway.reload(tokens(STAYING, RENEWED));
    expect(await client.text('pid')).toBe(pid);
    await gateway.reload(tokens(RENEWED));
    expect(await tookMs(stream.closed())).toBeLessThan(WITHIN_MS);
    expect((await client.call('pid').done()).status).toBe(401);
    expect((await client.call('pid', {}, NEW).done()).status).toBe(200);
    const resumed = client.listen(NEW);
    expect((await resumed.head()).status).toBe(200);
    expect((await running)[1]).toContain('slept');
    expect((await rest(gateway, NEW, 'count'))[1]).toContain('"2"');
    resumed.close();
  });

  it('is refused from the next request on, a hashed one that was let in a moment ago too', async () => {
    const { hashSecret } = await import('../../src/auth/secret-hash.ts');
    const credential = async (password: string) => ({
      username: 'alice',
      passwordHash: await hashSecret(password),
    });
    const alice = (password: string) => ({ authorization: `Basic ${btoa(`alice:${password}`)}` });
    const basic = (entry: object) => ({ auth: { basic: { credentials: [entry] } }, http, servers: SERVERS });
    await using gateway = await startGateway(basic(await credential('first-password')));
    expect((await rest(gateway, alice('first-password'), 'count'))[1]).toContain('"1"');
    await gateway.reload(basic(await credential('second-password')));
    expect((await rest(gateway, alice('first-password'), 'count'))[0]).toBe(401);
    expect((await rest(gateway, alice('second-password'), 'count'))[1]).toContain('"2"');
  });
});
