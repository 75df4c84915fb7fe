/** The official example server with everything in it, as an SDK client of HTTP+SSE sees it through the gateway. */
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import type { ClientOptions } from '../support/mcp-body-client.ts';
import { textOf } from '../support/mcp-body-client.ts';
import { openV1 } from '../support/mcp-body-v1.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;
let gateway: TestGateway;

beforeAll(async () => {
  const everything = { command: 'node_modules/.bin/mcp-server-everything', path: REPOSITORY };
  gateway = await startGateway({ servers: { everything } });
});
afterAll(() => gateway.stop());

function open(options: ClientOptions = {}) {
  return openV1(new SSEClientTransport(new URL(`${gateway.url}/everything`)), options);
}

describe('server-everything over HTTP+SSE', () => {
  it('offers tools, resources and prompts', async () => {
    await using client = await open();
    expect(textOf(await client.callTool('echo', { message: 'hi' }))).toBe('Echo: hi');
    const [resource] = (await client.listResources()).resources;
    expect((await client.readResource(resource?.uri ?? '')).contents).toHaveLength(1);
    const { prompts } = await client.listPrompts();
    expect((await client.getPrompt(prompts[0]?.name ?? '')).messages.length).toBeGreaterThan(0);
    await client.setLoggingLevel('debug');
  });

  it('reports progress and asks its client', async () => {
    await using client = await open({
      sampling: () => ({ model: 'm', role: 'assistant', content: { type: 'text', text: 'a sample' } }),
      elicitation: () => ({ action: 'accept', content: { name: 'Ada' } }),
      roots: () => [{ uri: 'file:///here' }],
    });
    const steps: number[] = [];
    await client.callTool(
      'trigger-long-running-operation',
      { duration: 0.4, steps: 4 },
      { onprogress: ({ progress }) => steps.push(progress) },
    );
    expect(steps.slice(0, 3)).toEqual([1, 2, 3]);
    const sampled = await client.callTool('trigger-sampling-request', { prompt: 'p', maxTokens: 5 });
    expect(textOf(sampled)).toContain('a sample');
    expect(JSON.stringify(await client.callTool('trigger-elicitation-request'))).toContain('Ada');
    expect(textOf(await client.callTool('get-roots-list'))).toContain('file:///here');
  });

  it('asks each of two clients its own questions', async () => {
    const clients = await Promise.all(
      ['ada', 'bob'].map((name) =>
        open({ sampling: () => ({ model: 'm', role: 'assistant', content: { type: 'text', text: name } }) }),
      ),
    );
    const answers = await Promise.all(
      clients.map((client) => client.callTool('trigger-sampling-request', { prompt: 'p', maxTokens: 5 })),
    );
    expect(answers.map((answer) => /ada|bob/.exec(textOf(answer))?.[0])).toEqual(['ada', 'bob']);
    await Promise.all(clients.map((client) => client.close()));
  });
});
