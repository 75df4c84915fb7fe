/** Tools as real servers describe them, the options of a usual gateway, and one schema converted on its own. */

import type { OpenApiOptions, ServerTools } from '../../src/fronts/rest/openapi.ts';
import { toOpenApiSchema } from '../../src/fronts/rest/openapi-schema.ts';

export const OPTIONS: OpenApiOptions = {
  title: 'MCP Gateway',
  version: '0.1.0',
  serverUrls: [],
  security: { basic: true, bearer: true, anonymous: false },
  sessionRequired: true,
  validates: false,
};

export const FILESYSTEM: ServerTools = {
  server: 'filesystem',
  title: 'Secure Filesystem',
  version: '0.2.0',
  instructions: 'Paths are <b>absolute</b>.\n</script>',
  tools: [
    {
      name: 'read_text_file',
      title: 'Read Text File',
      description: 'Read the complete contents of a file. Only works within allowed directories.',
      inputSchema: {
        $schema: 'http://json-schema.org/draft-07/schema#',
        type: 'object',
        properties: {
          path: { type: 'string' },
          head: { description: 'Only the first N lines', type: 'number' },
        },
        required: ['path'],
      },
      outputSchema: {
        $schema: 'http://json-schema.org/draft-07/schema#',
        type: 'object',
        properties: { content: { type: 'string' } },
        required: ['content'],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true },
    },
    {
      name: 'edit_file',
      description: 'Make line-based edits to a text file.',
      inputSchema: {
        type: 'object',
        properties: {
          edits: { type: 'array', items: { $ref: '#/$defs/Edit' } },
          dryRun: { type: 'boolean', default: false },
        },
        required: ['edits'],
        $defs: {
          Edit: { type: 'object', properties: { oldText: { type: 'string' }, newText: { type: 'string' } } },
        },
      },
    },
    { name: 'list_allowed_directories', inputSchema: { type: 'object', properties: {} } },
  ],
};

export const NOTES: ServerTools = {
  server: 'notes-2',
  tools: [
    {
      name: 'add-note',
      inputSchema: {
        $ref: '#/definitions/Note',
        definitions: {
          Note: {
            type: 'object',
            properties: { text: { type: 'string' }, replies: { items: { $ref: '#/definitions/Note' } } },
          },
        },
      },
    },
    {
      name: 'notes/search {q}',
      description: 'Sucht überall',
      inputSchema: { type: 'object', properties: { $ref: { type: 'string' } } },
    },
  ],
};

export function convert(raw: unknown, root: 'object' | 'any' = 'any') {
  const warnings: string[] = [];
  const { schema, components } = toOpenApiSchema(raw, {
    prefix: 'p',
    root,
    warn: (what) => warnings.push(what),
  });
  return { schema, components: Object.fromEntries(components), warnings };
}

export function ref(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/p.${name}` };
}
