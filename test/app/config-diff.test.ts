import { describe, expect, it } from 'vitest';
import { type ConfigDiff, diffConfig, effectiveConfig } from '../../src/app/config-diff.ts';
import { load } from '../support/gateway.ts';

const NOTHING: ConfigDiff = {
  added: [],
  removed: [],
  changed: [],
  retooled: [],
  auth: false,
  settings: [],
  needRestart: [],
};
const A = { command: 'a', args: ['1'], env: { KEY: 'v' } };
const BASE = {
  auth: { bearer: { tokens: [{ name: 'ci', token: 'a-token-of-the-base' }] } },
  servers: { a: A, b: { command: 'b' } },
};

async function diffOf(next: Record<string, unknown>, running: Record<string, unknown> = BASE) {
  return diffConfig(await load(running), await load(next));
}

describe('the difference of two configurations', () => {
  it('is nothing between two readings of one file, secrets included', async () => {
    expect(await diffOf(BASE)).toEqual(NOTHING);
    expect(await diffOf({ ...BASE, servers: { b: { command: 'b' }, a: A } })).toEqual(NOTHING);
    // A default that is written down changes nothing.
    expect(await diffOf({ ...BASE, http: { drainMs: 25_000 } })).toEqual(NOTHING);
  });

  it('names servers that come, go, or run otherwise', async () => {
    const next = { ...BASE, servers: { a: { ...A, env: { KEY: 'w' } }, c: { command: 'c' } } };
    expect(await diffOf(next)).toEqual({ ...NOTHING, added: ['c'], removed: ['b'], changed: ['a'] });
  });

  it.each([
    ['command', { ...A, command: 'x' }],
    ['arguments, in another order', { ...A, args: ['1', '2'] }],
    ['a variable less', { ...A, env: {} }],
    ['the folder', { ...A, path: '/' }],
    ['a time-out', { ...A, callTimeoutMs: 5 }],
  ])('calls a server with another %s changed', async (_what, a) => {
    expect(await diffOf({ ...BASE, servers: { ...BASE.servers, a } })).toEqual({
      ...NOTHING,
      changed: ['a'],
    });
  });

  it('tells narrowed tools from another process', async () => {
    const a = { ...A, tools: { deny: ['rm'] } };
    expect(await diffOf({ ...BASE, servers: { ...BASE.servers, a } })).toEqual({
      ...NOTHING,
      retooled: ['a'],
    });
  });

  it.each([
    [
      'another secret of the same name',
      { bearer: { tokens: [{ name: 'ci', token: 'another-token-here' }] } },
    ],
    ['other grants', { bearer: { tokens: [{ name: 'ci', token: 'a-token-of-the-base', tools: ['x'] }] } }],
    ['none at all', undefined],
  ])('sees %s', async (_what, auth) => {
    const { auth: _former, ...rest } = BASE;
    expect(await diffOf(auth === undefined ? rest : { ...rest, auth })).toEqual({ ...NOTHING, auth: true });
  });

  it('names keys down to the last, and those that need a restart apart', async () => {
    const next = {
      ...BASE,
      port: 4000,
      hostname: '::1',
      publicUrl: 'https://mcp.example.com',
      debug: { level: 'debug' },
      http: { allowedHosts: ['x.example'], maxBodyBytes: 2048 },
      limits: { sessions: 5, instances: 7 },
    };
    const running = await load(BASE);
    const diff = await diffOf(next);
    expect(diff.settings.toSorted()).toEqual([
      'debug.level',
      'http.allowedHosts',
      'http.maxBodyBytes',
      'limits.instances',
      'limits.sessions',
      'publicUrl',
    ]);
    expect(diff.needRestart.toSorted()).toEqual(['hostname', 'port']);
    const effective = effectiveConfig(running, await load(next));
    expect(diffConfig(running, effective)).toEqual({ ...diff, needRestart: [] });
    expect(diffConfig(effective, await load(next)).needRestart.toSorted()).toEqual(
      diff.needRestart.toSorted(),
    );
  });
});
