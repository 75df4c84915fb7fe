/** What a server offers besides calls of its tools, as OpenAPI operations. Only what the server says that it has. */
import { createHash } from 'node:crypto';
import { NOT_YET, PREFER } from './openapi-answers.ts';
import type { JsonObject } from './openapi-data.ts';
import type { OpenApiOptions, ServerTools } from './openapi-document.ts';
import { toSessionIdParameter } from './openapi-fixed.ts';
import { type RestOperation, toProblemResponses } from './openapi-problems.ts';

interface Operation {
  readonly verb: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly JsonObject[];
  readonly body?: JsonObject;
  readonly responses: JsonObject;
  readonly problems: RestOperation;
  /** Whether the server may ask something in the course of it. */
  readonly mayBeAsked?: boolean;
  readonly inSession?: boolean;
}

const URI: JsonObject = {
  name: 'uri',
  in: 'query',
  required: true,
  description: 'The URI of the resource, as it is listed or made from a template.',
  schema: { type: 'string' },
};
const JOB: JsonObject = {
  name: 'job',
  in: 'path',
  required: true,
  description: 'The last part of the `Location` of a call that was answered with `202`.',
  schema: { type: 'string' },
};
const READ = {
  parameters: [URI],
  responses: {
    '200': {
      description:
        'As JSON; or as itself under its own media type, if it is binary or `Accept` prefers its type to JSON.',
      content: { 'application/json': { schema: ref('ResourceContents') } },
    },
  },
  problems: 'read',
  mayBeAsked: true,
} as const;

/** Paths behind `base`, which leads to the server; none where it is not known what the server has. */
export function toOfferPaths(
  from: ServerTools,
  base: string,
  options: OpenApiOptions,
): [path: string, item: JsonObject][] {
  const { server, offers } = from;
  if (offers === undefined) return [];
  const write = (operation: Operation): JsonObject => toOperation(server, operation, options);
  return Object.entries({
    [base === '' ? '/' : base]: {
      get: write({
        verb: 'describeServer',
        summary: 'What the server says of itself',
        responses: json('What it said when it was started.', 'ServerDescription'),
        problems: 'list',
      }),
    },
    [`${base}/tools`]: { get: write(list('listTools', 'The tools that may be used', 'ToolList')) },
    [`${base}/jobs/{job}`]: {
      get: write({
        verb: 'getJob',
        summary: 'The outcome of a job',
        description:
          'Answers as the call itself would have answered, `Accept` included; `202` with `Running` until then.',
        parameters: [JOB],
        responses: {
          '200': {
            description: 'The result of the call.',
            content: { 'application/json': { schema: { type: 'object' } } },
          },
          '202': {
            description: 'It still runs, or its server asks something.',
            content: {
              'application/json': { schema: { oneOf: [ref('Running'), ref('InputRequired')] } },
            },
          },
        },
        problems: 'job',
        inSession: false,
      }),
      delete: write({
        verb: 'endJob',
        summary: 'Cancel a job, or forget its outcome',
        parameters: [JOB],
        responses: { '204': { description: 'There is no such job any more.' } },
        problems: 'job',
        inSession: false,
      }),
    },
    ...(offers.resources && {
      [`${base}/resources`]: { get: write(list('listResources', 'Its resources', 'ResourceList')) },
      [`${base}/resource-templates`]: {
        get: write(
          list('listResourceTemplates', 'Templates of URIs of more resources', 'ResourceTemplateList'),
        ),
      },
      [`${base}/resources/read`]: {
        get: write({ verb: 'readResource', summary: 'A resource', ...READ }),
        post: write({
          verb: 'readResourceOn',
          summary: 'A resource, after its server asked something',
          body: { required: true, content: { 'application/json': { schema: ref('Answers') } } },
          ...READ,
        }),
      },
    }),
    ...(offers.prompts && {
      [`${base}/prompts`]: { get: write(list('listPrompts', 'Its prompts', 'PromptList')) },
      [`${base}/prompts/{name}`]: {
        post: write({
          verb: 'getPrompt',
          summary: 'A prompt, made with its arguments',
          parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }],
          body: {
            required: false,
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  description: 'The arguments, as the prompt lists them.',
                  additionalProperties: { type: 'string' },
                },
              },
            },
          },
          responses: json('The messages of the prompt.', 'PromptMessages'),
          problems: 'prompt',
          mayBeAsked: true,
        }),
      },
    }),
    ...(offers.completions && {
      [`${base}/completion/complete`]: {
        post: write({
          verb: 'complete',
          summary: 'Values for an argument of a prompt or a resource template',
          body: { required: true, content: { 'application/json': { schema: ref('CompletionRequest') } } },
          responses: json('What it could be.', 'Completion'),
          problems: 'complete',
        }),
      },
    }),
  });
}

function list(verb: string, summary: string, schema: string): Operation {
  return { verb, summary, responses: json('All of them.', schema), problems: 'list' };
}

function toOperation(server: string, operation: Operation, options: OpenApiOptions): JsonObject {
  const { verb, summary, description, body, responses, problems } = operation;
  const { parameters = [], mayBeAsked = false, inSession = true } = operation;
  return {
    operationId: toOfferId(verb, server),
    tags: [server],
    summary,
    ...(description !== undefined && { description }),
    parameters: [
      ...parameters,
      ...(inSession ? [toSessionIdParameter(false)] : []),
      ...(mayBeAsked || problems === 'list' ? [PREFER] : []),
    ],
    ...(body !== undefined && { requestBody: body }),
    responses: {
      ...responses,
      ...(mayBeAsked && { '202': NOT_YET }),
      ...toProblemResponses(problems, options),
    },
  };
}

const HASH_CHARS = 10;
const MAX_NAME_CHARS = 40;

/** Without an underscore, which every id of a tool has; injective, since a plain name never looks like a hashed one. */
function toOfferId(verb: string, server: string): string {
  const isPlain =
    /^[A-Za-z0-9]+$/.test(server) && server.length <= MAX_NAME_CHARS && !/[0-9a-f]{10}$/.test(server);
  if (isPlain) return `${verb}Of${server}`;
  const digest = createHash('sha256').update(server).digest('hex').slice(0, HASH_CHARS);
  const text = server.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, MAX_NAME_CHARS - HASH_CHARS);
  return `${verb}Of${text}${digest}`;
}

function json(description: string, schema: string): JsonObject {
  return { '200': { description, content: { 'application/json': { schema: ref(schema) } } } };
}

function ref(schema: string): JsonObject {
  return { $ref: `#/components/schemas/${schema}` };
}
