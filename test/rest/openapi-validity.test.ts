import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OpenApiDocument, type ServerTools, toOpenApi } from '../../src/fronts/rest/openapi.ts';
import { toOpenApi30 } from '../../src/fronts/rest/openapi-3-0.ts';
import { toolOperations } from '../../src/fronts/rest/openapi-tools.ts';
import { oneServer, someServers, TOOLS_AT_ONCE } from './openapi-arbitraries.ts';
import { OPTIONS } from './openapi-examples.ts';
import { findFaults } from './openapi-judges.ts';

describe('toOpenApi, whatever servers say', () => {
  it('[fault 113] gives documents of 1,000 tool schemas that two judges and every reference resolver accept, in 3.1 and 3.0', {
    timeout: 120_000,
  }, async () => {
    let schemas = 0;
    await fc.assert(
      fc.asyncProperty(oneServer, async (server) => {
        const document = withErrorsOnce(toOpenApi([server], OPTIONS).document);
        // Each tool has two.
        schemas += 2 * server.tools.length;
        expect(await findFaults(document)).toEqual([]);
        expect(await findFaults(toOpenApi30(document).document)).toEqual([]);
      }),
      { numRuns: 1000 / 2 / TOOLS_AT_ONCE },
    );
    expect(schemas).toBe(1000);
  });

  it('places every tool of every server, or says why not', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(someServers, async (servers) => {
        const { document, leftOut } = toOpenApi(servers, OPTIONS);
        expect(await findFaults(document)).toEqual([]);
        const listed = servers.reduce((sum, { tools }) => sum + tools.length, 0);
        expect(Object.keys(document.paths).length - 2 + leftOut.length).toBe(listed);
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });

  it('describes every body as an object and keeps every component name plain', () => {
    fc.assert(
      fc.property(someServers, (servers) => {
        const { document } = toOpenApi(servers, OPTIONS);
        for (const { post } of Object.values(document.paths) as { post?: { requestBody: unknown } }[]) {
          if (post === undefined) continue;
          expect(post.requestBody).toMatchObject({
            content: { 'application/json': { schema: { type: 'object' } } },
          });
        }
        for (const name of Object.keys(document.components.schemas))
          expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('neither changes what it is given nor depends on anything else', () => {
    fc.assert(
      fc.property(someServers, (servers) => {
        const before = JSON.stringify(servers);
        const first = JSON.stringify(toOpenApi(servers, OPTIONS));
        expect(JSON.stringify(servers)).toBe(before);
        expect(JSON.stringify(toOpenApi(JSON.parse(before) as ServerTools[], OPTIONS))).toBe(first);
      }),
      { numRuns: 500 },
    );
  });

  it('stays readable for the judges at the deepest schema that it takes', async () => {
    const tools = [{ name: 't', inputSchema: nested(79), outputSchema: nested(79) }];
    const { document, warnings } = toOpenApi([{ server: 's', tools }], OPTIONS);
    expect(warnings).toEqual([]);
    expect(await findFaults(document)).toEqual([]);
  });
});

/** The judges look up each reference anew: what is the same in every operation is judged once. */
function withErrorsOnce(document: OpenApiDocument): OpenApiDocument {
  const [first, ...others] = toolOperations(document);
  expect(first?.operation['responses']).toHaveProperty('502');
  for (const { operation } of others) {
    const { 200: result } = operation['responses'] as Record<string, unknown>;
    operation['responses'] = { 200: result };
  }
  return document;
}

function nested(levels: number): unknown {
  return JSON.parse(`${'{"not":'.repeat(levels)}{}${'}'.repeat(levels)}`);
}
