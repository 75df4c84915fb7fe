/** A server that speaks both eras is never translated: each client gets an instance of its own era. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { ENVELOPE, legacyClient, modernClient, type RawClient } from './raw-clients.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    auth: { bearer: { tokens: [{ name: 'ada', token: 'token-of-ada' }] } },
    servers: {
      legacyFirst: runs(fixture('modern-hostile.mjs'), '--dual'),
      modernFirst: runs(fixture('modern-hostile.mjs'), '--dual'),
    },
  });
});
afterAll(() => gateway.stop());

it.each(['legacyFirst', 'modernFirst'])(
  '32: %s, a client of each era has a process of its own',
  async (server) => {
    const opens = [
      () => legacyClient(gateway.port, `/${server}`, 'token-of-ada'),
      async () => modernClient(gateway.port, `/${server}`, 'token-of-ada'),
    ];
    if (server === 'modernFirst') opens.reverse();
    const clients: Partial<Record<RawClient['era'], RawClient>> = {};
    for (const open of opens) {
      const client = await open();
      clients[client.era] = client;
      // Who comes first has the server's era found out before the other comes.
      await told(client, 'pid');
    }
    const { legacy, modern } = clients;
    if (legacy === undefined || modern === undefined) throw new Error('two clients are missing');

    const [oldPid, newPid] = await Promise.all([told(legacy, 'pid'), told(modern, 'pid')]);
    expect(oldPid).not.toBe(newPid);

    const oldLine = await told(legacy, 'raw');
    expect(oldLine).not.toContain('io.modelcontextprotocol/');
    expect(JSON.parse(await told(legacy, 'seen'))).toEqual([
      'initialize',
      'notifications/initialized',
      ...Array.from({ length: 4 }, () => 'tools/call'),
    ]);

    expect(await told(modern, 'raw')).toContain(ENVELOPE);
    const seen = JSON.parse(await told(modern, 'seen')) as string[];
    expect(seen.filter((method) => method !== 'tools/list')).toEqual([
      'server/discover',
      ...Array.from({ length: 4 }, () => 'tools/call'),
    ]);
  },
);

it('a question of the modern instance reaches only the modern client as input_required', async () => {
  const modern = modernClient(gateway.port, '/modernFirst', 'token-of-ada');
  const legacy = await legacyClient(gateway.port, '/modernFirst', 'token-of-ada');
  const [asked] = await modern.call('ask', textOf(modern, 'ask'));
  expect(asked).toContain('"resultType":"input_required"');
  const [refused] = await legacy.call('ask', textOf(legacy, 'ask'));
  expect(refused).toContain('ask needs 2026-07-28');
});

async function told(client: RawClient, tool: string): Promise<string> {
  const messages = await client.call(tool, textOf(client, tool));
  return JSON.parse(messages.at(-1) ?? '{}').result.content[0].text;
}

function textOf({ era }: RawClient, tool: string): string {
  const meta = era === 'modern' ? `,"_meta":{${ENVELOPE}}` : '';
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool}"${meta}}}`;
}
