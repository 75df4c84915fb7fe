/** A gateway that is killed leaves nothing: not at once, by its watchdog, nor when that was killed, too. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rest, tempFolder, textOf } from '../instance/helpers.ts';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { descendants, processesGone, watchdogsOf } from '../support/no-leaks.ts';

const hostile = `"${process.execPath}" "${HOSTILE_SERVER}"`;
const SERVERS = {
  plain: runs(HOSTILE_SERVER),
  // Its shell does not hear the end of input that its server ignores.
  wrapped: { command: 'sh', args: ['-c', `${hostile} --ignore-eof; true`] },
  stubborn: runs(HOSTILE_SERVER, '--ignore-eof', '--ignore-term', '--fork'),
  // The leader goes with its input, a grandchild that ignores SIGTERM stays.
  deaf: { command: 'sh', args: ['-c', `trap '' TERM; sleep 600 & trap - TERM; exec ${hostile}`] },
};
/** The watchdog's graces, doubled for a busy machine. */
const WITHIN_MS = 20_000;

/** With one process of each server, and its runtime folder. */
async function started(folder: string, servers = Object.keys(SERVERS)): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess({ servers: SERVERS }, { env: { XDG_RUNTIME_DIR: folder } });
  await Promise.all(servers.map((server) => textOf(gateway, `${server}/count`, 's')));
  return gateway;
}

async function kill(gateway: GatewayProcess): Promise<void> {
  gateway.signal('SIGKILL');
  await gateway.outcome;
}

const filesOf = (folder: string): string[] => readdirSync(`${folder}/mcp-gateway`);

describe.concurrent('[fault 40] a gateway that is killed', () => {
  it('has a watchdog that ends every group: wrappers, grandchildren, and what ignores signals', async () => {
    using folder = tempFolder();
    await using gateway = await started(folder.path);
    const below = descendants(gateway.pid);
    const [watchdog = 0, ...more] = watchdogsOf(gateway.pid);
    expect([below.length >= 7, watchdog > 0, more]).toEqual([true, true, []]);
    await kill(gateway);
    await processesGone([...below, watchdog], WITHIN_MS);
    expect(filesOf(folder.path)).toEqual([]);
  });

  it('together with its watchdog is cleaned up after by the next one, before that serves', async () => {
    using folder = tempFolder();
    await using gateway = await started(folder.path, ['stubborn', 'wrapped']);
    const below = descendants(gateway.pid);
    for (const pid of watchdogsOf(gateway.pid)) process.kill(pid, 'SIGKILL');
    await kill(gateway);
    await expect(processesGone(below, 500)).rejects.toThrow('still alive');
    expect(filesOf(folder.path)).toHaveLength(1);
    await using next = await startGatewayProcess(
      { servers: SERVERS },
      { env: { XDG_RUNTIME_DIR: folder.path } },
    );
    await next.says(/Ended what a gateway that was killed had left running: 2 process groups/);
    await processesGone(below);
    expect(filesOf(folder.path)).toEqual([]);
  });

  it('does not harm another gateway that still runs, whose list is in the same folder', async () => {
    using folder = tempFolder();
    await using one = await started(folder.path, ['plain']);
    await using next = await started(folder.path, ['plain']);
    expect(filesOf(folder.path)).toHaveLength(2);
    expect(await textOf(one, 'plain/count', 's')).toBe('2');
    expect(next.stderr()).not.toContain('Ended what');
  });
});

describe.concurrent('a watchdog', () => {
  it('that there is no descriptor for keeps no server from starting; the next one brings it', async () => {
    using folder = tempFolder();
    await using gateway = await startGatewayProcess(
      { servers: SERVERS },
      { env: { XDG_RUNTIME_DIR: folder.path } },
    );
    await fetch(`${gateway.url}/healthz`);
    const limit = (nofile: number): Buffer =>
      execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${nofile}:`]);
    // Its pipe takes two, the pipes of a server six: one of those fits, a watchdog beside it does not.
    let status = 0;
    for (let room = 7; status !== 200; room += 1) {
      limit(readdirSync(`/proc/${gateway.pid}/fd`).length + room);
      status = (await rest(gateway, 'plain/count', `s${room}`).catch(() => ({ status: 0 }))).status;
    }
    limit(1000);
    await textOf(gateway, 'plain/count', 'later');
    expect(watchdogsOf(gateway.pid)).toHaveLength(1);
    gateway.signal('SIGTERM');
    expect((await gateway.outcome).code).toBe(0);
    expect(gateway.stderr()).not.toContain('Unexpected fault');
  });

  it('goes with a gateway that stops, and leaves no file', async () => {
    using folder = tempFolder();
    await using gateway = await started(folder.path, ['plain']);
    const watchdogs = watchdogsOf(gateway.pid);
    gateway.signal('SIGTERM');
    expect((await gateway.outcome).code).toBe(0);
    await processesGone(watchdogs, 0);
    expect([watchdogs.length, filesOf(folder.path)]).toEqual([1, []]);
  });

  it('is told of, and replaced with the next start, when somebody kills it', async () => {
    using folder = tempFolder();
    await using gateway = await started(folder.path, ['plain', 'stubborn']);
    const below = descendants(gateway.pid);
    for (const pid of watchdogsOf(gateway.pid)) process.kill(pid, 'SIGKILL');
    await gateway.says(/There is no watchdog \(SIGKILL\)/);
    await textOf(gateway, 'wrapped/count', 's');
    expect(watchdogsOf(gateway.pid)).toHaveLength(1);
    // It knows what was started before it.
    await kill(gateway);
    await processesGone(below, WITHIN_MS);
  });

  it('does not hear the signals that a terminal or a service manager sends to all processes', async () => {
    using folder = tempFolder();
    await using gateway = await started(folder.path, ['stubborn']);
    const below = descendants(gateway.pid);
    for (const pid of watchdogsOf(gateway.pid))
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.kill(pid, signal);
    expect(await textOf(gateway, 'plain/count', 's')).toBe('1');
    expect(watchdogsOf(gateway.pid)).toHaveLength(1);
    await kill(gateway);
    await processesGone(below, WITHIN_MS);
  });
});
