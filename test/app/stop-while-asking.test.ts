/** A question that is open when its session or the gateway ends holds nobody up, and is kept by nobody. */
import { expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { META, ModernClient } from '../support/modern-client.ts';
import type { RawExchange } from '../support/raw-exchange.ts';
import { StreamableClient } from '../support/streamable-client.ts';

const QUESTION = {
  method: 'elicitation/create',
  params: { message: 'Who?', requestedSchema: { type: 'object', properties: {} } },
};
const CAPABILITIES = { elicitation: {} };
/** Questions wait for ten minutes; what does not end long before that is held up by one. */
const SOON_MS = 20_000;

const args = { legacy: QUESTION, modern: { inputRequests: { q: QUESTION } } };

async function legacyAsked(port: number, server: 'legacy' | 'modern'): Promise<StreamableClient> {
  const client = await StreamableClient.open(port, `/${server}`, { capabilities: CAPABILITIES });
  const call: RawExchange = client.call('ask', args[server]);
  await call.until(() => call.messages.some(({ method }) => method === QUESTION.method));
  return client;
}

async function modernAsked(port: number, server: 'legacy' | 'modern'): Promise<void> {
  const client = new ModernClient(port, `/${server}`, {
    meta: { [`${META}clientCapabilities`]: CAPABILITIES },
  });
  const { result } = await client.call('ask', args[server]);
  expect(result?.['resultType']).toBe('input_required');
}

async function withGateway(body: (gateway: GatewayProcess) => Promise<unknown>): Promise<void> {
  await using gateway = await startGatewayProcess({
    http: { drainMs: 100 },
    servers: {
      legacy: { ...runs(HOSTILE_SERVER), era: 'legacy' },
      modern: { ...runs(fixture('modern-hostile.mjs')), era: 'modern' },
    },
  });
  await body(gateway);
  gateway.signal('SIGTERM');
  expect(await gateway.outcome).toMatchObject({ code: 0, signal: null });
}

it.concurrent.each(['legacy', 'modern'] as const)(
  'the gateway ends while a legacy client is asked by a %s server',
  (server) => withGateway(({ port }) => legacyAsked(port, server)),
  SOON_MS,
);

it.concurrent.each(['legacy', 'modern'] as const)(
  'the gateway ends after a legacy client that was asked by a %s server has ended its session',
  (server) =>
    withGateway(async ({ port }) => {
      const client = await legacyAsked(port, server);
      expect((await client.end().done()).status).toBe(200);
    }),
  SOON_MS,
);

it.concurrent.each(['legacy', 'modern'] as const)(
  'the gateway ends while a modern client is asked by a %s server',
  (server) => withGateway(({ port }) => modernAsked(port, server)),
  SOON_MS,
);
