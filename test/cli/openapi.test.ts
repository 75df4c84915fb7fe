import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseArgs } from '../../src/cli/args.ts';
import type { OpenApiDocument } from '../../src/fronts/rest/openapi.ts';
import { groupEnded, tempFolder } from '../instance/helpers.ts';
import { fixture, HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { runProgram, writeConfig } from '../support/gateway-process.ts';

const SERVERS = { one: runs(HOSTILE_SERVER, '--slow-init=100'), two: runs(HOSTILE_SERVER) };

async function openapi(args: readonly string[], servers: object = SERVERS, more: object = {}) {
  using folder = tempFolder();
  const path = writeConfig(folder.path, { servers, ...more });
  return await runProgram(['openapi', ...args, '--config', path]);
}

describe.concurrent('openapi', () => {
  it('prints YAML of all servers, and says on standard error which one it waits for', async () => {
    const { code, stdout, stderr } = await openapi([]);
    expect(code).toBe(0);
    const document = parse(stdout) as OpenApiDocument;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/api/one/echo', '/api/two/echo', '/api/sessionid']),
    );
    expect(stderr).toMatch(/^Starting one, two …$/m);
    const told = [
      ...stderr.matchAll(/^(one|two): \d+ tools after \d+\.\d s\.( Waiting for (one|two)\.)?$/gm),
    ];
    const [[, first], [, second]] = told as unknown as [string[], string[]];
    // Whichever is quicker.
    expect(new Set([first, second])).toEqual(new Set(['one', 'two']));
    expect(told.map(([, , , waiting]) => waiting)).toEqual([second, undefined]);
  });

  it('writes what is asked for: one server at its own base, JSON, another version, another client', async () => {
    using folder = tempFolder();
    const file = join(folder.path, 'openapi.json');
    const { code, stdout } = await openapi(
      ['-s', 'two', '--format', 'json', '--openapi', '3.0', '--profile', 'open-webui', '-o', file],
      SERVERS,
      { publicUrl: 'https://mcp.example.com' },
    );
    expect([code, stdout]).toEqual([0, '']);
    const document = JSON.parse(readFileSync(file, 'utf8')) as OpenApiDocument;
    expect(document).toMatchObject({
      openapi: '3.0.3',
      servers: [{ url: 'https://mcp.example.com/api/two' }],
    });
    expect(Object.keys(document.paths)).toContain('/echo');
    expect(JSON.stringify(document.paths)).not.toContain('endSession');
  });

  it('takes several servers', async () => {
    const { stdout } = await openapi(['-s', 'two', '--server', 'one', '--format', 'json'], {
      ...SERVERS,
      three: runs(HOSTILE_SERVER),
    });
    const paths = Object.keys((JSON.parse(stdout) as OpenApiDocument).paths);
    expect(paths).toEqual(expect.arrayContaining(['/api/one/echo', '/api/two/echo']));
    expect(paths).not.toContain('/api/three/echo');
  });

  it('leaves out a server that cannot start, says so, and ends well as long as there is another', async () => {
    const servers = { ...SERVERS, broken: runs(HOSTILE_SERVER, '--exit-on-start=3') };
    const { code, stdout, stderr } = await openapi(['--format', 'json'], servers);
    expect(code).toBe(0);
    expect(stderr).toContain('left out: broken: The server process could not be started.');
    expect((JSON.parse(stdout) as OpenApiDocument)['x-mcp-report']).toHaveLength(1);
    using folder = tempFolder();
    const file = join(folder.path, 'openapi.yaml');
    const alone = await openapi(['-s', 'broken', '-o', file], servers);
    expect([alone.code, alone.stdout, existsSync(file)]).toEqual([1, '', false]);
    expect(alone.stderr.trim().split('\n').at(-1)).toContain('nothing is written');
  });

  it('knows no other server than those of the configuration: exit code 2, nothing is started', async () => {
    const { code, stdout, stderr } = await openapi(['-s', 'twoo', '-s', 'something']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trim().split('\n')).toEqual([
      'The configuration has no server "twoo". Did you mean two?',
      'The configuration has no server "something". It has one, two.',
    ]);
  });

  it('leaves no process behind', async () => {
    using folder = tempFolder();
    const pids = join(folder.path, 'pids');
    const servers = { one: runs(HOSTILE_SERVER, `--pid-file=${pids}`, '--fork', '--ignore-term') };
    expect((await openapi([], servers)).code).toBe(0);
    const [pid = 0] = readFileSync(pids, 'utf8').split('\n').map(Number);
    expect(pid).toBeGreaterThan(0);
    await groupEnded(pid, 0);
  });
});

