import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { rest, textOf } from './helpers.ts';

const TEXT = 'héé 😀 \u2028 \u0000 "quoted" \\ '.repeat(40);

/** Each is a server that says more, or other, than it should. */
const ODD = {
  banner: ['--banner=Listening on stdio'],
  'banner-json': ['--banner={"level":"info","msg":"not JSON-RPC"}'],
  'banner-number': ['--banner=42'],
  'banner-array': ['--banner=[]'],
  'banner-version': ['--banner={"jsonrpc":"1.0","id":1,"result":{}}'],
  'banner-deep': [`--banner=${'['.repeat(50_000)}`],
  'bad-utf8': ['--bad-utf8'],
  crlf: ['--crlf'],
  bom: ['--bom=all'],
  array: ['--array'],
  split: ['--split'],
  'split-crlf-bom-array': ['--split', '--crlf', '--bom=all', '--array'],
  'dup-answer': ['--dup-answer'],
  'unknown-id': ['--unknown-id'],
  'notify-storm': ['--notify-storm=2000'],
  'progress-storm': ['--notify-storm=2000', '--storm-method=notifications/progress'],
  'list-storm': ['--notify-storm=2000', '--storm-method=notifications/tools/list_changed'],
  'stderr-flood': ['--stderr-flood=5000'],
} as const;
type Odd = keyof typeof ODD;

let gateway: TestGateway;

beforeAll(async () => {
  const servers = Object.fromEntries(
    Object.entries(ODD).map(([name, switches]) => [name, runs(HOSTILE_SERVER, ...switches)]),
  );
  gateway = await startGateway({
    http: { sseGraceMs: 50 },
    limits: { concurrentStarts: 4 },
    servers: {
      ...servers,
      good: runs(HOSTILE_SERVER),
      terse: { ...runs(HOSTILE_SERVER), callTimeoutMs: 500 },
    },
  });
});
afterAll(() => gateway.stop());

describe.concurrent('a server that prints', () => {
  it.each(Object.keys(ODD) as Odd[])(
    '[era 33] %s is understood all the same, by REST and by MCP',
    async (server) => {
      const client = await BareSseClient.initialized(`${gateway.url}/${server}`);
      const texts = await Promise.all([
        textOf(gateway, `${server}/echo`, 's', { text: TEXT }),
        client.callTool('echo', { text: TEXT }),
      ]);
      expect(texts.map((text) => (JSON.parse(text) as { text: string }).text)).toEqual([TEXT, TEXT]);
      expect([await client.callTool('count'), await textOf(gateway, `${server}/count`, 's')]).toEqual([
        '1',
        '1',
      ]);
      client.close();
    },
  );
});

describe('what a server printed', () => {
  it('[fault 28] is told once a line, shortened, with the name of the server', async () => {
    const { why, line } = await gateway.event('instance.noise', ({ server }) => server === 'banner');
    expect({ why, line }).toEqual({ why: 'json', line: 'Listening on stdio' });
    const deep = await gateway.event('instance.noise', ({ server }) => server === 'banner-deep');
    expect(deep.line.length).toBeLessThan(200);
  });

  it('[fault 31] never reaches a client in other bytes than it had: bad UTF-8 is dropped, not repaired', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/bad-utf8`);
    await client.callTool('count');
    expect(client.events.map(({ data }) => data).join('')).not.toContain('\uFFFD');
    await gateway.event('instance.noise', ({ server, why }) => server === 'bad-utf8' && why === 'utf8');
    client.close();
  });

  it('[fault 43] as an answer to nothing, or twice, is dropped and counted; the client has one answer', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/dup-answer`);
    await client.callTool('count');
    await client.callTool('count');
    const ids = client.events.flatMap(({ event, data }) =>
      event === 'message' ? [(JSON.parse(data) as { id: unknown }).id] : [],
    );
    expect(new Set(ids).size).toBe(ids.length);
    const dropped = gateway.events.filter(
      (event) => event.type === 'instance.dropped' && event.server === 'unknown-id',
    );
    expect(dropped.length).toBeGreaterThan(0);
    client.close();
  });

  it('[fault 29] on standard error is told at a bounded rate, and its end is kept', async () => {
    const told = gateway.events.filter(
      (event) => event.type === 'instance.stderr' && event.server === 'stderr-flood',
    );
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(1000);
  });

  it('[fault 30] on standard error never blocks it, however much it is', async () => {
    // A pipe takes 64 KiB; nobody but the gateway reads it.
    const text = 'x'.repeat(2 * 1024 * 1024);
    expect(await textOf(gateway, 'good/stderr', 'loud', { text, newline: false })).toBe('written');
    expect(await textOf(gateway, 'good/stderr', 'loud', { text: '\n' })).toBe('written');
    expect(await textOf(gateway, 'good/count', 'loud')).toBe('1');
  });

  it('[fault 45] as a storm of notifications comes whole, in order, and before the answer', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/notify-storm`);
    await client.callTool('count');
    const seen = client.events.flatMap(({ data }) => /"storm (\d+)"/.exec(data)?.[1] ?? []);
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, n) => String(n)));
    expect(client.events.at(-1)?.data).toContain('"result"');
    client.close();
  });

  it('instead of an answer makes its call time out, and no other', async () => {
    const garbage = rest(gateway, 'terse/sleep', 's', { ms: 60_000 });
    const written = await textOf(gateway, 'terse/write', 's', {
      raw: 'garbage\n{"jsonrpc":"2.0","id":2,"resu\n{"id":3,"result":{}}\n',
    });
    expect(written).toBe('written');
    expect(await garbage).toMatchObject({ status: 504, code: 'CALL_TIMEOUT' });
    expect(await textOf(gateway, 'terse/count', 's')).toBe('1');
  });

  it('may be large', async () => {
    const bytes = 5 * 1024 * 1024;
    const client = await BareSseClient.initialized(`${gateway.url}/good`);
    const [byMcp, byRest, other] = await Promise.all([
      client.callTool('big', { bytes }),
      textOf(gateway, 'good/big', 'big', { bytes }),
      textOf(gateway, 'good/count', 'small'),
    ]);
    expect([byMcp.length, byRest.length, other]).toEqual([bytes, bytes, '1']);
    client.close();
  });
});

describe('a large message', () => {
  it('is told of once for each process, whatever comes after it', async () => {
    await using own = await startGateway({ servers: { it: runs(HOSTILE_SERVER) } });
    for (const bytes of [1000, 300_000, 400_000]) await textOf(own, 'it/big', 's', { bytes });
    const told = own.events.filter(({ type }) => type === 'instance.large');
    expect(told).toEqual([{ type: 'instance.large', server: 'it', instance: 1, bytes: expect.any(Number) }]);
  });
});
