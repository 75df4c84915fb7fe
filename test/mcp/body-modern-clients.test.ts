/** The SDK's modern client on servers of both eras: the same promise, with what 2026-07-28 has instead. */
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { mcpBody } from '../support/mcp-body.ts';
import type { Open } from '../support/mcp-body-client.ts';
import { MODERN_ON_LEGACY, MODERN_ON_MODERN } from '../support/mcp-body-traits.ts';
import { openV2 } from '../support/mcp-body-v2.ts';

const CLIENTS = 60;
const PINNED = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const;
const AUTO = { versionNegotiation: { mode: 'auto' } } as const;

let gateway: TestGateway;
let opened = 0;

beforeAll(async () => {
  const tokens = Array.from({ length: CLIENTS }, (_, n) => ({ name: `client-${n}`, token: `token-${n}` }));
  gateway = await startGateway({
    auth: { bearer: { tokens } },
    servers: { modern: runs(fixture('full-server-v2.mjs')), legacy: runs(fixture('full-server-v1.mjs')) },
  });
});
afterAll(() => gateway.stop());

/** Each client is a principal of its own. */
function opens(server: string, sdk: typeof PINNED | typeof AUTO): Open {
  return (options) => {
    const headers = { authorization: `Bearer token-${opened}` };
    opened += 1;
    const transport = new StreamableHTTPClientTransport(new URL(`${gateway.url}/${server}`), {
      requestInit: { headers },
    });
    return openV2(transport, options, sdk);
  };
}

describe('pinned to 2026-07-28 on a modern server', () => mcpBody(opens('modern', PINNED), MODERN_ON_MODERN));
describe('in mode auto on a modern server', () => mcpBody(opens('modern', AUTO), MODERN_ON_MODERN));
describe('pinned to 2026-07-28 on a legacy server', () => mcpBody(opens('legacy', PINNED), MODERN_ON_LEGACY));
describe('in mode auto on a legacy server', () => mcpBody(opens('legacy', AUTO), MODERN_ON_LEGACY));