async function lint(args: readonly string[], tools: readonly object[], config: object = {}) {
  using folder = tempFolder();
  const file = join(folder.path, 'tools.json');
  writeFileSync(file, JSON.stringify(tools.map((tool) => ({ inputSchema: { type: 'object' }, ...tool }))));
  const servers = { lists: runs(fixture('listing-server.mjs'), file) };
  return await openapi(['lint', ...args], servers, config);
}

describe.concurrent('openapi lint', () => {
  const PUBLIC = {
    publicUrl: 'https://mcp.example.com',
    auth: { bearer: { tokens: ['a-token-that-is-long-enough'] } },
  };

  it('says what the client would not take, and fails', async () => {
    const { code, stdout, stderr } = await lint(['--profile', 'gpt-actions'], [{ name: 'a' }]);
    expect(code).toBe(1);
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toMatch(/^problem: No authentication/);
    expect(lines[1]).toMatch(
      /^problem: Custom GPTs need one https address on port 443, here it is \/: set publicUrl$/,
    );
    expect(stderr.trim().split('\n').at(-1)).toBe('Problems: 2; left out: 1; changed: 0.');
  });

  it('says what was shortened or left out and why, and ends well where that is all', async () => {
    const tools = Array.from({ length: 31 }, (_, n) => ({
      name: `t${n}`,
      description: n === 3 ? 'Many words. '.repeat(40) : 'Few.',
    }));
    const { code, stdout } = await lint(['--profile', 'gpt-actions', '-s', 'lists'], tools, PUBLIC);
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => !line.includes('operations that are no tools'))).toEqual([
      'left out: lists, tool "t30": an action has at most 30 operations',
      'changed: lists, tool "t3": description of 479 characters shortened to 299 (at most 300)',
    ]);
    expect(code).toBe(0);
  });

  it('needs no profile: what the document does not say as the server does', async () => {
    const tools = [
      {
        name: 'a',
        inputSchema: { type: 'object', properties: { p: { $ref: 'https://example.com/s.json' } } },
      },
      { name: '..' },
    ];
    const { code, stdout } = await lint([], tools, PUBLIC);
    expect(stdout).toContain('left out: lists, tool "..": ');
    expect(stdout).toContain(
      'changed: lists, tool "a": inputSchema "/properties/p/$ref": reference to "https://example.com/s.json"',
    );
    expect(code).toBe(0);
    const older = await lint(
      ['--openapi', '3.0'],
      [{ name: 'a', inputSchema: { patternProperties: { a: {} } } }],
      PUBLIC,
    );
    expect(older.stdout).toBe('changed: lists, tool "a": OpenAPI 3.0 has no patternProperties: left out\n');
  });

  it('#111 shows no control character, and turns no direction, of a server', async () => {
    const name = 'a\u202eb\u001b[31m\u009b';
    const { stdout } = await lint([], [{ name, inputSchema: { type: ['\u202e', 'x'] } }], PUBLIC);
    expect(stdout).toContain('lists, tool "a\\u202eb\\u001b[31m\\u009b": ');
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('fails for a server that cannot be asked', async () => {
    const { code, stdout } = await openapi(['lint'], { ...SERVERS, missing: { command: 'no-such-command' } });
    expect([code, stdout]).toEqual([1, 'left out: missing: The server process could not be started.\n']);
  });
});

describe('the arguments of openapi', () => {
  it.each([
    [['openapi'], { kind: 'openapi', format: 'yaml', servers: [], version: '3.1', profile: undefined }],
    [['openapi', '-s', 'a', '-s', 'b', '-s', 'a'], { servers: ['a', 'b'] }],
    [['openapi', '--profile', 'gpt-actions', '--openapi', '3.0'], { version: '3.0', profile: 'gpt-actions' }],
    [
      ['openapi', 'lint', '-s', 'a', '--profile', 'open-webui', '-c', 'f'],
      { kind: 'openapi-lint', servers: ['a'], profile: 'open-webui', config: 'f' },
    ],
  ])('%j', (argv, expected) => {
    expect(parseArgs(argv, '0')).toMatchObject(expected);
  });
});
