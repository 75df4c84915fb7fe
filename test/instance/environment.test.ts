import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { createGateway } from '../../src/app/gateway.ts';
import { loadConfig } from '../../src/config/load.ts';
import { HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';
import { rest, tempFolder, textOf } from './helpers.ts';

const ALLOWED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|LANG(UAGE)?|LC_\w+|TZ|TMPDIR|TEMP|TMP|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS)$/;

afterEach(() => vi.unstubAllEnvs());

describe('[fault 100] the environment of a server', () => {
  it('is an allow-list and what was declared; nothing of the gateway else', async () => {
    const canary = `canary-${process.pid}`;
    for (const name of ['SECRET_OF_THE_GATEWAY', 'AWS_SECRET_ACCESS_KEY', 'CONFIG_PATH'])
      vi.stubEnv(name, canary);
    // An exported shell function is code in disguise, even under an allowed name.
    vi.stubEnv('LANG', '() { :; }; echo shellshock');
    const env = { DECLARED: '${GIVEN}', PORT: 8080, FLAG: true, EMPTY: '', DOLLAR: '$$HOME' };
    await using gateway = await startGateway(
      { servers: { echo: { ...runs(HOSTILE_SERVER), env } } },
      { GIVEN: 'from outside' },
    );
    const seen = JSON.parse(await textOf(gateway, 'echo/env', 's')) as Record<string, string>;
    const { DECLARED, PORT, FLAG, EMPTY, DOLLAR, ...inherited } = seen;
    expect([DECLARED, PORT, FLAG, EMPTY, DOLLAR]).toEqual(['from outside', '8080', 'true', '', '$HOME']);
    expect(Object.keys(inherited).filter((name) => !ALLOWED.test(name))).toEqual([]);
    expect(inherited['PATH']).toBe(process.env['PATH']);
    expect(inherited['LANG']).toBeUndefined();
    expect(JSON.stringify(seen)).not.toContain(canary);
  });

  it('[fault 88] never holds what a caller authenticated with', async () => {
    const token = 'token-that-no-server-may-see';
    await using gateway = await startGateway({
      auth: { bearer: { enabled: true, tokens: [token] } },
      servers: { echo: runs(HOSTILE_SERVER) },
    });
    const call = (tool: string): Promise<string> =>
      fetch(`${gateway.url}/api/echo/${tool}?sessionId=s`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      }).then((response) => response.text());
    expect(await call('env')).toContain('PATH');
    for (const tool of ['env', 'raw', 'seen']) expect(await call(tool)).not.toContain(token);
  });
});

describe('what a server is run with', () => {
  it.each(['sub', './sub', '../{base}/sub'])(
    'has the working directory %s relative to the configuration file',
    async (path) => {
      using folder = tempFolder();
      mkdirSync(join(folder.path, 'sub'));
      const base = folder.path.split('/').at(-1) ?? '';
      const file = join(folder.path, 'config.yaml');
      writeFileSync(
        file,
        stringify({
          hostname: '127.0.0.1',
          port: 0,
          servers: { echo: { ...runs(HOSTILE_SERVER), path: path.replace('{base}', base) } },
        }),
      );
      const loaded = await loadConfig(file, {});
      if (!loaded.ok) throw new Error('not loaded');
      const gateway = createGateway(loaded.config);
      const port = await gateway.listen();
      try {
        expect(await textOf({ url: `http://127.0.0.1:${port}` }, 'echo/cwd', 's')).toBe(
          realpathSync(join(folder.path, 'sub')),
        );
      } finally {
        await gateway.stop();
      }
    },
  );

  it('[fault 106] gets its arguments as they stand: no shell sees them', async () => {
    const args = [
      '$(touch pwned)',
      '`id`',
      '; exit 1',
      '&& false',
      '*',
      '~',
      '$HOME',
      'a b',
      '"q"',
      "it's",
      '\\',
      '|',
      '',
      '$${X}',
      '%PATH%',
      '\n',
      'é😀',
    ];
    const script =
      'process.stdin.resume().on("end",()=>process.exit());process.stdout.write(JSON.stringify({jsonrpc:"2.0",method:"notifications/message",params:{level:"info",data:process.argv.slice(1)}})+"\\n")';
    await using gateway = await startGateway({
      servers: {
        printer: {
          command: process.execPath,
          args: ['-e', script, '--', ...args.map((arg) => arg.replaceAll('$', '$$$$'))],
        },
      },
    });
    const lines: string[] = [];
    gateway.gateway.events.subscribe(
      (event) => {
        if (event.type === 'message' && event.direction === 'from-server')
          lines.push(Buffer.concat(event.bytes).toString());
      },
      { messages: true },
    );
    const abandoned = rest(gateway, 'printer/x', 's');
    await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(1);
    expect((JSON.parse(lines[0] ?? '') as { params: { data: string[] } }).params.data).toEqual(args);
    await gateway.gateway.stopNow();
    expect((await abandoned).status).toBeGreaterThanOrEqual(500);
  });
});

