/** What a caller can wish of an operation, and what it then gets, in the words of OpenAPI. */
import type { JsonObject } from './openapi-data.ts';

/** By reference, on purpose: clients that hand parameters to a model skip references, and this one is not for models. */
export const PREFER: JsonObject = { $ref: '#/components/parameters/prefer' };

export const ANSWER_PARAMETERS: Readonly<Record<string, JsonObject>> = {
  prefer: {
    name: 'Prefer',
    in: 'header',
    required: false,
    description: [
      'Wishes (RFC 7240), separated by commas. What was done of them comes back as `Preference-Applied`.',
      '- `respond-async`: answer `202` at once; the call runs on as a job at `Location`.',
      '- `wait=n`: give up after n seconds; with `respond-async`, wait that long before it becomes a job.',
      '- `input-required`: the caller can answer questions of the server (elicitation and sampling; or those named in `input-required="elicitation sampling roots"`). The first call of a session fixes this.',
    ].join('\n'),
    schema: { type: 'string' },
    examples: {
      async: { value: 'respond-async, wait=10' },
      questions: { value: 'input-required' },
    },
  },
};

/**
 * No schema of its own: who generates a client and never sends `Prefer` never gets this, and would have to tell it
 * apart from every result.
 */
export const NOT_YET: JsonObject = { $ref: '#/components/responses/NotYet' };

export const ANSWER_RESPONSES: Readonly<Record<string, JsonObject>> = {
  NotYet: {
    description: [
      'Only for callers who send `Prefer`. The body is one of two schemas, told apart by `status`.',
      '- `Running`: the call goes on as a job; fetch its outcome from `Location`.',
      '- `InputRequired`: the server asks something. Repeat the same call with `inputResponses` and `requestState` beside its arguments.',
    ].join('\n'),
    headers: {
      Location: { description: 'Where the job is.', schema: { type: 'string', format: 'uri-reference' } },
      'Retry-After': { description: 'Seconds after which to look again.', schema: { type: 'integer' } },
    },
  },
};

export const ANSWER_SCHEMAS: Readonly<Record<string, JsonObject>> = {
  Running: {
    type: 'object',
    description: 'A job that has no outcome yet.',
    required: ['status'],
    properties: {
      status: { type: 'string', const: 'running' },
      location: { type: 'string', description: 'Where the job is, once more.' },
      progress: {
        type: 'object',
        description: 'What the server last said of how far it is.',
        properties: {
          progress: { type: 'number' },
          total: { type: 'number' },
          message: { type: 'string' },
        },
      },
    },
    examples: [{ status: 'running', progress: { progress: 1, total: 3 } }],
  },
  InputRequired: {
    type: 'object',
    description: 'What the server wants to know before it goes on.',
    required: ['status'],
    properties: {
      status: { type: 'string', const: 'input_required' },
      inputRequests: {
        type: 'object',
        description: 'The questions by their names.',
        additionalProperties: {
          type: 'object',
          required: ['method'],
          properties: {
            method: {
              type: 'string',
              description: 'What is asked for.',
              examples: ['elicitation/create', 'sampling/createMessage', 'roots/list'],
            },
            params: {
              type: 'object',
              description: 'The question; that of an elicitation has its schema in `requestedSchema`.',
            },
          },
        },
      },
      requestState: { type: 'string', description: 'To be sent back as it is.' },
    },
    examples: [
      {
        status: 'input_required',
        inputRequests: {
          'r1-1': {
            method: 'elicitation/create',
            params: {
              message: 'Which branch?',
              requestedSchema: { type: 'object', properties: { branch: { type: 'string' } } },
            },
          },
        },
        requestState: '…',
      },
    ],
  },
  Answers: {
    type: 'object',
    description: 'Answers to what a server asked.',
    properties: {
      inputResponses: {
        type: 'object',
        description: 'By the names of the questions.',
        additionalProperties: { type: 'object' },
      },
      requestState: { type: 'string' },
    },
    examples: [
      { inputResponses: { 'r1-1': { action: 'accept', content: { branch: 'main' } } }, requestState: '…' },
    ],
  },
};
