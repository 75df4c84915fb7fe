import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { rest, textOf } from '../instance/helpers.ts';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { type GatewayProcess, serveConfigFile } from '../support/gateway-process.ts';

const SERVER = runs(HOSTILE_SERVER);
const RELOADED = 'Configuration reloaded';
const REJECTED = 'Configuration not reloaded';

function yaml(servers: object, more: object = {}): string {
  return stringify({ hostname: '127.0.0.1', port: 0, ...more, servers });
}

const ONE = yaml({ a: SERVER });
const TWO = yaml({ a: SERVER, b: SERVER });

function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'mcp-gateway-reload-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function times(gateway: GatewayProcess, text: string): number {
  return gateway.stderr().split(text).length - 1;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not so: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Asks for a reload and waits for it, so that whatever was wanted before is through. */
async function settled(gateway: GatewayProcess): Promise<void> {
  const before = times(gateway, RELOADED) + times(gateway, REJECTED);
  gateway.signal('SIGHUP');
  await until(() => times(gateway, RELOADED) + times(gateway, REJECTED) > before);
}

async function metric(gateway: GatewayProcess): Promise<string> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return /^mcp_gateway_config_last_reload_success (\d)$/m.exec(text)?.[1] ?? '';
}

describe.concurrent('[fault 103] the file changes', () => {
  /** From ONE to TWO, in every way that files change. */
  const ways: [string, (path: string) => void][] = [
    ['by being written in place', (path) => writeFileSync(path, TWO)],
    [
      'as editors do it: a new file renamed over it',
      (path) => {
        writeFileSync(`${path}.new`, TWO);
        renameSync(path, `${path}~`);
        renameSync(`${path}.new`, path);
      },
    ],
    [
      'by being removed and written anew',
      (path) => {
        unlinkSync(path);
        writeFileSync(path, TWO);
      },
    ],
  ];
  it.each(ways)('%s', async (_way, change) => {
    using own = folder();
    const path = join(own.path, 'config.yaml');
    writeFileSync(path, ONE);
    await using gateway = await serveConfigFile(path);
    const pid = await textOf(gateway, 'a/pid', 's');
    change(path);
    await gateway.says(/server b added/);
    expect(await textOf(gateway, 'b/count', 's')).toBe('1');
    expect(await textOf(gateway, 'a/pid', 's')).toBe(pid);
    expect(times(gateway, REJECTED)).toBe(0);
  });

  it('as a ConfigMap does: the link to the folder of all files points elsewhere', async () => {
    using own = folder();
    const put = (version: string, files: Record<string, string>): void => {
      mkdirSync(join(own.path, version));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(own.path, version, name), text);
    };
    const auth = { bearer: { tokens: [{ name: 'ci', token: '${file:token}' }] } };
    put('..2026_1', { 'config.yaml': yaml({ a: SERVER }, { auth }), token: 'the-first-token-of-ci\n' });
    symlinkSync('..2026_1', join(own.path, '..data'));
    for (const name of ['config.yaml', 'token']) symlinkSync(join('..data', name), join(own.path, name));
    await using gateway = await serveConfigFile(join(own.path, 'config.yaml'));
    const status = async (token: string) =>
      (await fetch(`${gateway.url}/api/sessionid`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await status('the-first-token-of-ci')).toBe(200);
    put('..2026_2', {
      'config.yaml': yaml({ a: SERVER, b: SERVER }, { auth }),
      token: 'the-second-token-of-ci\n',
    });
    symlinkSync('..2026_2', join(own.path, '..data_tmp'));
    renameSync(join(own.path, '..data_tmp'), join(own.path, '..data'));
    rmSync(join(own.path, '..2026_1'), { recursive: true });
    await gateway.says(/server b added; credentials changed/);
    expect([await status('the-first-token-of-ci'), await status('the-second-token-of-ci')]).toEqual([
      401, 200,
    ]);
    // The folder that the link points to now is watched as the first was.
    writeFileSync(join(own.path, '..2026_2', 'token'), 'the-third-token-of-ci');
    await until(async () => (await status('the-third-token-of-ci')) === 200);
  });

  it('bit by bit: it is read when it is whole, and only then', async () => {
    using own = folder();
    const path = join(own.path, 'config.yaml');
    writeFileSync(path, ONE);
    await using gateway = await serveConfigFile(path);
    const pieces = TWO.match(/[^]{1,40}/g) ?? [];
    writeFileSync(path, '');
    for (const piece of pieces) {
      appendFileSync(path, piece);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await gateway.says(/server b added/);
    expect(times(gateway, REJECTED)).toBe(0);
  });

  it('in a file that it only names: a secret', async () => {
    using own = folder();
    using secrets = folder();
    const [path, secret] = [join(own.path, 'config.yaml'), join(secrets.path, 'token')];
    writeFileSync(secret, 'a-token-from-a-file');
    const auth = { bearer: { tokens: [{ name: 'ci', token: `\${file:${secret}}` }] } };
    writeFileSync(path, yaml({ a: SERVER }, { auth, debug: { level: 'verbose' } }));
    await using gateway = await serveConfigFile(path);
    writeFileSync(`${secret}.new`, 'another-token-from-a-file');
    renameSync(`${secret}.new`, secret);
    await gateway.says(/credentials changed/);
    const call = await fetch(`${gateway.url}/api/a/echo?sessionId=s`, {
      method: 'POST',
      headers: { authorization: 'Bearer another-token-from-a-file', 'content-type': 'application/json' },
      body: '{"text":"a-token-from-a-file another-token-from-a-file"}',
    });
    expect(call.status).toBe(200);
    await gateway.says(/STDIO message received/);
    // What was a secret stays one; what is one now is one from the first line on.
    expect(gateway.stderr()).not.toContain('token-from-a-file');
  });

  it('but not by a touch, a change of another file, or a write of the same', async () => {
    using own = folder();
    const path = join(own.path, 'config.yaml');
    writeFileSync(path, ONE);
    await using gateway = await serveConfigFile(path);
    writeFileSync(path, ONE);
    writeFileSync(join(own.path, 'other'), 'x');
    await settled(gateway);
    expect(times(gateway, RELOADED)).toBe(1);
    expect(gateway.stderr()).toContain('Configuration reloaded: nothing has changed');
  });
});

describe.concurrent('[fault 102] a bad file', () => {
  it('changes nothing, is told once with its places, and shows in the metrics; a good one makes up for it', async () => {
    using own = folder();
    const path = join(own.path, 'config.yaml');
    writeFileSync(path, ONE);
    await using gateway = await serveConfigFile(path);
    const pid = await textOf(gateway, 'a/pid', 's');
    expect(await metric(gateway)).toBe('1');
    writeFileSync(path, `${ONE}  b:\n    comand: x\nport: 1\n`);
    await gateway.says(/Configuration not reloaded/);
    writeFileSync(path, `${ONE}  b:\n    comand: x\n`);
    await until(() => times(gateway, REJECTED) === 2);
    const lines = gateway
      .stderr()
      .split('\n')
      .filter((line) => line.includes('not reloaded'));
    const at = ONE.split('\n').length + 1;
    expect(lines[1]).toContain(`${path}:${at}:5: servers.b.comand`);
    expect(lines[1]).toContain('did you mean');
    expect(await metric(gateway)).toBe('0');
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    expect(await textOf(gateway, 'a/pid', 's')).toBe(pid);
    // The same again is nothing new.
    writeFileSync(path, `${ONE}  b:\n    comand: x\n`);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(times(gateway, REJECTED)).toBe(2);
    writeFileSync(path, ONE);
    await gateway.says(/Configuration reloaded: nothing has changed/);
    expect(await metric(gateway)).toBe('1');
    expect(await textOf(gateway, 'a/pid', 's')).toBe(pid);
  });

  it('or none at all keeps the one before, also when SIGHUP asks', async () => {
    using own = folder();
    const path = join(own.path, 'config.yaml');
    writeFileSync(path, ONE);
    await using gateway = await serveConfigFile(path);
    unlinkSync(path);
    await gateway.says(/Configuration not reloaded.*there is no such file/);
    await settled(gateway);
    expect(await textOf(gateway, 'a/count', 's')).toBe('1');
    writeFileSync(path, TWO);
    await gateway.says(/server b added/);
  });
});

describe.concurrent('[fault 104] SIGHUP', () => {
  it('in a storm is one reload, or two', async () => {
    using own = folder();
    const path = join(own.path, 'config.yaml');
    writeFileSync(path, ONE);
    await using gateway = await serveConfigFile(path, ['--no-watch']);
    writeFileSync(path, TWO);
    for (let n = 0; n < 500; n += 1) gateway.signal('SIGHUP');
    await gateway.says(/server b added/);
    await settled(gateway);
    expect(times(gateway, RELOADED)).toBeLessThanOrEqual(3);
    expect(await textOf(gateway, 'b/count', 's')).toBe('1');
  });

  it('is the only way with --no-watch', async () => {
    using own = folder();
    const path = join(own.path, 'config.yaml');
    writeFileSync(path, ONE);
    await using gateway = await serveConfigFile(path, ['--no-watch']);
    writeFileSync(path, TWO);
    // Longer than a watching gateway takes.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await rest(gateway, 'b/count', 's')).status).toBe(404);
    await settled(gateway);
    expect(await textOf(gateway, 'b/count', 's')).toBe('1');
  });

  it('applies the level of the log, and names what needs a restart', async () => {
    using own = folder();
    const path = join(own.path, 'config.yaml');
    writeFileSync(path, ONE);
    await using gateway = await serveConfigFile(path, ['--no-watch']);
    await textOf(gateway, 'a/count', 'before');
    expect(gateway.stderr()).not.toContain('STDIO message');
    writeFileSync(path, yaml({ a: SERVER }, { debug: { level: 'verbose' }, port: 1 }));
    await settled(gateway);
    expect(gateway.stderr()).toMatch(/debug\.level changed; port will change with the next start/);
    await textOf(gateway, 'a/count', 'after');
    await gateway.says(/STDIO message sent to a/);
  });

  it('stops a gateway that is stopping no less', async () => {
    using own = folder();
    const path = join(own.path, 'config.yaml');
    writeFileSync(path, ONE);
    await using gateway = await serveConfigFile(path);
    const running = rest(gateway, 'a/sleep', 's', { ms: 1000 });
    await textOf(gateway, 'a/count', 's');
    gateway.signal('SIGTERM');
    await gateway.says(/Stopping/);
    gateway.signal('SIGHUP');
    expect((await running).text).toBe('slept');
    expect(await gateway.outcome).toMatchObject({ code: 0, signal: null });
  });
});
