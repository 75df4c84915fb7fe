import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROFILES, type ProfileName } from '../../src/fronts/rest/document-wish.ts';
import { type OpenApiOptions, type ServerTools, toOpenApi } from '../../src/fronts/rest/openapi.ts';
import { toOpenApi30 } from '../../src/fronts/rest/openapi-3-0.ts';
import { applyProfile } from '../../src/fronts/rest/openapi-profiles.ts';
import { toolOperations } from '../../src/fronts/rest/openapi-tools.ts';
import { oneServer } from './openapi-arbitraries.ts';
import { FILESYSTEM, NOTES, OPTIONS } from './openapi-examples.ts';
import { findFaults } from './openapi-judges.ts';

const PUBLIC: OpenApiOptions = {
  ...OPTIONS,
  serverUrls: ['https://mcp.example.com/gw'],
  security: { basic: false, bearer: true, anonymous: false },
};

function make(profile: ProfileName, servers: readonly ServerTools[], options: OpenApiOptions = PUBLIC) {
  return applyProfile(profile, toOpenApi(servers, options).document, options);
}

function toolsNamed(names: readonly string[], more: object = {}): ServerTools {
  return { server: 's', tools: names.map((name) => ({ name, inputSchema: { type: 'object' }, ...more })) };
}

describe.each(PROFILES)('the profile %s', (profile) => {
  it('finds approval for the examples in both versions, and changes nothing it is given', async () => {
    const { document } = toOpenApi([FILESYSTEM, NOTES], PUBLIC);
    const before = JSON.stringify(document);
    const made = applyProfile(profile, document, PUBLIC).document;
    expect(JSON.stringify(document)).toBe(before);
    expect(await findFaults(made)).toEqual([]);
    expect(await findFaults(toOpenApi30(made).document)).toEqual([]);
    expect(toolOperations(made)).toHaveLength(5);
    expect(Object.keys(made.paths)).toHaveLength(5);
    expect(made.tags.map(({ name }) => name)).toEqual(['filesystem', 'notes-2']);
  });

  it('has no reference in arguments, and all of them at the top, whatever servers say', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(oneServer, async (server) => {
        const { document } = make(profile, [server]);
        for (const { operation } of toolOperations(document)) {
          const body = operation['requestBody'] as {
            content: Record<string, { schema: Record<string, unknown> }>;
          };
          const schema = body.content['application/json']?.schema;
          expect(schema).toMatchObject({ type: 'object', properties: {} });
          expect(Object.keys(schema ?? {})).not.toEqual(expect.arrayContaining(['allOf', 'anyOf', 'oneOf']));
          expect(JSON.stringify(schema)).not.toContain('"$ref":"#/components');
          for (const parameter of operation['parameters'] as object[])
            expect(parameter).toHaveProperty('name');
        }
        expect(await findFaults(document)).toEqual([]);
      }),
      { numRuns: 5 },
    );
  });

  it('asks for a session where one is required, and for nothing where not', () => {
    const named = (sessionRequired: boolean): unknown =>
      toolOperations(make(profile, [FILESYSTEM], { ...PUBLIC, sessionRequired }).document)[0]?.operation[
        'parameters'
      ];
    expect(named(true)).toEqual([expect.objectContaining({ name: 'sessionId', required: true })]);
    expect(named(false)).toEqual([]);
  });

  it('says that strangers are not served without authentication', () => {
    const security = { basic: false, bearer: false, anonymous: false };
    const { report } = make(profile, [FILESYSTEM], { ...PUBLIC, security });
    expect(report[0]).toMatchObject({
      kind: 'problem',
      what: expect.stringContaining('auth.bearer') as string,
    });
    expect(
      make(profile, [FILESYSTEM], { ...PUBLIC, security: { ...security, anonymous: true } }).report,
    ).toEqual(make(profile, [FILESYSTEM]).report);
  });
});

