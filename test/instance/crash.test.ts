import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { expectNoLeaks } from '../support/no-leaks.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { RawSseClient, rest, textOf } from './helpers.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    http: { sseGraceMs: 50 },
    servers: { echo: runs(HOSTILE_SERVER), fourth: runs(HOSTILE_SERVER, '--crash-after=4') },
  });
});
afterAll(() => gateway.stop());

describe('[fault 22] a server that dies in a call', () => {
  it('fails every call of its session at once; other sessions and the gateway go on', async () => {
    const [mine, other] = await Promise.all(
      [1, 2].map(() => BareSseClient.initialized(`${gateway.url}/echo`)),
    );
    if (mine === undefined || other === undefined) throw new Error('no clients');
    const survivor = rest(gateway, 'echo/sleep', 'neighbour', { ms: 400 });
    const untouched = other.request('tools/call', { name: 'sleep', arguments: { ms: 400 } });
    const pending = Array.from({ length: 20 }, () =>
      mine.request('tools/call', { name: 'sleep', arguments: { ms: 60_000 } }),
    );
    const question = mine.callTool('ask', { method: 'roots/list' });
    // It may be the first to hear.
    const refusal = expect(question).rejects.toThrow('-32603');
    await mine.message(({ method }) => method === 'roots/list');
    const started = performance.now();
    const crash = mine.request('tools/call', { name: 'crash', arguments: { code: 9 } });
    for (const { error } of await Promise.all([...pending, crash])) {
      expect(error).toMatchObject({ code: -32603, data: { reason: 'server-exited' } });
    }
    await refusal;
    expect(performance.now() - started).toBeLessThan(2000);
    await mine.ended();
    expect((await untouched).result).toBeDefined();
    expect((await survivor).text).toBe('slept');
    expect(await other.callTool('count')).toBe('1');
    const { exit } = await gateway.event('instance.exited', (event) => event.exit.exitCode === 9);
    expect(exit).toMatchObject({ expected: false, signal: null });
    other.close();
  });

  it('is not started again behind the back of its client: 404, so that it starts anew', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`);
    const endpoint = await client.endpoint();
    const lastId = client.events.at(-1)?.id ?? '';
    await client.request('tools/call', { name: 'crash', arguments: {} });
    await client.ended();
    const late = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    expect(late.status).toBe(404);
    const resumed = await fetch(`${gateway.url}/echo`, {
      headers: { accept: 'text/event-stream', 'last-event-id': lastId, 'mcp-protocol-version': '2024-11-05' },
    });
    expect(resumed.status).not.toBe(200);
  });

  it('answers what it still wrote before it died', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => rest(gateway, 'fourth/count', 'short-lived')),
    );
    // Initialize is the first of the four that it answers.
    const statuses = answers.map(({ status }) => String(status)).toSorted();
    expect(statuses).toEqual(['200', '200', '200', '502', '502', '502', '502', '502']);
    expect((await rest(gateway, 'fourth/count', 'short-lived')).code).toBe('SESSION_GONE');
    expect((await rest(gateway, 'fourth/count', 'short-lived')).text).toBe('1');
  });

  it('never sends a call twice', async () => {
    const before = gateway.pids().length;
    expect((await rest(gateway, 'echo/crash', 'once')).code).toBe('SERVER_EXITED');
    expect(gateway.pids().length).toBe(before + 1);
  });
});

describe('[fault 121] sessions that come and go', () => {
  it('leave nothing: no process, no descriptor, no session, however they end', async () => {
    await textOf(gateway, 'echo/count', 'warm-up');
    await expectNoLeaks(gateway.gateway, async () => {
      await Promise.all(Array.from({ length: 50 }, (_, n) => oneSession(n)));
      await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          fetch(`${gateway.url}/api/sessions/come-${n}`, {
            method: 'DELETE',
            headers: { connection: 'close' },
          }),
        ),
      );
    });
    expect(gateway.events.filter(({ type }) => type === 'gateway.fault')).toEqual([]);
  });
});

describe('a second client, and one that comes again and again', () => {
  it('never disturbs the first, nor the gateway', async () => {
    const first = await BareSseClient.initialized(`${gateway.url}/echo`);
    for (let n = 1; n <= 5; n += 1) {
      const second = await BareSseClient.initialized(`${gateway.url}/echo`);
      second.close();
      const mine = await BareSseClient.open(`${gateway.url}/echo`);
      await mine.endpoint();
      mine.close();
      expect(await first.callTool('count')).toBe(String(n));
    }
    expect(gateway.events.filter(({ type }) => type === 'gateway.fault')).toEqual([]);
    first.close();
  });

  it('may come back to one session many times, even before the former stream has ended', async () => {
    const first = await BareSseClient.initialized(`${gateway.url}/echo`);
    const endpoint = await first.endpoint();
    let last = first;
    for (let n = 1; n <= 10; n += 1) {
      const lastId = last.events.at(-1)?.id ?? '';
      const next = await BareSseClient.open(`${gateway.url}/echo`, { 'last-event-id': lastId });
      expect(await next.endpoint()).toBe(endpoint);
      if (n % 2 === 0) await last.ended();
      else last.close();
      last = next;
    }
    expect(await last.callTool('count')).toBe('1');
    last.close();
  });
});

/** Most sessions are only opened; some run a process, and end in every way there is. */
async function oneSession(n: number): Promise<void> {
  if (n < 8) return void (await textOf(gateway, 'echo/count', `come-${n}`));
  if (n < 12) return void (await rest(gateway, 'echo/crash', `crash-${n}`));
  const client =
    n < 24 ? await RawSseClient.initialized(gateway, 'echo') : await RawSseClient.open(gateway, 'echo');
  if (n < 16)
    await client.post({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'sleep', arguments: { ms: 60_000 } },
    });
  if (n % 2 === 0) client.reset();
  else client.socket.destroy();
}
