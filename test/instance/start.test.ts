import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/telemetry/log.ts';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { groupMembers } from '../support/no-leaks.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { groupEnded, pidsOf, rest, tempFolder, textOf } from './helpers.ts';

const folder = tempFolder();
const plainFile = join(folder.path, 'not-executable');
const log = new PassThrough({ encoding: 'utf8' });
let logged = '';
let gateway: TestGateway;

beforeAll(async () => {
  writeFileSync(plainFile, 'not a program');
  chmodSync(plainFile, 0o644);
  gateway = await startGateway({
    limits: { concurrentStarts: 2 },
    servers: {
      good: runs(HOSTILE_SERVER),
      missing: { command: 'no-such-command-anywhere' },
      forbidden: { command: plainFile },
      'no-folder': { ...runs(HOSTILE_SERVER), path: join(folder.path, 'nowhere') },
      'file-folder': { ...runs(HOSTILE_SERVER), path: plainFile },
      'too-long': runs(HOSTILE_SERVER, 'x'.repeat(200_000)),
      broken: runs(HOSTILE_SERVER, '--exit-on-start=3'),
      'broken-too': runs(HOSTILE_SERVER, '--exit-on-start=3'),
      'broken-loudly': runs(HOSTILE_SERVER, '--exit-on-start=3'),
      unready: runs(HOSTILE_SERVER, '--crash-after=0'),
      mute: { ...runs(HOSTILE_SERVER, '--never-init'), startTimeoutMs: 300 },
      'mute-stubborn': {
        ...runs(HOSTILE_SERVER, '--never-init', '--ignore-eof', '--ignore-term'),
        startTimeoutMs: 300,
      },
      deaf: { ...runs(HOSTILE_SERVER, '--never-read-stdin'), startTimeoutMs: 300 },
      slow: runs(HOSTILE_SERVER, '--slow-init=300'),
      'slow-too': runs(HOSTILE_SERVER, '--slow-init=10000'),
    },
  });
  log.on('data', (text: string) => {
    logged += text;
  });
  createLog({ level: 'info', format: 'pretty', colors: false, secrets: [], stream: log }).follow(
    gateway.gateway.events,
  );
});
afterAll(() => {
  folder[Symbol.dispose]();
  return gateway.stop();
});

/** Lines at error level that name the server. */
function errorLines(server: string): string[] {
  return logged
    .split('\n')
    .filter((line) => line.includes('[ERROR]') && new RegExp(`\\b${server}\\b`).test(line));
}

describe('[fault 20] a server that cannot be spawned', () => {
  it.each([
    ['missing', /"no-such-command-anywhere".*PATH/],
    ['forbidden', /not-executable" is not executable/],
    ['no-folder', /working directory ".*nowhere" does not exist/],
    ['file-folder', /working directory ".*not-executable" is not a directory/],
    ['too-long', /arguments.*too long/],
  ])('%s: 502, and one line that says why', async (server, why) => {
    const before = errorLines(server).length;
    const { status, code } = await rest(gateway, `${server}/pid`, 's');
    expect([status, code]).toEqual([502, 'START_FAILED']);
    const lines = errorLines(server).slice(before);
    expect(lines).toEqual([expect.stringMatching(why)]);
  });

  it('is told to an MCP client as a JSON-RPC error that names nothing of this machine', async () => {
    const client = await BareSseClient.open(`${gateway.url}/missing`);
    const { error } = await client.request('initialize', {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'x', version: '0' },
    });
    expect(error).toMatchObject({ code: -32603, data: { reason: 'start-failed' } });
    expect(JSON.stringify(error)).not.toContain('no-such-command-anywhere');
    client.close();
  });

  it('[fault 122] takes no place of others: after many failures a good one still starts', async () => {
    for (const server of ['missing', 'file-folder', 'too-long', 'broken']) {
      await Promise.all(Array.from({ length: 4 }, (_, n) => rest(gateway, `${server}/pid`, `again-${n}`)));
    }
    expect(await textOf(gateway, 'good/count', 'after-failures')).toBe('1');
    expect(gateway.gateway.inspect().waiting).toBe(0);
  });
});

describe('[fault 21] a server that dies before it is ready', () => {
  it('fails with the last lines of its standard error in the log, not in the answer', async () => {
    const { status, code } = await rest(gateway, 'broken-loudly/pid', 's');
    expect([status, code]).toEqual([502, 'START_FAILED']);
    const { exit, ready } = await gateway.event(
      'instance.exited',
      ({ server }) => server === 'broken-loudly',
    );
    expect({ ...exit, ready }).toMatchObject({
      exitCode: 3,
      expected: false,
      ready: false,
      stderrTail: ['boom: cannot start'],
    });
    expect(errorLines('broken-loudly').at(-1)).toMatch(
      /did not start: exit code 3; its last words: boom: cannot start$/,
    );
  });

  it('fails when it dies of initialize itself', async () => {
    expect(await rest(gateway, 'unready/pid', 's')).toMatchObject({ status: 502, code: 'START_FAILED' });
  });

  it('is started again by the next call', async () => {
    await rest(gateway, 'broken-too/pid', 'twice');
    const before = gateway.pids().length;
    await rest(gateway, 'broken-too/pid', 'twice');
    // Once with a handshake and, as that ended it, once with the question whether it does without.
    expect(gateway.pids().length).toBe(before + 2);
  });
});

describe.concurrent('[fault 24] a server that never gets ready', () => {
  it.each(['mute', 'mute-stubborn', 'deaf'])('times out and is gone: %s', async (server) => {
    const started = performance.now();
    const { status, code } = await rest(gateway, `${server}/pid`, 's');
    expect([status, code]).toEqual([502, 'START_TIMEOUT']);
    expect(performance.now() - started).toBeLessThan(3000);
    const { pid = 0, exit } = await gateway.event('instance.exited', (event) => event.server === server);
    expect(groupMembers(pid)).toEqual([]);
    expect(exit.expected).toBe(false);
    expect(errorLines(server)).toEqual([
      expect.stringMatching(/did not start: no answer to initialize within 300 ms/),
    ]);
  });

  it('times out for an MCP client, too', async () => {
    const client = await BareSseClient.open(`${gateway.url}/mute`);
    const { error } = await client.request('initialize', {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'x', version: '0' },
    });
    expect(error).toMatchObject({ code: -32603, data: { reason: 'start-timeout' } });
    client.close();
  });

  it('is not what a slow one is', async () => {
    expect(await textOf(gateway, 'slow/count', 'slow')).toBe('1');
    const { tookMs } = await gateway.event('instance.ready', ({ server }) => server === 'slow');
    expect(tookMs).toBeGreaterThanOrEqual(300);
  });

  it('ends with the session that waited for it', async () => {
    const waiting = rest(gateway, 'slow-too/pid', 'impatient');
    await gateway.event('session.opened', ({ session }) => session === 'impatient');
    await gateway.event('instance.started', ({ server }) => server === 'slow-too');
    await fetch(`${gateway.url}/api/sessions/impatient`, { method: 'DELETE' });
    expect(await waiting).toMatchObject({ status: 404, code: 'SESSION_UNKNOWN' });
    for (const pid of pidsOf(gateway, 'slow-too')) await groupEnded(pid);
  });
});