describe('gpt-actions', () => {
  it('shortens descriptions at the end of a sentence, and says whose', () => {
    const description = 'It does this and that. '.repeat(20);
    const { document, report } = make('gpt-actions', [toolsNamed(['a'], { description, title: 'A' })]);
    const [tool] = toolOperations(document);
    expect(tool?.operation['description']).toMatch(/^(It does this and that\. ?)+$/);
    expect(String(tool?.operation['description']).length).toBeLessThanOrEqual(300);
    expect(tool?.operation).not.toHaveProperty('summary');
    expect(report).toContainEqual({
      kind: 'changed',
      server: 's',
      tool: 'a',
      what: 'description of 459 characters shortened to 298 (at most 300)',
    });
  });

  it('has thirty operations at most, and names those that it has not', () => {
    const names = Array.from({ length: 33 }, (_, n) => `t${n}`);
    const { document, report } = make('gpt-actions', [toolsNamed(names)]);
    expect(toolOperations(document).map(({ tool }) => tool)).toEqual(names.slice(0, 30));
    expect(report.flatMap(({ kind, tool }) => (kind === 'left-out' ? (tool ?? []) : []))).toEqual(
      names.slice(30),
    );
  });

  it.each([
    ['https://mcp.example.com', true],
    ['https://mcp.example.com:443/gw', true],
    ['https://mcp.example.com:8443', false],
    ['http://mcp.example.com', false],
    [undefined, false],
  ])('wants one https address on port 443: %s', (url, good) => {
    const { report } = make('gpt-actions', [FILESYSTEM], {
      ...PUBLIC,
      serverUrls: url === undefined ? [] : [url],
    });
    expect(report.some(({ kind, what }) => kind === 'problem' && what.includes('publicUrl'))).toBe(!good);
  });

  it('keeps one kind of authentication', () => {
    const { document, report } = make('gpt-actions', [FILESYSTEM], {
      ...PUBLIC,
      security: { basic: true, bearer: true, anonymous: true },
    });
    expect(document.security).toEqual([{ bearer: [] }, {}]);
    expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer']);
    expect(report.some(({ what }) => what.startsWith('Basic'))).toBe(true);
    expect(
      make('gpt-actions', [FILESYSTEM], {
        ...PUBLIC,
        security: { basic: true, bearer: false, anonymous: false },
      }).document.security,
    ).toEqual([{ basic: [] }]);
  });

  it('takes only a tool that says that it reads as one that needs no confirmation', () => {
    const consequential = (annotations: unknown): unknown =>
      toolOperations(make('gpt-actions', [toolsNamed(['a'], { annotations })]).document)[0]?.operation[
        'x-openai-isConsequential'
      ];
    expect(
      [{ readOnlyHint: true }, { readOnlyHint: 'yes' }, { destructiveHint: false }, undefined].map(
        consequential,
      ),
    ).toEqual([false, true, true, true]);
  });

  it('stays below a megabyte: first without descriptions of results, then with fewer tools', () => {
    const wide = {
      type: 'object',
      properties: Object.fromEntries(
        Array.from({ length: 400 }, (_, n) => [`p${n}`, { type: 'string', description: 'x'.repeat(50) }]),
      ),
    };
    const names = Array.from({ length: 30 }, (_, n) => `t${n}`);
    const results = make('gpt-actions', [toolsNamed(names, { outputSchema: wide })]);
    expect(toolOperations(results.document)).toHaveLength(30);
    expect(results.report.filter(({ what }) => what.includes('1 MB'))).toHaveLength(30);
    const inputs = make('gpt-actions', [toolsNamed(names, { inputSchema: wide, outputSchema: wide })]);
    const kept = toolOperations(inputs.document).length;
    expect(kept).toBeGreaterThan(10);
    expect(kept).toBeLessThan(20);
    expect(inputs.report.filter(({ kind, tool }) => kind === 'left-out' && tool !== undefined)).toHaveLength(
      30 - kept,
    );
    for (const { document } of [results, inputs])
      expect(JSON.stringify(document, null, 2).length).toBeLessThan(1_000_000);
    expect(JSON.stringify(inputs.document, null, 2).length).toBeGreaterThan(900_000);
  });

  it('describes the structured result', () => {
    const { document } = make('gpt-actions', [FILESYSTEM]);
    expect(JSON.stringify(toolOperations(document)[0]?.operation['responses'])).toContain(
      '"structuredContent":{"type":"object","properties":{"content":{"type":"string"}},"required":["content"],"additionalProperties":false}',
    );
    expect(document.components.schemas).toEqual({});
  });
});

describe('open-webui', () => {
  it('names the tools that cannot be called with the session among their arguments', () => {
    const tools: ServerTools = {
      server: 's',
      tools: [
        { name: 'plain', inputSchema: { type: 'object', properties: { a: {} } } },
        {
          name: 'strict',
          inputSchema: { type: 'object', properties: { a: {} }, additionalProperties: false },
        },
        { name: 'own', inputSchema: { type: 'object', properties: { sessionId: { type: 'string' } } } },
      ],
    };
    const problems = (sessionRequired: boolean): unknown[] =>
      make('open-webui', [tools], { ...PUBLIC, sessionRequired }).report.flatMap(({ kind, tool }) =>
        kind === 'problem' ? [tool] : [],
      );
    expect(problems(true)).toEqual(['strict', 'own']);
    expect(problems(false)).toEqual([]);
  });

  it('does not grow without bound where thousands of tools refer to much, and says where it stopped', () => {
    const levels = Array.from({ length: 20 }, (_, n) => [
      `l${n}`,
      { anyOf: [{ $ref: `#/$defs/l${n + 1}` }, { $ref: `#/$defs/l${n + 1}` }] },
    ]);
    const inputSchema = {
      type: 'object',
      properties: { a: { $ref: '#/$defs/l0' } },
      $defs: Object.fromEntries([...levels, ['l20', {}]]) as unknown,
    };
    const names = Array.from({ length: 300 }, (_, n) => `t${n}`);
    const { document, report } = make('open-webui', [toolsNamed(names, { inputSchema })]);
    expect(toolOperations(document)).toHaveLength(300);
    expect(report.some(({ tool, what }) => tool === 't299' && what.includes('200000 schemas'))).toBe(true);
    expect(report.some(({ tool, what }) => tool === 't0' && what.includes('200000 schemas'))).toBe(false);
  });

  it('keeps what is described of results and errors, and drops the schemas that nothing uses any more', () => {
    const { document } = make('open-webui', [FILESYSTEM, NOTES]);
    expect(toolOperations(document)[0]?.operation['responses']).toHaveProperty('502');
    expect(Object.keys(document.components.schemas)).toEqual(['CallToolResult', 'ContentBlock', 'Problem']);
  });
});
