/** What servers offer besides their tools, as schemas. Members that are not named pass: the protocol revisions differ. */
import type { JsonObject } from './openapi-data.ts';

const NAMED: JsonObject = {
  name: { type: 'string' },
  title: { type: 'string' },
  description: { type: 'string' },
};
const CONTENT: JsonObject = { $ref: '#/components/schemas/ContentBlock' };

export const OFFER_SCHEMAS: Readonly<Record<string, JsonObject>> = {
  ServerDescription: {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', description: 'Its name in this gateway.' },
      serverInfo: { type: 'object', description: 'What it calls itself.' },
      capabilities: { type: 'object', description: 'What it can do.' },
      instructions: { type: 'string', description: 'How it wants to be used.' },
    },
  },
  ToolList: listOf('tools', {
    ...NAMED,
    inputSchema: { type: 'object' },
    outputSchema: { type: 'object' },
    annotations: { type: 'object' },
  }),
  ResourceList: listOf('resources', {
    uri: { type: 'string' },
    ...NAMED,
    mimeType: { type: 'string' },
    size: { type: 'integer' },
  }),
  ResourceTemplateList: listOf('resourceTemplates', {
    uriTemplate: { type: 'string' },
    ...NAMED,
    mimeType: { type: 'string' },
  }),
  PromptList: listOf('prompts', {
    ...NAMED,
    arguments: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name'],
        properties: { ...NAMED, required: { type: 'boolean' } },
      },
    },
  }),
  ResourceContents: {
    type: 'object',
    required: ['contents'],
    properties: {
      contents: {
        type: 'array',
        items: {
          type: 'object',
          required: ['uri'],
          properties: {
            uri: { type: 'string' },
            mimeType: { type: 'string' },
            text: { type: 'string' },
            blob: { type: 'string', contentEncoding: 'base64' },
          },
        },
      },
    },
  },
  PromptMessages: {
    type: 'object',
    required: ['messages'],
    properties: {
      description: { type: 'string' },
      messages: {
        type: 'array',
        items: {
          type: 'object',
          required: ['role', 'content'],
          properties: { role: { type: 'string', enum: ['user', 'assistant'] }, content: CONTENT },
        },
      },
    },
  },
  CompletionRequest: {
    type: 'object',
    required: ['ref', 'argument'],
    properties: {
      ref: {
        type: 'object',
        description: 'What is completed: a prompt by its name, or a resource template by its `uri`.',
        required: ['type'],
        properties: {
          type: { type: 'string', enum: ['ref/prompt', 'ref/resource'] },
          name: { type: 'string' },
          uri: { type: 'string' },
        },
      },
      argument: {
        type: 'object',
        required: ['name', 'value'],
        properties: { name: { type: 'string' }, value: { type: 'string' } },
      },
      context: {
        type: 'object',
        properties: { arguments: { type: 'object', additionalProperties: { type: 'string' } } },
      },
    },
    examples: [{ ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'language', value: 'e' } }],
  },
  Completion: {
    type: 'object',
    required: ['completion'],
    properties: {
      completion: {
        type: 'object',
        required: ['values'],
        properties: {
          values: { type: 'array', items: { type: 'string' } },
          total: { type: 'integer' },
          hasMore: { type: 'boolean' },
        },
      },
    },
  },
};

function listOf(member: string, properties: JsonObject): JsonObject {
  return {
    type: 'object',
    required: [member],
    properties: { [member]: { type: 'array', items: { type: 'object', properties } } },
  };
}
