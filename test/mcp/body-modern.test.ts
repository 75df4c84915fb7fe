/** One promise over both eras of clients and of servers: the gateway translates where it must, and is not noticed. */
import {
  SSEClientTransport as SseV2,
  StreamableHTTPClientTransport as StreamableV2,
} from '@modelcontextprotocol/client';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as StreamableV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { mcpBody } from '../support/mcp-body.ts';
import { LEGACY_ON_MODERN } from '../support/mcp-body-traits.ts';
import { openV1 } from '../support/mcp-body-v1.ts';
import { openV2 } from '../support/mcp-body-v2.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({ servers: { full: runs(fixture('full-server-v2.mjs')) } });
});
afterAll(() => gateway.stop());

const url = (): URL => new URL(`${gateway.url}/full`);

describe('SDK v1 over HTTP+SSE on a modern server', () =>
  mcpBody((options) => openV1(new SseV1(url()), options), LEGACY_ON_MODERN));
describe('SDK v2 over HTTP+SSE on a modern server', () =>
  mcpBody((options) => openV2(new SseV2(url()), options), LEGACY_ON_MODERN));
describe('SDK v1 over Streamable HTTP on a modern server', () =>
  mcpBody((options) => openV1(new StreamableV1(url()), options), LEGACY_ON_MODERN));
describe('SDK v2 over Streamable HTTP on a modern server', () =>
  mcpBody((options) => openV2(new StreamableV2(url()), options), LEGACY_ON_MODERN));
