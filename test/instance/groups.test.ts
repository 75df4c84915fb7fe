import { afterAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { groupMembers } from '../support/no-leaks.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { BOUND_MS, groupEnded, pidOfSession, RawSseClient, rest, textOf } from './helpers.ts';

const GRACE_MS = 100;
const ROOT = new URL('../..', import.meta.url).pathname;
const server = `"${process.execPath}" "${HOSTILE_SERVER}"`;

/** A shell gives what it puts in the background no standard input, so that is handed on. */
const SERVERS = {
  direct: runs(HOSTILE_SERVER),
  'sh-before': { command: 'sh', args: ['-c', `${server} ; true`] },
  'sh-behind': { command: 'sh', args: ['-c', `exec 3<&0; ${server} <&3 & wait`] },
  npx: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'], path: ROOT },
};
type Name = keyof typeof SERVERS;
const NAMES = Object.keys(SERVERS) as Name[];
/** How many processes the group of a server has at least while it runs. */
const SIZES: Readonly<Record<Name, number>> = { direct: 1, 'sh-before': 2, 'sh-behind': 2, npx: 2 };
const echo = (name: Name): string => `${name}/${name === 'npx' ? 'echo' : 'count'}`;

const lasting = await startGateway({ http: { sseGraceMs: GRACE_MS }, servers: SERVERS });
const brief = await startGateway({ limits: { sessionIdleMs: 300 }, servers: SERVERS });
afterAll(() => Promise.all([lasting.stop(), brief.stop()]));

/** Opens a REST session and leaves its process running. */
async function startByRest(gateway: TestGateway, name: Name, session: string): Promise<number> {
  await textOf(gateway, echo(name), session, { message: 'hello' });
  const pid = await pidOfSession(gateway, session);
  return pid;
}

describe('processes of sessions', () => {
  it('are one for each session, whichever front opened it', async () => {
    const clients = await Promise.all([1, 2].map(() => BareSseClient.initialized(`${lasting.url}/direct`)));
    const pids = await Promise.all([
      ...clients.map((client) => client.callTool('pid')),
      ...['own-a', 'own-b'].map((session) => textOf(lasting, 'direct/pid', session)),
    ]);
    expect(new Set(pids).size).toBe(4);
    const again = await Promise.all([
      ...clients.map((client) => Promise.all(Array.from({ length: 10 }, () => client.callTool('pid')))),
      ...['own-a', 'own-b'].map((session) =>
        Promise.all(Array.from({ length: 10 }, () => textOf(lasting, 'direct/pid', session))),
      ),
    ]);
    expect(again.map((answers) => [...new Set(answers)])).toEqual(pids.map((pid) => [pid]));
    for (const client of clients) client.close();
  });

  it('start once for calls that come at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => textOf(lasting, 'direct/count', 'at-once')),
    );
    expect(answers.map(Number).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
    expect(
      lasting.events.filter((event) => event.type === 'session.leased' && event.session === 'at-once'),
    ).toHaveLength(1);
  });
});

describe.concurrent.each(NAMES)('[fault 36] the process group of a server run as %s is gone', (name) => {
  const opened = async (pid: number): Promise<number> => {
    expect(groupMembers(pid).length).toBeGreaterThanOrEqual(SIZES[name]);
    return pid;
  };

  it('after the client hung up', async () => {
    const client = await BareSseClient.initialized(`${lasting.url}/${name}`);
    const id = new URL(await client.endpoint()).searchParams.get('sessionId') ?? '';
    const pid = await opened(await pidOfSession(lasting, id));
    client.close();
    await groupEnded(pid, GRACE_MS + BOUND_MS);
  });

  it('[fault 1] after the client was reset in a call', async () => {
    const client = await RawSseClient.initialized(lasting, name);
    const pid = await opened(await pidOfSession(lasting, client.sessionId));
    await client.post({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'sleep', arguments: { ms: 60_000 } },
    });
    client.reset();
    await groupEnded(pid, GRACE_MS + BOUND_MS);
  });

  it('after the session was idle', async () => {
    const pid = await startByRest(brief, name, `idle-${name}`);
    await brief.event(
      'session.ended',
      (event) => event.session === `idle-${name}` && event.reason === 'idle for too long',
    );
    await groupEnded(pid);
  });

  it('[fault 16] after DELETE, and what ran is answered', async () => {
    const session = `deleted-${name}`;
    const pid = await opened(await startByRest(lasting, name, session));
    const running = name === 'npx' ? undefined : rest(lasting, `${name}/sleep`, session, { ms: 60_000 });
    await textOf(lasting, echo(name), session, { message: 'the call is on its way' });
    const response = await fetch(`${lasting.url}/api/sessions/${session}`, { method: 'DELETE' });
    expect(response.status).toBe(204);
    if (running !== undefined) expect((await running).code).toBe('SESSION_UNKNOWN');
    await groupEnded(pid);
  });
});

describe('a gateway that stops', () => {
  it('leaves no process of any group', async () => {
    const gateway = await startGateway({ servers: SERVERS });
    const pids = await Promise.all(NAMES.map((name) => startByRest(gateway, name, 'last')));
    expect(pids.every((pid) => groupMembers(pid).length > 0)).toBe(true);
    const started = performance.now();
    await gateway.stop();
    expect(pids.flatMap(groupMembers)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(BOUND_MS);
    expect(gateway.gateway.inspect()).toMatchObject({ sessions: 0, instances: 0, waiting: 0 });
  });
});
