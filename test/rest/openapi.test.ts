import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/errors.ts';
import { type OpenApiOptions, type ServerTools, toOpenApi } from '../../src/fronts/rest/openapi.ts';
import { FILESYSTEM, NOTES, OPTIONS } from './openapi-examples.ts';
import { findFaults } from './openapi-judges.ts';

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  parameters: unknown[];
  requestBody: { required: boolean; content: Record<string, { schema: Record<string, unknown> }> };
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: unknown }> }>;
}

function convert(servers: readonly ServerTools[], options: Partial<OpenApiOptions> = {}) {
  const result = toOpenApi(servers, { ...OPTIONS, ...options });
  const post = (path: string) => result.document.paths[path]?.['post'] as Operation;
  return { ...result, post };
}

describe('toOpenApi', () => {
  it('finds approval for the examples', async () => {
    const { document, warnings, leftOut } = convert([FILESYSTEM, NOTES]);
    expect(await findFaults(document)).toEqual([]);
    expect(warnings).toEqual([]);
    expect(leftOut).toEqual([]);
    expect(Object.keys(document.paths)).toEqual([
      '/api/sessionid',
      '/api/sessions/{sessionId}',
      '/api/filesystem/read_text_file',
      '/api/filesystem/edit_file',
      '/api/filesystem/list_allowed_directories',
      '/api/notes-2/add-note',
      '/api/notes-2/notes%2Fsearch%20%7Bq%7D',
    ]);
  });

  it('describes a tool', () => {
    const { post } = convert([FILESYSTEM]);
    const operation = post('/api/filesystem/read_text_file');
    expect(operation).toMatchObject({
      operationId: 'filesystem_read_text_file',
      tags: ['filesystem'],
      summary: 'Read Text File',
      description: 'Read the complete contents of a file. Only works within allowed directories.',
      'x-mcp-tool': 'read_text_file',
      'x-mcp-annotations': { readOnlyHint: true },
    });
    expect(operation.requestBody.content['application/json']?.schema).toEqual({
      type: 'object',
      properties: {
        path: { type: 'string' },
        head: { description: 'Only the first N lines', type: 'number' },
      },
      required: ['path'],
    });
    expect(operation.responses['200']?.content?.['application/json']?.schema).toEqual({
      allOf: [
        { $ref: '#/components/schemas/CallToolResult' },
        {
          type: 'object',
          properties: {
            structuredContent: {
              type: 'object',
              properties: { content: { type: 'string' } },
              required: ['content'],
              additionalProperties: false,
            },
          },
        },
      ],
    });
  });

  it('uses the plain result and the name where a tool says nothing more', () => {
    const operation = convert([FILESYSTEM]).post('/api/filesystem/list_allowed_directories');
    expect(operation.summary).toBe('list_allowed_directories');
    expect(operation).not.toHaveProperty('description');
    expect(operation.responses['200']?.content?.['application/json']?.schema).toEqual({
      $ref: '#/components/schemas/CallToolResult',
    });
  });

  it('asks for a body where one is needed', () => {
    const { post } = convert([FILESYSTEM, NOTES]);
    expect(post('/api/filesystem/edit_file').requestBody.required).toBe(true);
    expect(post('/api/notes-2/add-note').requestBody.required).toBe(true);
    expect(post('/api/filesystem/list_allowed_directories').requestBody.required).toBe(false);
  });

  it('lists the errors of a call by the statuses of the table', () => {
    const { document, post } = convert([FILESYSTEM]);
    const { responses } = post('/api/filesystem/edit_file');
    const statuses = '400 401 403 404 406 409 410 413 415 422 429 500 501 502 503 504'.split(' ');
    expect(Object.keys(responses)).toEqual(['200', '202', ...statuses]);
    for (const status of statuses) {
      expect(responses[status]).toEqual({ $ref: `#/components/responses/Problem${status}` });
      expect(document.components.responses[`Problem${status}`]).toMatchObject({
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      });
    }
    expect(document.components.responses['Problem410']).toMatchObject({
      description: `- \`SESSION_GONE\`: ${ERRORS.SESSION_GONE.text}`,
    });
  });

  it('names each server in a tag, its words untouched', () => {
    expect(convert([FILESYSTEM, NOTES]).document.tags).toEqual([
      expect.objectContaining({ name: 'sessions' }),
      {
        name: 'filesystem',
        description: 'Paths are <b>absolute</b>.\n</script>',
        'x-displayName': 'Secure Filesystem',
        'x-mcp-version': '0.2.0',
      },
      { name: 'notes-2' },
    ]);
  });

  it.each([
    [{ basic: true, bearer: true, anonymous: false }, [{ basic: [] }, { bearer: [] }]],
    [{ basic: false, bearer: true, anonymous: true }, [{ bearer: [] }, {}]],
    [{ basic: true, bearer: false, anonymous: false }, [{ basic: [] }]],
    [{ basic: false, bearer: false, anonymous: true }, []],
    [{ basic: false, bearer: false, anonymous: false }, []],
  ])('states the ways in: %j', async (security, expected) => {
    const { document } = convert([FILESYSTEM], { security });
    expect(document.security).toEqual(expected);
    expect(Object.keys(document.components.securitySchemes)).toEqual(
      (['basic', 'bearer'] as const).filter((scheme) => security[scheme]),
    );
    // A gateway for its own machine refuses strangers too; one for everyone refuses nobody.
    expect('Problem401' in document.components.responses).toBe(expected.length > 0 || !security.anonymous);
    expect(await findFaults(document)).toEqual([]);
  });

  it('[fault 115] states where it is reached', () => {
    expect(convert([]).document.servers).toEqual([{ url: '/' }]);
    expect(convert([], { serverUrls: ['https://mcp.example.com/gw/'] }).document.servers).toEqual([
      { url: 'https://mcp.example.com/gw' },
    ]);
  });

  it.each([true, false])('asks for the session as configured: %s', (sessionRequired) => {
    const { document, post } = convert([FILESYSTEM], { sessionRequired });
    expect(post('/api/filesystem/edit_file').parameters).toEqual([
      expect.objectContaining({ name: 'sessionId', in: 'query', required: sessionRequired }),
      { $ref: '#/components/parameters/prefer' },
    ]);
    const { description } = document.components.responses['Problem400'] as { description: string };
    expect(description.includes('SESSION_MISSING')).toBe(sessionRequired);
  });

  it('leaves out what no client could call, and says why', async () => {
    const garbage = [null, 5, { name: 7 }, {}] as unknown as ServerTools['tools'];
    const tools = ['a', 'a', '', '.', '..', '\ud800', 'x'.repeat(5000), 'b'].map((name, n) => ({
      name,
      title: `t${n}`,
    }));
    const { document, leftOut, post } = convert([{ server: 's', tools: [...tools, ...garbage] }]);
    expect(leftOut.map(({ tool }) => tool.slice(0, 3))).toEqual([
      'a',
      '',
      '.',
      '..',
      '\ud800',
      'xxx',
      '',
      '',
      '',
      '',
    ]);
    expect(leftOut.every(({ server, reason }) => server === 's' && reason !== '')).toBe(true);
    expect(Object.keys(document.paths).slice(2)).toEqual(['/api/s/a', '/api/s/b']);
    expect(post('/api/s/a').summary).toBe('t0');
    expect(await findFaults(document)).toEqual([]);
  });

  it('keeps the definitions of tools with like names apart', () => {
    const names = ['a.b', 'a/b', 'a b', 'a-b', 'a_b', 'A_b'];
    const { schemas } = convert([{ server: 's', tools: names.map(toToolWithDefinition) }]).document
      .components;
    const own = Object.values(schemas).filter((schema) => 'const' in schema || schema['title'] !== undefined);
    expect(own.map((schema) => schema['const'] ?? schema['title'])).toEqual(
      names.flatMap((name) => [name, name]),
    );
  });

  it('ignores members of the wrong kind and names what it changed', async () => {
    const tool = {
      name: 't',
      title: 5,
      description: {},
      annotations: { a: { $ref: 'http://169.254.169.254/' } },
      inputSchema: { properties: [], required: 'x', a: 1 },
      outputSchema: 'none',
    };
    const { document, warnings, post } = convert([
      { server: 's', instructions: 5, tools: [tool] } as unknown as ServerTools,
    ]);
    expect(post('/api/s/t')).not.toHaveProperty('description');
    expect(post('/api/s/t')).not.toHaveProperty('x-mcp-annotations');
    expect(warnings.map(({ what }) => what.split(' ')[0])).toEqual([
      'inputSchema',
      'inputSchema',
      'inputSchema',
      'annotations',
      'outputSchema',
    ]);
    expect(await findFaults(document)).toEqual([]);
  });

  it('bounds the warnings of one tool', () => {
    const properties = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`p${n}`, 'garbage']));
    const { warnings } = convert([{ server: 's', tools: [{ name: 't', inputSchema: { properties } }] }]);
    expect(warnings).toHaveLength(50);
    expect(warnings.at(-1)).toEqual({ server: 's', tool: 't', what: 'and more like these' });
  });

  it('gives the same text for the same tools', () => {
    expect(JSON.stringify(convert([FILESYSTEM, NOTES]))).toBe(
      JSON.stringify(convert(structuredClone([FILESYSTEM, NOTES]))),
    );
  });
});

function toToolWithDefinition(name: string): ServerTools['tools'][number] {
  return {
    name,
    inputSchema: { type: 'object', properties: { a: { $ref: '#/$defs/A' } }, $defs: { A: { const: name } } },
    outputSchema: { $ref: '#/$defs/A', $defs: { A: { title: name } } },
  };
}
