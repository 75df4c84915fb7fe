import { afterEach, describe, expect, it } from 'vitest';
import { createEvents } from '../../src/events.ts';
import { createPool } from '../../src/instance/pool/processes.ts';
import { classOf } from '../../src/relay/capability-class.ts';
import { ModernAccess } from '../../src/relay/modern-access.ts';
import { StateSeal } from '../../src/relay/sealed-state.ts';
import { Verdicts } from '../../src/relay/verdicts.ts';
import { HOSTILE_SERVER } from '../support/gateway.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

function access() {
  const spec = {
    name: 'it',
    command: process.execPath,
    args: [HOSTILE_SERVER],
    cwd: undefined,
    env: {},
    era: 'legacy',
    startTimeoutMs: 10_000,
    probeTimeoutMs: 1000,
    parkTtlMs: 60_000,
    callTimeoutMs: 10_000,
    maxCallMs: 10_000,
    warm: 0,
    maxCalls: 1000,
    maxLinesPerSecond: 10_000,
    maxLineBytes: 1 << 20,
  } as const;
  const pool = createPool({
    servers: new Map([['it', spec]]),
    events: createEvents(),
    clientInfo: { name: 'test', version: '0' },
    maxInstances: 50,
    concurrentStarts: 8,
    idleMs: 60_000,
    spareMaxAgeMs: 3_600_000,
    instanceMaxAgeMs: 86_400_000,
    queuedStarts: 1000,
  });
  ends.push(() => pool.stop(true));
  const modern = new ModernAccess(pool, new Verdicts(), new StateSeal());
  const ask = (kind: number, mayBeAsked: boolean, principal = 'alice') =>
    modern.upstream({
      server: 'it',
      principal,
      policy: undefined,
      session: undefined,
      capabilities: classOf({ experimental: { [`kind-${kind}`]: {} } }),
      clientInfo: { name: 'test', version: '0' },
      mayBeAsked,
    });
  return { pool, ask };
}

describe('a caller that declares other capabilities with every request', () => {
  it('gets a process for each of eight kinds and shares one of each kind', async () => {
    const { pool, ask } = access();
    const kinds = [0, 1, 2, 3, 4, 5, 6, 7, 0, 7];
    const instances = (await Promise.all(kinds.map((kind) => ask(kind, true)))).map((each) => each.instance);
    expect(new Set(instances).size).toBe(8);
    expect([instances[8], instances[9]]).toEqual([instances[0], instances[7]]);
    expect(pool.state().instances).toBe(8);
  });

  it('then gets no more: what may be asked is refused, the rest shares one that declares nothing', async () => {
    const { pool, ask } = access();
    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((kind) => ask(kind, true)));
    await expect(ask(8, true)).rejects.toMatchObject({ code: 'INSTANCES_FULL' });
    const others = await Promise.all([8, 9, 10].map((kind) => ask(kind, false)));
    expect(new Set(others.map((each) => each.instance)).size).toBe(1);
    expect(pool.state().instances).toBe(9);
    expect((await ask(8, true, 'bob')).instance).toBeGreaterThan(0);
  });
});
