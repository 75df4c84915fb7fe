/** What is held of `resources`, by what, and what is said of the rest. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Cgroup, controllersOf } from '../../src/instance/cgroup.ts';
import { planResources } from '../../src/instance/resources.ts';
import { HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';
import { type RunOptions, startGatewayProcess } from '../support/gateway-process.ts';
import { processesGone } from '../support/no-leaks.ts';
import { rest, tempFolder, textOf } from './helpers.ts';

const MiB = 1_048_576;
const ALL = { memory: 512 * MiB, cpu: 0.5, processes: 64, cgroup: '/sys/fs/cgroup/mcp' };
const tools = (more = {}) => ({
  prlimit: '/usr/bin/prlimit',
  isPrivileged: false,
  controllers: undefined,
  ...more,
});
const folder = tempFolder();
afterAll(() => folder[Symbol.dispose]());

describe('[fault 38] [fault 39] limits that are asked for', () => {
  it('are held by a cgroup where one has been delegated', () => {
    const controllers = new Set(['memory', 'cpu', 'pids']);
    expect(planResources(ALL, tools({ controllers }))).toEqual({
      prlimit: [],
      cgroup: [
        ['memory.max', '536870912'],
        ['memory.oom.group', '1'],
        ['cpu.max', '50000 100000'],
        ['pids.max', '64'],
      ],
      applied: [
        'memory 512 MiB in all (cgroup)',
        'cpu 0.5 (cgroup)',
        'processes 64 in all (cgroup)',
        'all it starts ends with it (cgroup)',
      ],
      absent: [],
    });
  });

  it('are held by prlimit as far as that goes, and the rest is named', () => {
    const plan = planResources(ALL, tools());
    expect(plan).toMatchObject({ prlimit: ['--data=536870912', '--nproc=64'], cgroup: undefined });
    expect(plan.absent).toEqual([
      { key: 'cpu', why: 'there is no cgroup with the cpu controller' },
      { key: 'cgroup', why: '/sys/fs/cgroup/mcp is no cgroup that the gateway may write to' },
    ]);
  });

  it('are not said to be held where nothing can, or only for others than root', () => {
    const nothing = planResources(ALL, tools({ prlimit: undefined }));
    expect([nothing.applied, nothing.absent.map(({ key }) => key)]).toEqual([
      [],
      ['memory', 'cpu', 'processes', 'cgroup'],
    ]);
    const root = planResources(ALL, tools({ isPrivileged: true }));
    expect(root.prlimit).toEqual(['--data=536870912']);
    expect(root.absent).toContainEqual({
      key: 'processes',
      why: 'there is no cgroup with the pids controller, and prlimit does not hold a privileged user',
    });
  });

  it('are each left to what can hold them when a cgroup has not all controllers', () => {
    const plan = planResources(ALL, tools({ controllers: new Set(['pids']) }));
    expect(plan).toMatchObject({ prlimit: ['--data=536870912'], cgroup: [['pids.max', '64']] });
    expect(plan.absent.map(({ key }) => key)).toEqual(['cpu']);
  });
});

describe('[fault 39] a server that takes all memory', () => {
  it('dies of its limit; its caller is told, others and the gateway go on', async () => {
    await using gateway = await startGateway({
      servers: {
        hog: { ...runs(HOSTILE_SERVER), resources: { memory: '300MiB' } },
        free: runs(HOSTILE_SERVER),
      },
    });
    expect(await textOf(gateway, 'hog/hog', 'modest', { bytes: 50 * MiB })).toMatch(/bytes$/);
    expect(await textOf(gateway, 'free/count', 's')).toBe('1');
    expect(await rest(gateway, 'hog/hog', 'greedy', { bytes: 2000 * MiB })).toMatchObject({
      status: 502,
      code: 'SERVER_EXITED',
    });
    expect(await textOf(gateway, 'free/count', 's')).toBe('2');
    expect(await textOf(gateway, 'hog/count', 'modest')).toBe('1');
    const told = gateway.events.filter(({ type }) => type === 'server.limits');
    expect(told).toEqual([
      {
        type: 'server.limits',
        server: 'hog',
        applied: ['memory 300 MiB for each process (prlimit)'],
        absent: [],
      },
    ]);
  });

  it('is chosen by the kernel before the gateway is', async () => {
    await using gateway = await startGateway({ servers: { it: runs(HOSTILE_SERVER) } });
    const pid = await textOf(gateway, 'it/pid', 's');
    const scoreOf = (who: string): number => Number(readFileSync(`/proc/${who}/oom_score_adj`, 'latin1'));
    expect(scoreOf(pid)).toBe(Math.min(1000, scoreOf('self') + 300));
  });
});

describe('a server with limits', () => {
  it('that cannot be run fails in its own words', async () => {
    await using gateway = await startGateway({
      servers: { missing: { command: 'no-such-command-anywhere', resources: { memory: '300MiB' } } },
    });
    expect(await rest(gateway, 'missing/x', 's')).toMatchObject({ status: 502, code: 'START_FAILED' });
    const { exit } = await gateway.event('instance.exited');
    expect(exit.spawnError).toContain('"no-such-command-anywhere" was not found on PATH');
  });

  it('has its arguments as they stand, and is ended like any other', async () => {
    await using gateway = await startGateway({
      servers: {
        it: { ...runs(HOSTILE_SERVER, '--banner=$HOME `id` "; exit'), resources: { memory: '300MiB' } },
      },
    });
    const pid = Number(await textOf(gateway, 'it/pid', 's'));
    const { line } = await gateway.event('instance.noise');
    expect(line).toBe('$HOME `id` "; exit');
    await gateway.stop();
    await processesGone([pid]);
  });
});

/** A user that nobody is, when this one may become it and that one can read this folder. */
function anotherUser(): RunOptions | undefined {
  const prefix = ['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups'];
  try {
    execFileSync(prefix[0] ?? '', [...prefix.slice(1), process.execPath, HOSTILE_SERVER], { input: '' });
    return { prefix };
  } catch {
    return undefined;
  }
}

