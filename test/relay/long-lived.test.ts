/** A process that many clients share lives on when they have gone, and keeps nothing of them in memory. */
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InstanceLease } from '../../src/instance/lease.ts';
import { LegacyOnModern } from '../../src/relay/bridge-legacy-to-modern.ts';
import { LegacyGuest } from '../../src/relay/legacy-guest.ts';
import { Reviving } from '../../src/relay/reviving.ts';
import { WrappedUpstream } from '../../src/relay/wrapped-upstream.ts';
import { Session } from '../../src/session/session.ts';
import { textOf } from '../instance/helpers.ts';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { ModernClient } from '../support/modern-client.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { StreamableClient } from '../support/streamable-client.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const CLIENTS = 12;
/** What the last of them may leave in variables that the next one would take over. */
const LAST_ONES = 2;
/** Longer than an upstream is kept for the next request of its principal. */
const APART_MS = 300;

const KINDS = { Session, Reviving, LegacyOnModern, LegacyGuest, InstanceLease, WrappedUpstream };

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    http: { sseGraceMs: 10 },
    rest: { sessions: 'optional' },
    servers: {
      legacy: { ...runs(HOSTILE_SERVER), era: 'legacy', policy: 'shared' },
      modern: { ...runs(fixture('modern-hostile.mjs')), era: 'modern' },
    },
  });
});
afterAll(() => gateway.stop());

async function counts(): Promise<Record<string, number>> {
  // What only a finalizer frees takes a few turns after its owner let go of it.
  for (let turn = 0; turn < 5; turn += 1) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Object.fromEntries(
    Object.entries(KINDS).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })]),
  );
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, APART_MS));

async function pidOf(server: string): Promise<string> {
  return (await fetch(`${gateway.url}/api/${server}/pid`, { method: 'POST' })).text();
}

type Visit = (server: string) => Promise<unknown>;

const VISITS: readonly Visit[] = [
  // A session of Streamable HTTP.
  async (server) => {
    const client = await StreamableClient.open(gateway.port, `/${server}`);
    await client.text('echo');
    expect((await client.end().done()).status).toBe(200);
  },
  // Of HTTP+SSE.
  async (server) => {
    const client = await BareSseClient.initialized(`${gateway.url}/${server}`);
    await client.callTool('echo');
    client.close();
  },
  // Over REST.
  async (server) => {
    await textOf(gateway, `${server}/echo`, 'visitor');
    await fetch(`${gateway.url}/api/sessions/visitor`, { method: 'DELETE' });
  },
  // A request of 2026-07-28.
  async (server) => {
    await new ModernClient(gateway.port, `/${server}`).text('echo');
    await pause();
  },
  // Over REST, without a session.
  async (server) => {
    const response = await fetch(`${gateway.url}/api/${server}/echo`, { method: 'POST' });
    expect(response.status).toBe(200);
    await pause();
  },
];

it.each(['legacy', 'modern'])(
  'a shared process of a %s server keeps nothing of its former clients',
  { timeout: 90_000 },
  async (server) => {
    const visitors = async (count: number): Promise<void> => {
      const many = async (visit: Visit): Promise<void> => {
        for (let left = count; left > 0; left -= 1) await visit(server);
      };
      await Promise.all(VISITS.map(many));
      await expect.poll(() => gateway.gateway.inspect().sessions, { timeout: 10_000 }).toBe(0);
      await pause();
      // The test's own.
      (gateway.events as unknown[]).length = 0;
    };
    await visitors(1);
    const pid = await pidOf(server);
    const before = await counts();
    await visitors(CLIENTS);
    // It is about one process that lives on.
    expect(await pidOf(server)).toBe(pid);
    await pause();
    const after = await counts();
    const kept = Object.entries(after).filter(([name, count]) => count > (before[name] ?? 0) + LAST_ONES);
    expect(kept).toEqual([]);
  },
);
