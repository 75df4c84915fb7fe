/** The parts of the document that do not depend on any tool. */

import type { JsonObject } from './openapi-data.ts';
import type { OpenApiOptions } from './openapi-document.ts';
import { PROBLEM_SCHEMA, toProblemResponses } from './openapi-problems.ts';

/** `sessions` is a reserved server name, so no server has this tag. */
export const SESSIONS_TAG: JsonObject = {
  name: 'sessions',
  description: 'A session keeps the state of a server between calls. Its id may be any text of the caller.',
};

const SESSION_ID_SCHEMA: JsonObject = {
  type: 'string',
  minLength: 1,
  maxLength: 128,
  pattern: '^[\\x21-\\x7e]+$',
};

/**
 * What a server answers to `tools/call`. Blocks of unknown kinds pass, and `structuredContent` is any JSON: the
 * protocol revisions differ in both.
 */
const CALL_TOOL_RESULT: JsonObject = {
  type: 'object',
  description: 'The answer of the tool, as the server gave it.',
  required: ['content'],
  properties: {
    content: { type: 'array', items: { $ref: '#/components/schemas/ContentBlock' } },
    structuredContent: { description: 'The result as data, for tools with an output schema.' },
    isError: { type: 'boolean', description: 'True when the tool ran and failed; `content` says how.' },
    _meta: { type: 'object' },
  },
  examples: [{ content: [{ type: 'text', text: 'What the tool says.' }] }],
};

const CONTENT_BLOCK: JsonObject = {
  type: 'object',
  description: 'One piece of content; `type` says which members it has.',
  required: ['type'],
  properties: {
    type: { type: 'string', examples: ['text', 'image', 'audio', 'resource_link', 'resource'] },
    text: { type: 'string' },
    data: { type: 'string', contentEncoding: 'base64' },
    mimeType: { type: 'string' },
    uri: { type: 'string' },
    name: { type: 'string' },
    resource: { type: 'object' },
    annotations: { type: 'object' },
    _meta: { type: 'object' },
  },
};

/** Names without a dot: those of a tool's schemas have one. */
export const FIXED_SCHEMAS: Readonly<Record<string, JsonObject>> = {
  CallToolResult: CALL_TOOL_RESULT,
  ContentBlock: CONTENT_BLOCK,
  Problem: PROBLEM_SCHEMA,
};

export function toSessionIdParameter(required: boolean): JsonObject {
  return {
    name: 'sessionId',
    in: 'query',
    required,
    description:
      'The session that the call belongs to: an id from `GET /api/sessionid` or any other text. Calls with the same id reach the same server process.',
    schema: SESSION_ID_SCHEMA,
  };
}

/** Operation ids without an underscore: those of tools have one. */
export function toSessionPaths(options: OpenApiOptions): Record<string, JsonObject> {
  return {
    '/api/sessionid': {
      get: {
        operationId: 'createSessionId',
        tags: ['sessions'],
        summary: 'Get an unused session id',
        responses: {
          '200': { description: 'The id.', content: { 'application/json': { schema: SESSION_ID_ANSWER } } },
          ...toProblemResponses('open-session', options),
        },
      },
    },
    '/api/sessions/{sessionId}': {
      delete: {
        operationId: 'endSession',
        tags: ['sessions'],
        summary: 'End a session now',
        description: 'Running calls of the session are cancelled and its server processes stop.',
        parameters: [{ name: 'sessionId', in: 'path', required: true, schema: SESSION_ID_SCHEMA }],
        responses: {
          '204': { description: 'The session has ended.' },
          ...toProblemResponses('end-session', options),
        },
      },
    },
  };
}

const SESSION_ID_ANSWER: JsonObject = {
  type: 'object',
  required: ['sessionId'],
  properties: { sessionId: SESSION_ID_SCHEMA },
};
