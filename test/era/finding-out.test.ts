/**
 * Many callers at once of a server of which nobody knows the era, and which makes it hard to find out. The gateway is a
 * process of its own: one that never comes to rest would take the test with it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { brief, ModernClient } from '../support/modern-client.ts';

const CALLERS = 8;
let gateway: GatewayProcess;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-gateway-finding-'));
  const log = (name: string) => `--pid-file=${join(folder, name)}`;
  gateway = await startGatewayProcess({
    servers: {
      exits: runs(HOSTILE_SERVER, '--on-discover=exit', log('exits')),
      dead: runs(fixture('modern-hostile.mjs'), '--exit-on-start'),
    },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const all = <Value>(ask: (client: ModernClient, index: number) => Promise<Value>, server: string) =>
  Promise.all(
    Array.from({ length: CALLERS }, (_, index) => ask(new ModernClient(gateway.port, `/${server}`), index)),
  );

describe('callers that come at once', () => {
  it('[era 29] of a server that ends when it is asked: one finds out, all are served', async () => {
    const answers = await all((client, index) => client.text('echo', { text: `${index}` }), 'exits');
    expect(answers).toEqual(Array.from({ length: CALLERS }, (_, index) => `{"text":"${index}"}`));
    expect((await readFile(join(folder, 'exits'), 'utf8')).trim().split('\n')).toHaveLength(2);
  });

  it('[era 29] of a server that never starts: all are told, and the gateway goes on', async () => {
    const answers = await all(async (client) => brief(await client.call('pid')), 'dead');
    expect(answers.every((answer) => /^50[23] -32603$/.test(answer))).toBe(true);
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  });
});
