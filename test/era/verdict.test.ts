/** Which era a server is used in, found out with real processes that make it hard (2026-07-28 stdio and versioning). */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { brief, type Lies, ModernClient } from '../support/modern-client.ts';
import { StreamableClient } from '../support/streamable-client.ts';

const MODERN = fixture('modern-hostile.mjs');
/** For the servers whose silence is waited out; all others have time to start on a busy machine. */
const PROBE_MS = 250;
const SILENT: ReadonlySet<string> = new Set(['silent', 'slow', 'slowDual', 'lateExits']);
const again = '{"code":-32022,"message":"no","data":{"supported":["2026-07-28"]}}';
const never = '{"code":-32022,"message":"no","data":{"supported":["2099-01-01"]}}';
const odd = '{"code":0,"message":"what?"}';
const other = '{"resultType":"complete","supportedVersions":["2099-01-01"],"capabilities":{}}';

let gateway: TestGateway;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-gateway-era-'));
  const log = (name: string) => `--pid-file=${join(folder, name)}`;
  const servers = {
    untouched: runs(HOSTILE_SERVER),
    silent: runs(HOSTILE_SERVER, '--on-discover=silent'),
    exits: runs(HOSTILE_SERVER, '--on-discover=exit', log('exits')),
    lateExits: runs(MODERN, '--dual', '--exit-on-discover', `--slow-start=${3 * PROBE_MS}`, log('lateExits')),
    dead: runs(MODERN, '--exit-on-start', log('dead')),
    slow: runs(MODERN, `--discover-silent=${3 * PROBE_MS}`, log('slow')),
    slowDual: runs(MODERN, '--dual', `--slow-start=${3 * PROBE_MS}`, log('slowDual')),
    empty: runs(MODERN, '--dual', '--discover-result={}'),
    odd: runs(MODERN, '--dual', `--discover-error=${odd}`),
    other: runs(MODERN, '--dual', `--discover-result=${other}`),
    again: runs(MODERN, '--discover-times=1', `--discover-error=${again}`, log('again')),
    loop: runs(MODERN, `--discover-error=${again}`, log('loop')),
    never: runs(MODERN, '--dual', `--discover-error=${never}`, log('never')),
    dual: runs(MODERN, '--dual'),
    modern: runs(MODERN, log('modern')),
    neither: runs(MODERN, `--discover-error=${odd}`),
  };
  gateway = await startGateway({
    servers: Object.fromEntries(
      Object.entries(servers).map(([name, server]) => [
        name,
        SILENT.has(name) ? { ...server, probeTimeoutMs: PROBE_MS } : server,
      ]),
    ),
  });
});
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true });
});

const modern = (server: string) => new ModernClient(gateway.port, `/${server}`);
const legacy = (server: string) => StreamableClient.open(gateway.port, `/${server}`);
/** Without the gateway's own look at the list of tools, which tells it what headers mirror. */
const seenBy = async (
  client: { text(tool: string, args?: object, lies?: Lies): Promise<string> },
  lies?: Lies,
) =>
  (JSON.parse(await client.text('seen', {}, lies)) as string[]).filter((method) => method !== 'tools/list');
const starts = async (server: string) =>
  (await readFile(join(folder, server), 'utf8')).trim().split('\n').length;

describe('a legacy client', () => {
  it('[era 27] of an unknown server: what it writes is all that is written', async () => {
    const session = await legacy('untouched');
    expect(await seenBy(session)).toEqual(['initialize', 'notifications/initialized', 'tools/call']);
    await session.end().done();
  });

  it('[era 27] of a modern server: the handshake fails first, then a fresh process is asked', async () => {
    const session = await legacy('modern');
    const seen = await seenBy(session);
    expect(seen.filter((method) => method !== 'subscriptions/listen')).toEqual([
      'server/discover',
      'tools/call',
    ]);
    expect(await starts('modern')).toBe(2);
    const second = await legacy('modern');
    expect(await second.text('pid')).toBe(await session.text('pid'));
    expect(await starts('modern')).toBe(2);
    await session.end().done();
    await second.end().done();
  });

  it('[era 27] of a server of neither era: hears the server\u2019s own refusal', async () => {
    await expect(legacy('neither')).rejects.toThrow(/Unsupported protocol version/);
  });
});

describe('a modern client', () => {
  it('[era 28] of a server that is silent: the handshake on the same pipe', async () => {
    expect(await seenBy(modern('silent'))).toEqual([
      'server/discover',
      'initialize',
      'notifications/initialized',
      'tools/call',
    ]);
  });

  it('[era 29] of a server that ends when it is asked: a second one, and nobody asks again', async () => {
    const expected = ['initialize', 'notifications/initialized', 'tools/call'];
    expect(await seenBy(modern('exits'))).toEqual(expected);
    expect(await starts('exits')).toBe(2);
    // Another class of client needs another process, which is not asked either.
    const capable = { meta: { 'io.modelcontextprotocol/clientCapabilities': { roots: {} } } };
    expect(await seenBy(modern('exits'), capable)).toEqual(expected);
    expect(await starts('exits')).toBe(3);
  });

  it('[era 29] of a slow one that ends when it comes to the question: the same', async () => {
    expect(await seenBy(modern('lateExits'))).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/call',
    ]);
    expect(await starts('lateExits')).toBe(2);
  });

  it('[era 29] of a server that ends unasked, too: no verdict, so the next client asks again', async () => {
    for (const processes of [2, 4]) {
      expect(brief(await modern('dead').call('pid'))).toBe('502 -32603');
      expect(await starts('dead')).toBe(processes);
    }
  });

  it('[era 30] of a modern server that is slow to start: its late answer counts', async () => {
    const seen = await seenBy(modern('slow'));
    expect(seen).toEqual(['server/discover', 'initialize', 'tools/call']);
    expect(await seenBy(modern('slow'))).toHaveLength(4);
    expect(await starts('slow')).toBe(1);
  });

  it('[era 30] of a slow one that takes the handshake, too: a process of its own era, and no probe after', async () => {
    expect(await seenBy(modern('slowDual'))).toEqual(['server/discover', 'tools/call']);
    expect(await starts('slowDual')).toBe(2);
  });

  it.each(['empty', 'odd', 'other'])(
    '[era 31] of a server whose answer is no modern one: %s',
    async (server) => {
      expect(await seenBy(modern(server))).toEqual([
        'server/discover',
        'initialize',
        'notifications/initialized',
        'tools/call',
      ]);
    },
  );

  it('[era 31] of a server that refuses the version it then lists: asked once more', async () => {
    expect(await seenBy(modern('again'))).toEqual(['server/discover', 'server/discover', 'tools/call']);
    expect(await starts('again')).toBe(1);
  });

  it.each(['never', 'loop'])(
    '[era 31] of a server without a version of ours: an error, no handshake: %s',
    async (server) => {
      expect(brief(await modern(server).call('seen'))).toBe('502 -32603');
      expect(await starts(server)).toBe(1);
    },
  );

  it('[era 32] and a legacy one at once, of a server of both eras: a process each, nothing translated', async () => {
    const [session, pid] = await Promise.all([legacy('dual'), modern('dual').text('pid')]);
    expect(await session.text('pid')).not.toBe(pid);
    expect(await seenBy(session)).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/call',
      'tools/call',
    ]);
    expect(await seenBy(modern('dual'))).toEqual(['server/discover', 'tools/call', 'tools/call']);
    expect(await session.text('raw')).not.toContain('io.modelcontextprotocol/');
    expect(await modern('dual').text('raw')).toContain('io.modelcontextprotocol/protocolVersion');
    await session.end().done();
  });
});
