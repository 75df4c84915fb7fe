import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';

const tool = {
  name: 'odd',
  inputSchema: { type: 'object' },
  outputSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
};
const lists = JSON.stringify({ 'tools/list': { tools: [tool] } });

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    servers: { it: { ...runs(fixture('modern-scripted.mjs'), lists), era: 'modern' } },
  });
});
afterAll(() => gateway.stop());

describe('[fault 49] a result that is not what its tool promised', () => {
  it('is passed on as it is, whatever it is: the caller can tell, the gateway does not judge', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (structuredContent) => {
        const result = { content: [{ type: 'text', text: 'odd' }], structuredContent };
        const response = await fetch(`${gateway.url}/api/it/odd?sessionId=s`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ result }),
        });
        const body = (await response.json()) as Record<string, unknown>;
        expect([response.status, body['content']]).toEqual([200, result.content]);
        // An era in between may only know objects.
        if (
          typeof structuredContent === 'object' &&
          structuredContent !== null &&
          !Array.isArray(structuredContent)
        )
          expect(body['structuredContent']).toEqual(JSON.parse(JSON.stringify(structuredContent)));
      }),
      { numRuns: 50 },
    );
    expect(gateway.events.filter(({ type }) => type === 'gateway.fault')).toEqual([]);
  });
});