describe('[fault 17] many starts at once', () => {
  it('are admitted a few at a time, and all are served', async () => {
    using folder = tempFolder();
    const pidFile = join(folder.path, 'pids');
    const servers = { slow: runs(HOSTILE_SERVER, '--slow-init=60', `--pid-file=${pidFile}`) };
    await using gateway = await startGateway({ limits: { concurrentStarts: 2 }, servers });
    let starting = 0;
    let most = 0;
    let queued = 0;
    gateway.gateway.events.subscribe(({ type }) => {
      if (type === 'instance.started') starting += 1;
      if (type === 'instance.ready') starting -= 1;
      most = Math.max(most, starting);
      queued = Math.max(queued, gateway.gateway.inspect().waiting);
    });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => textOf(gateway, 'slow/pid', `herd-${n}`)),
    );
    expect(new Set(answers).size).toBe(10);
    expect(readFileSync(pidFile, 'utf8').trim().split('\n').toSorted()).toEqual(answers.toSorted());
    expect([most, starting]).toEqual([2, 0]);
    expect(queued).toBeGreaterThanOrEqual(6);
  });

  it('[fault 18] are refused beyond limits.instances, with 503 and Retry-After, and the place is free again afterwards', async () => {
    await using gateway = await startGateway({
      limits: { instances: 2 },
      servers: { echo: runs(HOSTILE_SERVER) },
    });
    await Promise.all(['a', 'b'].map((session) => textOf(gateway, 'echo/pid', session)));
    const refused = await fetch(`${gateway.url}/api/echo/pid?sessionId=c`, { method: 'POST' });
    expect([refused.status, refused.headers.get('retry-after') !== null]).toEqual([503, true]);
    expect(await refused.json()).toMatchObject({ code: 'INSTANCES_FULL' });
    await fetch(`${gateway.url}/api/sessions/a`, { method: 'DELETE' });
    await gateway.event('instance.exited');
    expect(await textOf(gateway, 'echo/count', 'c')).toBe('1');
  });

  it('whose callers give up before their turn start nothing', async () => {
    await using gateway = await startGateway({
      limits: { concurrentStarts: 1 },
      servers: { slow: runs(HOSTILE_SERVER, '--slow-init=300') },
    });
    const first = rest(gateway, 'slow/count', 'first');
    await gateway.event('instance.started');
    const second = rest(gateway, 'slow/count', 'second');
    await gateway.event('session.opened', ({ session }) => session === 'second');
    expect((await fetch(`${gateway.url}/api/sessions/second`, { method: 'DELETE' })).status).toBe(204);
    expect(await second).toMatchObject({ status: 404, code: 'SESSION_UNKNOWN' });
    expect((await first).text).toBe('1');
    expect(gateway.pids()).toHaveLength(1);
    expect(gateway.gateway.inspect()).toMatchObject({ sessions: 1, instances: 1, waiting: 0 });
  });
});
