import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';
import { groupMembers } from '../support/no-leaks.ts';
import { groupEnded, pidOfSession, rest, tempFolder, textOf } from './helpers.ts';

const hostile = `"${process.execPath}" "${HOSTILE_SERVER}"`;
const folder = tempFolder();

/** A server with a grandchild that ignores SIGTERM and holds its pipes. */
const DEAF = `trap '' TERM; sleep 600 & trap - TERM; exec ${hostile}`;

const gateway = await startGateway({
  servers: {
    fork: runs(HOSTILE_SERVER, '--fork', `--pid-file=${join(folder.path, 'fork')}`),
    stubborn: runs(HOSTILE_SERVER, '--ignore-eof', '--ignore-term'),
    'stubborn-fork': runs(HOSTILE_SERVER, '--ignore-eof', '--ignore-term', '--fork'),
    'stubborn-sh': { command: 'sh', args: ['-c', `${hostile} --ignore-eof --ignore-term ; true`] },
    deaf: { command: 'sh', args: ['-c', DEAF] },
    mute: runs(HOSTILE_SERVER, '--close-stdout=call'),
    'mute-stubborn': runs(HOSTILE_SERVER, '--close-stdout=call', '--ignore-eof', '--ignore-term'),
    'mute-start': runs(HOSTILE_SERVER, '--close-stdout'),
  },
});
afterAll(() => {
  folder[Symbol.dispose]();
  return gateway.stop();
});

async function start(server: string, session = 's'): Promise<number> {
  await textOf(gateway, `${server}/pid`, session);
  return pidOfSession(gateway, session);
}

async function end(session: string): Promise<void> {
  await fetch(`${gateway.url}/api/sessions/${session}`, { method: 'DELETE' });
}

describe.concurrent('a server that does not want to go', () => {
  it('[fault 34] is ended together with a grandchild that holds its pipes', async () => {
    const pid = await start('fork', 'forked');
    const [own, grandchild] = readFileSync(join(folder.path, 'fork'), 'utf8').trim().split('\n').map(Number);
    expect([own, groupMembers(pid)]).toEqual([pid, expect.arrayContaining([pid, grandchild])]);
    await end('forked');
    await groupEnded(pid);
  });

  it.each(['stubborn', 'stubborn-fork', 'stubborn-sh'])(
    '[era 35] [fault 35] is killed when it ignores EOF and SIGTERM: %s',
    async (server) => {
      const pid = await start(server, server);
      await end(server);
      const { exit } = await gateway.event('instance.exited', (event) => event.server === server);
      await groupEnded(pid);
      expect(exit.expected).toBe(true);
      if (server === 'stubborn') expect(exit.signal).toBe('SIGKILL');
    },
  );

  it('[fault 35] is asked before it is killed', async () => {
    await start('stubborn', 'asked');
    await end('asked');
    await gateway.event('instance.stderr', ({ line }) => line === 'ignored SIGTERM');
  });

  it('[era 35] [fault 34] is ended together with a grandchild that ignores SIGTERM', async () => {
    const pid = await start('deaf', 'deaf');
    expect(groupMembers(pid)).toHaveLength(2);
    await end('deaf');
    await groupEnded(pid);
  });
});

describe.concurrent('a server that dies while a grandchild holds its pipes', () => {
  it('[fault 34] answers its calls at once, without waiting for the pipes, and leaves nothing', async () => {
    const pid = await start('fork', 'crashed');
    const running = rest(gateway, 'fork/sleep', 'crashed', { ms: 60_000 });
    await textOf(gateway, 'fork/count', 'crashed');
    const started = performance.now();
    const answers = await Promise.all([rest(gateway, 'fork/crash', 'crashed', { code: 7 }), running]);
    expect(answers.map(({ status, code }) => [status, code])).toEqual([
      [502, 'SERVER_EXITED'],
      [502, 'SERVER_EXITED'],
    ]);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await groupEnded(pid)).toBeLessThan(2000);
  });

  it('[fault 34] leaves nothing when the grandchild ignores SIGTERM, too', async () => {
    const pid = await start('deaf', 'deaf-crash');
    expect((await rest(gateway, 'deaf/crash', 'deaf-crash', { code: 7 })).code).toBe('SERVER_EXITED');
    await groupEnded(pid);
  });
});

describe.concurrent('a server that closes its output but lives', () => {
  it.each(['mute', 'mute-stubborn'])(
    '[fault 33] is ended, and its calls are answered: %s',
    async (server) => {
      const answer = await rest(gateway, `${server}/pid`, server);
      expect([answer.status, answer.code]).toEqual([502, 'SERVER_EXITED']);
      const { exit, pid = 0 } = await gateway.event('instance.exited', (event) => event.server === server);
      await groupEnded(pid);
      expect(exit.expected).toBe(false);
    },
  );

  it('[fault 33] fails to start when it does so before it could be used', async () => {
    const { status, code } = await rest(gateway, 'mute-start/pid', 'mute-start');
    expect([status, code]).toEqual([502, expect.stringMatching(/^(SERVER_EXITED|START_FAILED)$/)]);
    const { pid } = await gateway.event('instance.started', (event) => event.server === 'mute-start');
    await groupEnded(pid);
  });
});
