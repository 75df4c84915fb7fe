import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { rest, tempFolder, textOf } from '../instance/helpers.ts';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { runProgram, startGatewayProcess, writeConfig } from '../support/gateway-process.ts';
import { descendants, groupMembers, processesGone } from '../support/no-leaks.ts';

const SERVERS = { echo: runs(HOSTILE_SERVER) };
/** Faults come from outside: no request can cause one. */
const preload = (code: string): string[] => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

describe.concurrent('the program', () => {
  it('tells on standard error where it listens and what it serves, and nothing on standard output', async () => {
    await using gateway = await startGatewayProcess({ servers: SERVERS });
    await gateway.says(/Authentication: none configured/);
    expect(gateway.stderr()).toContain(`echo: http://127.0.0.1:${gateway.port}/echo`);
    expect(await textOf(gateway, 'echo/count', 's')).toBe('1');
    gateway.signal('SIGTERM');
    expect(await gateway.outcome).toMatchObject({ code: 0, signal: null, stdout: '' });
  });

  it('[fault 71] ends with one line and exit code 3 when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    try {
      using own = tempFolder();
      const path = writeConfig(own.path, { port, servers: SERVERS });
      const { code, signal, stderr } = await runProgram(['--config', path], {
        env: { XDG_RUNTIME_DIR: own.path },
      });
      expect([code, signal]).toEqual([3, null]);
      expect(stderr.trim().split('\n')).toEqual([
        expect.stringContaining(`Cannot listen on 127.0.0.1:${port}: the port is in use.`),
      ]);
    } finally {
      other.close();
    }
  });

  it('[fault 71] ends with one line and exit code 3 when the address is not of this machine', async () => {
    using own = tempFolder();
    // Of its own, or it also tells of what another gateway of this machine left behind.
    const env = { XDG_RUNTIME_DIR: own.path };
    const path = writeConfig(own.path, { hostname: '192.0.2.1', servers: SERVERS });
    const { code, stderr } = await runProgram(['--config', path], { env });
    expect([code, stderr.trim().split('\n').length]).toEqual([3, 1]);
    expect(stderr).toContain('this machine has no such address');
  });

  it('[fault 119] goes on when its standard input is closed', async () => {
    await using gateway = await startGatewayProcess({ servers: SERVERS });
    gateway.child.stdin?.end();
    for (const n of ['1', '2', '3']) expect(await textOf(gateway, 'echo/count', 's')).toBe(n);
    expect(gateway.child.exitCode).toBeNull();
  });

  it('[fault 73] goes on when nobody reads its log any more', async () => {
    await using gateway = await startGatewayProcess({ debug: { level: 'verbose' }, servers: SERVERS });
    gateway.child.stderr?.destroy();
    gateway.child.stdout?.destroy();
    for (const n of ['1', '2', '3']) expect(await textOf(gateway, 'echo/count', 's')).toBe(n);
    gateway.signal('SIGTERM');
    expect((await gateway.outcome).code).toBe(0);
  });

  it('[fault 73] goes on when its log cannot be written', async () => {
    const full = { prefix: ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh'] };
    await using gateway = await startGatewayProcess(
      { port: await freePort(), debug: { level: 'verbose' }, servers: SERVERS },
      full,
    );
    for (const n of ['1', '2', '3']) expect(await textOf(gateway, 'echo/count', 's')).toBe(n);
    gateway.signal('SIGTERM');
    expect((await gateway.outcome).code).toBe(0);
  });
});

describe.concurrent('a fault that nobody caught', () => {
  it.each([
    ['uncaughtException', 'throw new Error("planted fault")'],
    ['unhandledRejection', 'Promise.reject(new Error("planted fault"))'],
  ])('[fault 118] %s is logged, drained and ends the program with exit code 1', async (_name, fault) => {
    const node = preload(`process.on('SIGUSR2', () => { ${fault}; });`);
    await using gateway = await startGatewayProcess({ servers: SERVERS }, { node });
    const pid = Number(await textOf(gateway, 'echo/pid', 's'));
    const running = rest(gateway, 'echo/sleep', 's', { ms: 500 });
    await textOf(gateway, 'echo/count', 's');
    gateway.signal('SIGUSR2');
    await gateway.says(/Unexpected fault, stopping: Error: planted fault/);
    expect((await running).text).toBe('slept');
    expect(await gateway.outcome).toMatchObject({ code: 1, signal: null });
    expect(groupMembers(pid)).toEqual([]);
  });
});

describe.concurrent('a machine that fails', () => {
  it('[fault 40] kills the gateway: its servers see the end of their input and end by themselves', async () => {
    const gateway = await startGatewayProcess({ servers: SERVERS });
    await Promise.all(['a', 'b'].map((session) => textOf(gateway, 'echo/pid', session)));
    const below = descendants(gateway.pid);
    expect(below.length).toBeGreaterThanOrEqual(2);
    gateway.signal('SIGKILL');
    await gateway.outcome;
    await processesGone(below);
    await gateway[Symbol.asyncDispose]();
  });

  it('[fault 72] runs out of file descriptors: what cannot be started is refused, what runs goes on, and it recovers', async ({
    expect,
  }) => {
    await using gateway = await startGatewayProcess({ servers: SERVERS });
    expect(await textOf(gateway, 'echo/count', 'first')).toBe('1');
    const open = readdirSync(`/proc/${gateway.pid}/fd`).length;
    execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${open + 24}`]);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => rest(gateway, 'echo/count', `many-${n}`).catch(() => undefined)),
    );
    const statuses = new Set(answers.map((answer) => answer?.status));
    expect([...statuses].every((status) => status === undefined || status === 200 || status >= 500)).toBe(
      true,
    );
    expect(answers.filter((answer) => answer?.status === 200).length).toBeLessThan(12);
    expect(await textOf(gateway, 'echo/count', 'first')).toBe('2');
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        fetch(`${gateway.url}/api/sessions/many-${n}`, {
          method: 'DELETE',
          headers: { connection: 'close' },
        }).catch(() => undefined),
      ),
    );
    await expect
      .poll(
        () =>
          rest(gateway, 'echo/count', 'afterwards').then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 10_000 },
      )
      .toBe(200);
    expect(gateway.stderr()).not.toContain('Unexpected fault');
  });
});

/** A port that nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
