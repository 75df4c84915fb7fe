import { fileURLToPath } from 'node:url';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe } from 'vitest';
import { mcpBody } from './support/mcp-body.ts';
import { openV1 } from './support/mcp-body-v1.ts';
import { openV2 } from './support/mcp-body-v2.ts';

const SERVER = {
  command: process.execPath,
  args: [fileURLToPath(new URL('./fixtures/full-server-v1.mjs', import.meta.url))],
};

/** The control run: what fails here is wrong in the body or the fixture, not in the gateway. */
describe('SDK v1 client on the bare server', () =>
  mcpBody((options) => openV1(new StdioV1(SERVER), options)));
describe('SDK v2 client on the bare server', () =>
  mcpBody((options) => openV2(new StdioV2(SERVER), options)));
