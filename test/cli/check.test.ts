import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { verifySecret } from '../../src/auth/secret-hash.ts';
import { parseArgs } from '../../src/cli/args.ts';
import { run } from '../../src/cli/commands.ts';
import { tempFolder } from '../instance/helpers.ts';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { PROGRAM, runProgram, writeConfig } from '../support/gateway-process.ts';

const GOOD = { servers: { one: runs(HOSTILE_SERVER) } };
const BAD = 'port: many\nservers:\n  one:\n    comand: node\n';
/** What no user may see: a stack, or a file of ours. */
const STACK = /^\s+at |node:internal|Error:|\.js:\d+/m;

describe('in one process', () => {
  let told = '';
  beforeEach(() => {
    told = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      told += String(text);
      return true;
    });
  });
  afterEach(() => vi.restoreAllMocks());

  it('check warns of limits that nothing on this system can hold', async () => {
    using folder = tempFolder();
    const resources = { cpu: 0.5, cgroup: join(folder.path, 'none') };
    const path = writeConfig(folder.path, { servers: { one: { ...runs(HOSTILE_SERVER), resources } } });
    expect(await run({ kind: 'check', config: path })).toBe(0);
    expect(told).toContain(
      'warning: servers.one.resources.cpu is not held on this system: there is no cgroup',
    );
    expect(told).toContain('warning: servers.one.resources.cgroup is not held on this system: ');
  });

  it.each([
    ['what is not YAML', 'servers: [}\n'],
    ['nothing', ''],
    ['a bomb of brackets', '['.repeat(10_000)],
    ['a prototype', 'servers: { __proto__: { command: x } }\n'],
    ['an unset variable', 'servers: { one: { command: "${NOT_SET_ANYWHERE}" } }\n'],
  ])('check refuses %s in one line or more, without a stack: exit code 2', async (_what, text) => {
    using folder = tempFolder();
    const path = writeConfig(folder.path, text);
    expect(await run({ kind: 'check', config: path })).toBe(2);
    expect(told.startsWith(`${path}:`)).toBe(true);
    expect(told).not.toMatch(STACK);
  });

  it.each([
    [['no-such-command'], /no-such-command|too many arguments/],
    [['check', 'surplus'], /too many arguments/],
    [['--schemaDump', '--schemaFormat', 'xml'], /Allowed choices are yaml, json/],
    [['--config'], /argument missing/],
    [['hash', 'the-secret-itself'], /too many arguments/],
  ])('%j makes no sense: exit code 2, and a way to help', (args, why) => {
    expect(parseArgs(args, '0')).toEqual({ kind: 'done', exitCode: 2 });
    expect(told).toMatch(why);
    expect(told).toContain('--help');
  });

  it.each([
    [[], { kind: 'serve', config: undefined, watch: true }],
    [['--watch'], { kind: 'serve', config: undefined, watch: true }],
    [['--no-watch'], { kind: 'serve', config: undefined, watch: false }],
    [['serve', '-c', 'x', '--no-watch'], { kind: 'serve', config: 'x', watch: false }],
    [['--schemaDump'], { kind: 'schema-dump', config: undefined, format: 'yaml', output: undefined }],
    [
      ['--schemaDump', '--schemaFormat', 'json', '-o', 'f'],
      { kind: 'schema-dump', config: undefined, format: 'json', output: 'f' },
    ],
    [['check', '--config', 'x'], { kind: 'check', config: 'x' }],
    [['hash'], { kind: 'hash' }],
  ])('%j is understood', (args, command) => {
    expect(parseArgs(args, '0')).toEqual(command);
    expect(told).toBe('');
  });
});

