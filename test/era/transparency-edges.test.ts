/** Requests of a legacy client that a modern server must get whole, although little or nothing is left of them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { legacyClient, type RawClient } from './raw-clients.ts';

let gateway: TestGateway;
let client: RawClient;

beforeAll(async () => {
  gateway = await startGateway({
    auth: { bearer: { tokens: [{ name: 'ada', token: 'token-of-ada' }] } },
    servers: { modern: runs(fixture('verbatim-server.mjs'), '--modern') },
  });
  client = await legacyClient(gateway.port, '/modern', 'token-of-ada');
});
afterAll(() => gateway.stop());

it.each([
  { params: '{"task":{}}', left: '{META}' },
  { params: '{"task":{},"name":"line"}', left: '{"name":"line",META}' },
  { params: '{"name":"line", "task" : {} }', left: '{"name":"line",META}' },
  { params: '{}', left: '{META}' },
  { params: '{ }', left: '{ META}' },
  { params: '{"_meta":{},"name":"line"}', left: '{META,"name":"line"}' },
  { params: '{"_meta":null,"name":"line"}', left: '{META,"name":"line"}' },
  { params: String.raw`{"\u005fmeta":{"a":1.0}}`, left: String.raw`{"\u005fmeta":{"a":1.0,ENVELOPE}}` },
  // What answers questions is the gateway's: a state from elsewhere belongs to nobody.
  { params: '{"requestState":"1:s","inputResponses":{}}', left: '{META}' },
  { params: '{"RequestState":"1:s","name":"line"}', left: '{"name":"line",META}' },
])('the params $params arrive as $left', async ({ params, left }) => {
  expect(await lineOf(`,"params":${params}`)).toBe(`,"params":${left}`);
});

it('a call without params gets some', async () => {
  expect(await lineOf('')).toBe(',"params":{META}');
});

it('params that are no object never reach the server', async () => {
  const [answer] = await client.call('line', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}');
  expect(JSON.parse(answer ?? '')).toMatchObject({ id: 1, error: { code: -32602 } });
});

/** The line from the params on, with the envelope named. */
async function lineOf(params: string): Promise<string> {
  const messages = await client.call('line', `{"jsonrpc":"2.0","id":1,"method":"tools/call"${params}}`);
  const line = JSON.parse(messages.at(-1) ?? '{}').result.content[0].text as string;
  const tail = line.slice(line.indexOf('"tools/call"') + '"tools/call"'.length, -1);
  const named = tail.replace(
    /"io\.modelcontextprotocol\/protocolVersion".*?"elicitation":\{"form":\{\}\}\}/,
    'ENVELOPE',
  );
  return named.replace('"_meta":{ENVELOPE}', 'META');
}
