import { describe } from 'vitest';
import { askBody } from './mcp-body-ask.ts';
import type { Open } from './mcp-body-client.ts';
import { connectionBody } from './mcp-body-connection.ts';
import { errorBody } from './mcp-body-errors.ts';
import { isolationBody } from './mcp-body-isolation.ts';
import { listBody } from './mcp-body-lists.ts';
import { resourceBody } from './mcp-body-resources.ts';
import { runningBody } from './mcp-body-running.ts';
import { toolBody } from './mcp-body-tools.ts';

/**
 * Declares what an MCP client may expect of test/fixtures/full-server-v1.mjs, whatever stands between them. `open`
 * must give every client a server process of its own. test/mcp-body-stdio.test.ts is the control: nothing between.
 */
export function mcpBody(open: Open): void {
  describe('connection', () => connectionBody(open));
  describe('tools', () => toolBody(open));
  describe('running calls', () => runningBody(open));
  describe('questions to the client', () => askBody(open));
  describe('resources', () => resourceBody(open));
  describe('lists, prompts and completion', () => listBody(open));
  describe('errors', () => errorBody(open));
  describe('two clients', () => isolationBody(open));
}