describe.concurrent('mcp-gateway check', () => {
  it('says that a file is valid, and starts nothing', async () => {
    using folder = tempFolder();
    const pids = join(folder.path, 'pids');
    const path = writeConfig(folder.path, { servers: { one: runs(HOSTILE_SERVER, `--pid-file=${pids}`) } });
    const { code, stdout, stderr } = await runProgram(['check', '--config', path]);
    expect([code, stdout, stderr]).toEqual([0, '', `${path} is valid: 1 server.\n`]);
  });

  it('names every problem with file, line and column, and nothing else: exit code 2', async () => {
    using folder = tempFolder();
    const path = writeConfig(folder.path, BAD);
    const { code, stdout, stderr } = await runProgram(['check', '--config', path]);
    expect([code, stdout]).toEqual([2, '']);
    const lines = stderr.trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(2);
    for (const line of lines) expect(line.startsWith(`${path}:`)).toBe(true);
    expect(stderr).toMatch(/config\.yaml:1:\d+: /);
    expect(stderr).toMatch(/config\.yaml:4:5: .*comand.*command/);
    expect(stderr).not.toMatch(STACK);
  });
});

describe.concurrent('a configuration that cannot be used', () => {
  it('keeps the gateway from starting, in the words of check', async () => {
    using folder = tempFolder();
    const path = writeConfig(folder.path, BAD);
    const [serve, check] = await Promise.all([
      runProgram(['--config', path]),
      runProgram(['check', '--config', path]),
    ]);
    expect(serve).toEqual(check);
  });

  it('that is not there is told together with how to name one: exit code 2', async () => {
    using folder = tempFolder();
    const { code, stderr } = await runProgram([], { cwd: folder.path });
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('config.yaml');
    expect(stderr).toMatch(/no such file.*--config.*CONFIG_PATH/);
  });
});

describe.concurrent('which configuration is read', () => {
  it('is ./config.yaml, rather CONFIG_PATH, rather --config', async () => {
    using folder = tempFolder();
    const files = ['here', 'environment', 'option'].map((name) => {
      mkdirSync(join(folder.path, name));
      return writeConfig(join(folder.path, name), GOOD);
    });
    const [here = '', environment = '', option = ''] = files;
    const cwd = join(folder.path, 'here');
    const env = { CONFIG_PATH: environment };
    const told = await Promise.all([
      runProgram(['check'], { cwd, env: { CONFIG_PATH: '' } }),
      runProgram(['check'], { cwd, env }),
      runProgram(['check', '-c', '../option/config.yaml'], { cwd, env }),
    ]);
    expect(told.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(told.map(({ stderr }) => stderr)).toEqual(
      [here, environment, option].map((path) => `${path} is valid: 1 server.\n`),
    );
  });
});

describe.concurrent('a command line', () => {
  it('makes no sense: exit code 2, nothing on standard output, and a way to help', async () => {
    const { code, stdout, stderr } = await runProgram(['--no-such-option']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain("unknown option '--no-such-option'");
    expect(stderr).toContain('--help');
    expect(stderr).not.toMatch(STACK);
  });

  it('asks for help or the version and gets it on standard output: exit code 0', async () => {
    const [help, version] = await Promise.all([runProgram(['--help']), runProgram(['--version'])]);
    expect([help.code, help.stderr, version.code]).toEqual([0, '', 0]);
    for (const word of ['check', 'hash', 'serve']) expect(help.stdout).toContain(word);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe.concurrent('mcp-gateway hash', () => {
  it('prints what verifies the secret, and nothing else', async () => {
    const secret = ' spaces stay in a pässwörd 😀 ';
    const { code, stdout, stderr } = await runProgram(['hash'], { stdin: `${secret}\n` });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^scrypt\$\S+\n$/);
    expect(await verifySecret(secret, stdout.trim())).toBe(true);
    expect(await verifySecret(`${secret}x`, stdout.trim())).toBe(false);
  });

  it('has nothing to hash: exit code 2', async () => {
    expect(await runProgram(['hash'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('standard input'),
    });
  });
});

describe.concurrent('a program that was not built', () => {
  it('says what to do: exit code 1, one line', async () => {
    using folder = tempFolder();
    mkdirSync(join(folder.path, 'bin'));
    const program = join(folder.path, 'bin/mcp-gateway.js');
    cpSync(PROGRAM, program);
    writeFileSync(join(folder.path, 'package.json'), '{"type":"module"}');
    const { code, stdout, stderr } = await runProgram(['check'], { program });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('npm run build')]);
  });
});
