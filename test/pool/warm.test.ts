/** Spares: started before anybody needs them, given out once, replaced behind everybody's back, in nobody's way. */
import { describe, expect, it } from 'vitest';
import { openFront } from '../support/front-clients.ts';
import {
  fixture,
  groupsGone,
  HOSTILE_SERVER,
  runs,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { StreamableClient } from '../support/streamable-client.ts';

const warm = { ...runs(HOSTILE_SERVER), warm: 1 };

/** Resolves when so many spares are ready: as many for clients that shake hands themselves as for callers who do not. */
async function ready(gateway: TestGateway, spares: number): Promise<void> {
  while (gateway.gateway.inspect().spares !== spares) await new Promise((resolve) => setTimeout(resolve, 5));
}

function taken({ events }: TestGateway): { instance: number; shaken: boolean }[] {
  return events.flatMap((event) =>
    event.type === 'spare.taken' ? [{ instance: event.instance, shaken: event.shaken }] : [],
  );
}

describe('a server with spares', () => {
  it('serves each kind of caller from its own, and replaces them', async () => {
    await using gateway = await startGateway({ servers: { it: warm, legacy: { ...warm, era: 'legacy' } } });
    await ready(gateway, 4);
    const started = gateway.pids();
    const fronts = [
      ['streamable', 'it'],
      ['rest', 'it'],
      ['stateless', 'legacy'],
      ['sse', 'legacy'],
    ] as const;
    for (const [front, server] of fronts) {
      const client = await openFront(front, gateway, server);
      expect(started).toContain(Number(await client.text('pid')));
      // Whoever shakes hands itself is the only one that does.
      const handshake = ['initialize', 'notifications/initialized'];
      const seen = (JSON.parse(await client.text('seen')) as string[]).filter(
        (each) => each !== 'tools/list',
      );
      expect(seen).toEqual([...handshake, 'tools/call', 'tools/call']);
      client.close();
    }
    expect(taken(gateway).map(({ shaken }) => shaken)).toEqual([false, true, true, false]);
    await ready(gateway, 4);
    expect(new Set(taken(gateway).map(({ instance }) => instance)).size).toBe(4);
  });

  it('tells a client that comes with its own handshake nothing of the gateway', async () => {
    const full = { ...runs(fixture('full-server-v1.mjs')), warm: 1 };
    await using gateway = await startGateway({ servers: { full } });
    await ready(gateway, 2);
    const client = await StreamableClient.open(gateway.port, '/full', { capabilities: { roots: {} } });
    expect(JSON.parse(await client.text('whoami'))).toEqual({
      client: { name: 'bare', version: '0' },
      capabilities: { roots: {} },
    });
    expect(taken(gateway)).toHaveLength(1);
  });

  it.each(['session', 'principal', 'call'])('gives none to two callers: %s', async (policy) => {
    const tokens = ['ada', 'bob'].map((name) => ({ name, token: `token-of-${name}` }));
    await using gateway = await startGateway({
      auth: { bearer: { tokens } },
      servers: { it: { ...warm, warm: 2, policy } },
    });
    await ready(gateway, 4);
    const pids = await Promise.all(
      ['ada', 'bob', 'ada', 'bob'].map(async (who) => {
        const headers = { authorization: `Bearer token-of-${who}` };
        const client = await openFront('rest', gateway, 'it', { headers });
        return [who, await client.text('pid')];
      }),
    );
    const ofBob = pids.flatMap(([who, pid]) => (who === 'bob' ? [pid] : []));
    expect(pids.filter(([who, pid]) => who === 'ada' && ofBob.includes(pid))).toEqual([]);
    expect(taken(gateway).length).toBeGreaterThan(0);
  });

  it('spares a new session the start of a slow server, and its slow handshake', async () => {
    const SLOW_MS = 2500;
    const command = `sleep ${SLOW_MS / 1000}; exec "$0" "$@"`;
    const args = ['-c', command, process.execPath, HOSTILE_SERVER];
    await using gateway = await startGateway({
      servers: {
        start: { command: 'sh', args, warm: 1 },
        handshake: { ...runs(HOSTILE_SERVER, `--slow-init=${SLOW_MS}`), warm: 1 },
      },
    });
    await ready(gateway, 4);
    const times = await Promise.all(
      (
        [
          ['rest', 'start'],
          ['streamable', 'start'],
          ['rest', 'handshake'],
        ] as const
      ).map(async ([front, server]) => {
        const begin = performance.now();
        await (await openFront(front, gateway, server)).text('pid');
        return performance.now() - begin;
      }),
    );
    for (const ms of times) expect(ms).toBeLessThan(SLOW_MS / 2);
  });

  it('needs none that have shaken hands when the server knows no handshake', async () => {
    const modern = { ...runs(fixture('modern-hostile.mjs')), warm: 1 };
    await using gateway = await startGateway({
      servers: { auto: modern, modern: { ...modern, era: 'modern' } },
    });
    await ready(gateway, 2);
    for (const server of ['auto', 'modern']) {
      const client = await openFront('stateless', gateway, server);
      await client.text('pid');
    }
    expect(taken(gateway).map(({ shaken }) => shaken)).toEqual([false, false]);
    await ready(gateway, 2);
  });

  it('shows them to whoever looks after the gateway', async () => {
    await using gateway = await startGateway({ servers: { it: warm } });
    await ready(gateway, 2);
    await (await openFront('rest', gateway, 'it')).text('pid');
    await ready(gateway, 2);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/^mcp_gateway_spares 2$/m);
    expect(metrics).toMatch(/^mcp_gateway_instances 3$/m);
    expect(metrics).toMatch(/^mcp_gateway_spares_taken_total\{server="it"\} 1$/m);
  });
});

