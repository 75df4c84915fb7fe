import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { groupEnded, tempFolder } from '../instance/helpers.ts';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { runProgram, writeConfig } from '../support/gateway-process.ts';

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, unknown>;
}

const SERVERS = {
  one: runs(HOSTILE_SERVER, '--banner=noise on standard output', '--stderr-flood=3'),
  two: runs(HOSTILE_SERVER, '--tools-extra=5', '--page-size=7'),
};

async function dump(args: readonly string[], servers: object = SERVERS) {
  using folder = tempFolder();
  const path = writeConfig(folder.path, { debug: { level: 'verbose' }, servers });
  return await runProgram(['--config', path, '--schemaDump', ...args]);
}

describe.concurrent('--schemaDump', () => {
  it.each([
    ['yaml', [], (text: string): unknown => parse(text)],
    ['json', ['--schemaFormat', 'json'], (text: string): unknown => JSON.parse(text)],
  ] as const)(
    'prints %s with %j, and nothing but the document on standard output',
    async (format, args, read) => {
      const { code, stdout, stderr } = await dump(args);
      expect(code).toBe(0);
      const document = read(stdout) as Document;
      expect(document.openapi).toMatch(/^3\.1\./);
      expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/api/one/echo', '/api/two/t4']));
      expect(stdout.startsWith('{')).toBe(format === 'json');
      expect(stdout.endsWith('\n')).toBe(true);
      expect(stderr).toContain('noise on standard output');
    },
  );

  it('writes to a file instead', async () => {
    using folder = tempFolder();
    const file = join(folder.path, 'openapi.json');
    const { code, stdout } = await dump(['--schemaFormat', 'json', '-o', file]);
    expect([code, stdout]).toEqual([0, '']);
    expect((JSON.parse(readFileSync(file, 'utf8')) as Document).paths['/api/one/echo']).toBeDefined();
  });

  it('says in one line why it cannot write the file: exit code 1', async () => {
    const { code, stdout, stderr } = await dump(['-o', '/nowhere/at/all/openapi.yaml'], { two: SERVERS.two });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n').at(-1)).toContain('/nowhere/at/all/openapi.yaml');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('[fault 122] reports a server that cannot start on standard error and leaves it out: exit code 0', async () => {
    const { code, stdout, stderr } = await dump(['--schemaFormat', 'json'], {
      ...SERVERS,
      broken: runs(HOSTILE_SERVER, '--exit-on-start=3'),
      missing: { command: 'no-such-command-anywhere' },
      mute: { ...runs(HOSTILE_SERVER, '--never-init', '--ignore-eof'), startTimeoutMs: 300 },
    });
    expect(code).toBe(0);
    const paths = Object.keys((JSON.parse(stdout) as Document).paths);
    expect(paths).toContain('/api/one/echo');
    for (const server of ['broken', 'missing', 'mute']) {
      expect(stderr).toContain(`Server ${server} is left out`);
      expect(paths.filter((path) => path.startsWith(`/api/${server}/`))).toEqual([]);
    }
  });

  it('ends quietly when its reader has enough, as head has', async () => {
    using folder = tempFolder();
    const path = writeConfig(folder.path, { servers: { many: runs(HOSTILE_SERVER, '--tools-extra=3000') } });
    // `sh -c` gets node, the program and its options as $@.
    const prefix = ['sh', '-c', '"$@" | head -1', 'sh'];
    const { code, stdout, stderr } = await runProgram(['--config', path, '--schemaDump'], { prefix });
    expect([code, stdout]).toEqual([0, 'openapi: 3.1.0\n']);
    expect(stderr).not.toMatch(/EPIPE|^\s+at /m);
  });

  it.each([
    ['standard output', ['--schemaDump']],
    ['the file', ['--schemaDump', '-o', '/dev/full']],
  ])('says in one line that there is no room for %s: exit code 1', async (_where, args) => {
    using folder = tempFolder();
    const path = writeConfig(folder.path, { servers: { two: SERVERS.two } });
    const { code, stderr } = await runProgram(['--config', path, ...args], {
      prefix: ['sh', '-c', '"$@" > /dev/full', 'sh'],
    });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/cannot be written: .*ENOSPC/)]);
  });

  it('leaves no process behind', async () => {
    using folder = tempFolder();
    const pids = join(folder.path, 'pids');
    const path = writeConfig(folder.path, {
      servers: { one: runs(HOSTILE_SERVER, `--pid-file=${pids}`, '--fork', '--ignore-term') },
    });
    expect((await runProgram(['-c', path, '--schemaDump'])).code).toBe(0);
    const [pid = 0] = readFileSync(pids, 'utf8').split('\n').map(Number);
    expect(pid).toBeGreaterThan(0);
    await groupEnded(pid, 0);
  });
});