describe('[fault 38] a server that starts processes without end', () => {
  it('comes as far as its limit, where the system can hold it; where not, that is said', async () => {
    const another = process.getuid?.() === 0 ? anotherUser() : undefined;
    const servers = {
      it: { ...runs(HOSTILE_SERVER), resources: { processes: 60 } },
      free: runs(HOSTILE_SERVER),
    };
    await using gateway = await startGatewayProcess({ servers }, another);
    const [started, why] = (await textOf(gateway, 'it/bomb', 's', { processes: 100 })).split(' ');
    if (another === undefined) await gateway.says(/processes is not held on this system/);
    else {
      expect([Number(started) < 60, why]).toEqual([true, 'EAGAIN']);
      await gateway.says(/Limits of each process of it: processes 60, counting all of the gateway's user/);
    }
    expect(await textOf(gateway, 'free/count', 's')).toBe('1');
    expect((await fetch(`${gateway.url}/api/sessions/s`, { method: 'DELETE' })).status).toBe(204);
  });
});

describe('a cgroup of a process', () => {
  const made = (path: string): string[] => readdirSync(path).filter((name) => name.startsWith('gateway-'));

  it('is made in the folder that was delegated, with its limits and the process in it', async () => {
    const delegated = join(folder.path, 'delegated');
    mkdirSync(delegated);
    writeFileSync(join(delegated, 'cgroup.subtree_control'), 'cpu memory pids\n');
    expect([...(controllersOf(delegated) ?? [])]).toEqual(expect.arrayContaining(['cpu', 'memory', 'pids']));
    expect(controllersOf(join(folder.path, 'nowhere'))).toBeUndefined();
    const group = new Cgroup(delegated, 7, [
      ['memory.max', '1000'],
      ['pids.max', '5'],
    ]);
    group.add(4711);
    const [name = ''] = made(delegated);
    expect(name).toMatch(new RegExp(`^gateway-${process.pid}-\\d+-7$`));
    const read = (file: string): string => readFileSync(join(delegated, name, file), 'utf8');
    expect([read('memory.max'), read('pids.max'), read('cgroup.procs')]).toEqual(['1000', '5', '4711']);
  });

  it('of a gateway that was killed is removed by the next one; that of a living one is not', () => {
    const delegated = join(folder.path, 'forsaken');
    mkdirSync(join(delegated, 'gateway-999999999-1-3'), { recursive: true });
    mkdirSync(join(delegated, 'gateway-1-0-3'));
    mkdirSync(join(delegated, 'something-else'));
    const own = new Cgroup(delegated, 1, []);
    expect(readdirSync(delegated)).toHaveLength(2);
    const second = new Cgroup(delegated, 2, []);
    expect(made(delegated)).toHaveLength(2);
    expect([own, second]).toBeDefined();
  });

  it('[fault 37] ends what has left the process group, where the system lets a group be made', async () => {
    const delegated = realCgroup();
    using pids = tempFolder();
    const pidFile = join(pids.path, 'pids');
    const server = runs(HOSTILE_SERVER, '--setsid', `--pid-file=${pidFile}`);
    const resources = delegated === undefined ? undefined : { cgroup: delegated };
    try {
      await using gateway = await startGateway({
        servers: { it: { ...server, ...(resources && { resources }) } },
      });
      await textOf(gateway, 'it/count', 's');
      const both = readFileSync(pidFile, 'utf8').trim().split('\n').map(Number);
      expect(both).toHaveLength(2);
      await gateway.stop();
      // Without a cgroup it is out of reach, as SECURITY.md says.
      if (delegated === undefined) process.kill(both[1] ?? 0, 'SIGKILL');
      await processesGone(both);
    } finally {
      if (delegated !== undefined) rmdirSync(delegated);
    }
  });
});

/** A folder of the system's own cgroups, version 2, that this user may use. */
function realCgroup(): string | undefined {
  const mount = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .find((line) => / - cgroup2 /.test(line))
    ?.split(' ')[4];
  const path = join(mount ?? '/nowhere', `mcp-gateway-test-${process.pid}`);
  try {
    mkdirSync(path);
    if (existsSync(join(path, 'cgroup.kill'))) return path;
    rmdirSync(path);
    return undefined;
  } catch {
    return undefined;
  }
}
