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
import { LEGACY_ON_LEGACY, type Traits } from './mcp-body-traits.ts';

/**
 * Declares what an MCP client may expect of test/fixtures/full-server-v1.mjs, or of full-server-v2.mjs, whatever
 * stands between them. With `processPerClient`, `open` must give every client a server process of its own.
 * test/mcp-body-stdio.test.ts is the control: nothing between.
 */
export function mcpBody(open: Open, traits: Traits = LEGACY_ON_LEGACY): void {
  describe('connection', () => connectionBody(open, traits));
  describe('tools', () => toolBody(open, traits));
  describe('running calls', () => runningBody(open, traits));
  describe('questions to the client', () => askBody(open, traits));
  describe('resources', () => resourceBody(open, traits));
  describe('lists, prompts and completion', () => listBody(open, traits));
  describe('errors', () => errorBody(open, traits));
  describe('two clients', () => isolationBody(open, traits));
}
