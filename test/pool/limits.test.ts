/** Bounds on processes and calls: what is refused says so, with the time to come again, in the words of its front. */
import { describe, expect, it } from 'vitest';
import { openFront } from '../support/front-clients.ts';
import { groupsGone, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { ModernClient, told } from '../support/modern-client.ts';
import { exchange } from '../support/raw-exchange.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { answerOf, BOTH, initialize, StreamableClient } from '../support/streamable-client.ts';

/** What a REST call and an initialize are refused with. */
async function refusals(gateway: TestGateway, server: string): Promise<unknown[]> {
  const rest = await fetch(`${gateway.url}/api/${server}/pid?sessionId=one-more`, { method: 'POST' });
  const problem = (await rest.json()) as { code: string };
  const opening = await exchange(gateway.port, {
    path: `/${server}`,
    headers: { accept: BOTH },
    body: initialize(),
  });
  const { error } = JSON.parse(opening.body) as { error: { data: { reason: string } } };
  for (const after of [rest.headers.get('retry-after'), opening.headers['retry-after']])
    expect(Number(after)).toBeGreaterThan(0);
  return [rest.status, problem.code, opening.status, error.data.reason];
}

describe('at the limit of processes', () => {
  it('[fault 18] of all servers nobody gets one more', async () => {
    await using gateway = await startGateway({
      limits: { instances: 2 },
      servers: { it: runs(HOSTILE_SERVER), other: runs(HOSTILE_SERVER) },
    });
    for (const server of ['it', 'other']) await (await openFront('rest', gateway, server)).text('pid');
    expect(await refusals(gateway, 'it')).toEqual([503, 'INSTANCES_FULL', 503, 'instances-full']);
  });

  it('[fault 18] of one server the others are not touched', async () => {
    await using gateway = await startGateway({
      servers: { it: { ...runs(HOSTILE_SERVER), maxInstances: 1, warm: 1 }, other: runs(HOSTILE_SERVER) },
    });
    await (await openFront('rest', gateway, 'it')).text('pid');
    expect(await refusals(gateway, 'it')).toEqual([
      503,
      'SERVER_INSTANCES_FULL',
      503,
      'server-instances-full',
    ]);
    expect(gateway.gateway.inspect()).toMatchObject({ instances: 1, spares: 0 });
    await (await openFront('rest', gateway, 'other')).text('pid');
  });

  it('a shared process that nobody uses gives way', async () => {
    const shared = { ...runs(HOSTILE_SERVER), policy: 'shared' };
    await using gateway = await startGateway({
      limits: { instances: 2 },
      servers: { idle: shared, used: shared, it: runs(HOSTILE_SERVER) },
    });
    const idle = await StreamableClient.open(gateway.port, '/idle');
    const pid = Number(await idle.text('pid'));
    const used = await StreamableClient.open(gateway.port, '/used');
    await used.text('count');
    await idle.end().done();
    expect(await (await openFront('rest', gateway, 'it')).text('count')).toBe('1');
    await groupsGone([pid]);
    expect(await used.text('count')).toBe('2');
    expect(await refusals(gateway, 'it')).toEqual([503, 'INSTANCES_FULL', 503, 'instances-full']);
  });

  it('[fault 17] a start that would wait behind too many is refused', async () => {
    await using gateway = await startGateway({
      limits: { concurrentStarts: 1, queuedStarts: 1 },
      servers: { it: runs(HOSTILE_SERVER, '--slow-init=600') },
    });
    const waiting = ['first', 'second'].map((id) =>
      fetch(`${gateway.url}/api/it/pid?sessionId=${id}`, { method: 'POST' }),
    );
    while (gateway.gateway.inspect().waiting < 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await refusals(gateway, 'it')).toEqual([503, 'STARTS_FULL', 503, 'starts-full']);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('a shared process that is old', () => {
  it('takes no new callers, and ends with the last it has', async () => {
    await using gateway = await startGateway({
      limits: { instanceMaxAgeMs: 300 },
      servers: { it: { ...runs(HOSTILE_SERVER), policy: 'shared' } },
    });
    const first = await StreamableClient.open(gateway.port, '/it');
    const pid = await first.text('pid');
    await new Promise((resolve) => setTimeout(resolve, 350));
    const second = await StreamableClient.open(gateway.port, '/it');
    expect(await second.text('pid')).not.toBe(pid);
    expect(await first.text('pid')).toBe(pid);
    await first.end().done();
    await groupsGone([Number(pid)]);
  });
});

describe('at the limit of calls on one process', () => {
  const SLEEP = { ms: 60_000 };
  const it2 = { ...runs(HOSTILE_SERVER), maxCalls: 2 };

  it('each front says so in its own words, and running calls go on', async () => {
    await using gateway = await startGateway({
      // What runs at the end is not waited for.
      http: { drainMs: 100 },
      servers: { it: it2, legacy: { ...it2, era: 'legacy' }, good: runs(HOSTILE_SERVER) },
    });
    const streamable = await StreamableClient.open(gateway.port, '/it');
    const running = [
      streamable.call('sleep', SLEEP, {}, 'a'),
      streamable.call('sleep', { ms: 400 }, {}, 'b'),
    ];
    await gateway.event('instance.ready');
    const refused = streamable.call('echo', {});
    const head = await refused.done();
    expect([head.status, answerOf(refused).error?.data]).toEqual([503, { reason: 'calls-full' }]);
    expect(Number(head.headers['retry-after'])).toBeGreaterThan(0);
    await running[1]?.done();
    expect(await streamable.text('echo', { n: 1 })).toBe('{"n":1}');

    const sse = await BareSseClient.initialized(`${gateway.url}/it`);
    for (const id of ['a', 'b'])
      await sse.post({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'sleep', arguments: SLEEP },
      });
    expect(await sse.request('tools/call', { name: 'echo' })).toMatchObject({
      error: { code: -32603, data: { reason: 'calls-full' } },
    });
    sse.close();

    const modern = new ModernClient(gateway.port, '/legacy');
    await modern.text('pid');
    const sleeping = [1, 2].map(() => modern.send('tools/call', { name: 'sleep', arguments: SLEEP }));
    const full = async (): Promise<boolean> => (await modern.call('echo', {})).status === 503;
    while (!(await full())) await new Promise((resolve) => setImmediate(resolve));
    expect(await told(modern.send('tools/call', { name: 'echo' }))).toMatchObject({
      status: 503,
      error: { data: { reason: 'calls-full' } },
    });
    for (const raw of sleeping) raw.close();

    const rest = (tool: string, args: object): Promise<Response> =>
      fetch(`${gateway.url}/api/it/${tool}?sessionId=calls`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(args),
      });
    await rest('pid', {});
    const busy = [rest('sleep', { ms: 700 }), rest('sleep', { ms: 700 })];
    let answer = await rest('echo', {});
    while (answer.status === 200) answer = await rest('echo', {});
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'CALLS_FULL']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    for (const call of busy) expect((await call).status).toBe(200);
    expect(await (await openFront('rest', gateway, 'good')).text('count')).toBe('1');
  });
});