describe('spares come to an end', () => {
  it('by age: each is replaced before it is too old to be trusted', async () => {
    await using gateway = await startGateway({
      limits: { spareMaxAgeMs: 300 },
      servers: { it: warm },
    });
    await ready(gateway, 2);
    const first = gateway.pids();
    await groupsGone(first, 10_000);
    await ready(gateway, 2);
    expect(
      gateway.events.filter((event) => event.type === 'instance.exited' && !event.exit.expected),
    ).toEqual([]);
  });

  it('by themselves: one that died is replaced', async () => {
    await using gateway = await startGateway({ servers: { it: warm } });
    await ready(gateway, 2);
    const [first] = gateway.pids();
    process.kill(first ?? 0, 'SIGKILL');
    await gateway.event('spares.delayed');
    await ready(gateway, 2);
    const client = await openFront('rest', gateway, 'it');
    expect(Number(await client.text('pid'))).not.toBe(first);
  });

  it('[fault 23] again and again: they are replaced ever more slowly, and their server is not held to blame', async () => {
    await using gateway = await startGateway({
      servers: { it: { ...runs(HOSTILE_SERVER, '--exit-on-start'), warm: 3 }, good: warm },
    });
    const waits = (): number[] =>
      gateway.events.flatMap((event) => (event.type === 'spares.delayed' ? [event.waitMs] : []));
    await gateway.event('spares.delayed', ({ waitMs }) => waitMs >= 1000);
    await ready(gateway, 2);
    const starts = gateway.events.filter(
      (event) => event.type === 'instance.started' && event.server === 'it',
    );
    // Each time as many as are wanted, of either kind at first.
    expect(starts.length).toBeLessThanOrEqual(3 * (waits().length + 1) + 3);
    expect(gateway.gateway.inspect().servers).toMatchObject([
      { name: 'it', state: 'ok' },
      { name: 'good', state: 'ok' },
    ]);
  });

  it('with the gateway, and none is started while it stops', async () => {
    const gateway = await startGateway({ http: { drainMs: 60_000 }, servers: { it: warm } });
    await ready(gateway, 2);
    const client = await openFront('rest', gateway, 'it');
    const running = client.text('sleep', { ms: 300 });
    while (taken(gateway).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const stopped = gateway.stop();
    expect(gateway.gateway.inspect().spares).toBe(0);
    expect(await running).toBe('slept');
    await stopped;
    await groupsGone(gateway.pids());
  });
});

describe('spares of a configuration that is replaced', () => {
  it('stay where their server has not changed, and are others where it has', async () => {
    await using gateway = await startGateway({ servers: { same: warm, changed: warm, gone: warm } });
    await ready(gateway, 6);
    const pidsOf = (server: string): number[] =>
      gateway.events.flatMap((event) =>
        event.type === 'instance.started' && event.server === server ? [event.pid] : [],
      );
    const before = { same: pidsOf('same'), others: [...pidsOf('changed'), ...pidsOf('gone')] };
    await gateway.reload({
      servers: { same: warm, changed: { ...warm, env: { CHANGED: 'yes' } }, fresh: warm },
    });
    await groupsGone(before.others);
    await ready(gateway, 6);
    expect(pidsOf('same')).toEqual(before.same);
    const client = await openFront('rest', gateway, 'changed');
    expect(JSON.parse(await client.text('env'))).toMatchObject({ CHANGED: 'yes' });
    expect(taken(gateway)).toHaveLength(1);
  });
});

describe('spares at the limit', () => {
  it('give way to whoever needs a process, and come back when there is room', async () => {
    await using gateway = await startGateway({
      limits: { instances: 3 },
      servers: { it: warm, other: warm },
    });
    // Three of the four that are wanted.
    await ready(gateway, 3);
    const clients = [];
    for (const server of ['it', 'other', 'it']) {
      const client = await openFront('streamable', gateway, server);
      await client.text('pid');
      clients.push(client);
      expect(gateway.gateway.inspect().instances).toBeLessThanOrEqual(3);
    }
    await expect(openFront('streamable', gateway, 'it')).rejects.toThrow('instances-full');
    expect(gateway.gateway.inspect()).toMatchObject({ instances: 3, spares: 0 });
    for (const client of clients) client.close();
    await ready(gateway, 3);
  });
});
