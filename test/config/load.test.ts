import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatIssue } from '../../src/config/issues.ts';
import { loadConfig, resolveConfigPath } from '../../src/config/load.ts';
import { SERVERS } from './support.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

async function problems(path: string): Promise<string[]> {
  const loaded = await loadConfig(path, {});
  return loaded.ok ? [] : loaded.issues.map((issue) => formatIssue(issue).replaceAll(folder, '.'));
}

/** Root may read everything, so it becomes somebody else for the time being. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    return await run();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

describe('resolveConfigPath', () => {
  it.each([
    ['a.yaml', { CONFIG_PATH: '/b.yaml' }, '/work/a.yaml'],
    [undefined, { CONFIG_PATH: '/b.yaml' }, '/b.yaml'],
    [undefined, { CONFIG_PATH: 'b.yaml' }, '/work/b.yaml'],
    [undefined, { CONFIG_PATH: '' }, '/work/config.yaml'],
    [undefined, {}, '/work/config.yaml'],
  ])('option %s, environment %j', (option, env, expected) => {
    expect(resolveConfigPath(option, env, '/work')).toBe(resolve(expected));
  });
});

describe('files that cannot be loaded', () => {
  const choice =
    'say which with --config or the environment variable CONFIG_PATH (the default is ./config.yaml)';

  it('missing', async () => {
    expect(await problems(join(folder, 'gone.yaml'))).toEqual([
      `./gone.yaml: there is no such file; create it, or ${choice}`,
    ]);
    const file = await write('file.yaml', SERVERS);
    expect(await problems(join(file, 'x.yaml'))).toEqual([
      `./file.yaml/x.yaml: there is no such file; create it, or ${choice}`,
    ]);
  });

  it('a directory', async () => {
    await mkdir(join(folder, 'dir'));
    expect(await problems(join(folder, 'dir'))).toEqual([
      `./dir: this is a directory; name a file in it; ${choice}`,
    ]);
  });

  it('unreadable', async () => {
    const path = await write('closed.yaml', SERVERS, 0o000);
    expect(await asNobody(() => problems(path))).toEqual([
      './closed.yaml: the file may not be read; give the user that runs the gateway the right to read it',
    ]);
  });

  it('larger than 1 MiB, by one byte', async () => {
    const fill = `${SERVERS}#`.padEnd(1_048_576, 'x');
    expect(await problems(await write('large.yaml', fill))).toEqual([]);
    expect(await problems(await write('large.yaml', `${fill}x`))).toEqual([
      './large.yaml: the file is larger than 1 MiB',
    ]);
  });

  it('not UTF-8', async () => {
    const path = await write('latin1.yaml', Buffer.from(`${SERVERS}# \xe4`, 'latin1'));
    expect(await problems(path)).toEqual(['./latin1.yaml: the file is not UTF-8 text; save it as UTF-8']);
  });

  it('never rejects for odd paths', async () => {
    expect(await problems('a\0b')).toHaveLength(1);
    expect(await problems('')).toHaveLength(1);
  });
});

describe('loadConfig', () => {
  it('reads environment and secret files, relative to the configuration', async () => {
    await write('token', 'Gz7kPq2vXw9mLb4t\n');
    const path = await write(
      'full.yaml',
      `\uFEFFport: \${PORT}\r\nauth: {bearer: {tokens: ["\${file:token}"]}}\r\n${SERVERS}`,
    );
    const loaded = await loadConfig(path, { PORT: '81' });
    if (!loaded.ok) throw new Error(loaded.issues.map(formatIssue).join('\n'));
    expect(loaded.config.port).toBe(81);
    expect(loaded.config.auth?.bearer?.tokens[0]?.token?.reveal()).toBe('Gz7kPq2vXw9mLb4t');
    expect(loaded.secrets).toEqual(['Gz7kPq2vXw9mLb4t']);
    expect(loaded.warnings).toEqual([]);
  });

  it('says why a secret file cannot be read, for all of them at once', async () => {
    await write('big', 'x'.repeat(65_537));
    await write('binary', Uint8Array.of(0xff, 0xfe));
    const args = '["${file:gone}", "${file:.}", "${file:big}", "${file:binary}"]';
    const path = await write('secrets.yaml', `servers: {fs: {command: x, args: ${args}}}`);
    expect((await problems(path)).map((message) => message.replace(/^.*cannot be read: /, ''))).toEqual([
      'there is no such file',
      'it is not a regular file',
      'it is larger than 64 KiB',
      'it is not UTF-8 text',
    ]);
  });

  it('[fault 101] warns when others may change the file', async () => {
    for (const [mode, count] of [
      [0o644, 0],
      [0o664, 1],
      [0o646, 1],
    ] as const) {
      const loaded = await loadConfig(await write('mode.yaml', SERVERS, mode), {});
      expect(loaded.ok && loaded.warnings.map(({ what }) => what)).toEqual(
        Array.from({ length: count }, () => 'others than its owner can change this file'),
      );
    }
  });
});
