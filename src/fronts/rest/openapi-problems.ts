/** The errors of the REST front in the words of OpenAPI, made from the table of errors. */
import { ERRORS, type ErrorCode, GatewayError } from '../../errors.ts';
import { toProblem } from '../../http/error-response.ts';
import type { JsonObject } from './openapi-data.ts';
import type { OpenApiOptions } from './openapi-document.ts';

export type RestOperation = keyof typeof BY_OPERATION;

const EVERYWHERE: readonly ErrorCode[] = [
  'BAD_HTTP',
  'AMBIGUOUS_CREDENTIALS',
  'HOST',
  'ORIGIN',
  'RATE_LIMIT',
  'STOPPING',
  'INTERNAL',
];
const IN_BODY: readonly ErrorCode[] = [
  'PARSE',
  'TOO_DEEP',
  'INVALID_ARGUMENTS',
  'BODY_TOO_LARGE',
  'MEDIA_TYPE',
];
/** Of whatever needs a process, in a session or without one. */
const OF_PROCESS: readonly ErrorCode[] = [
  'SESSION_INVALID',
  'SERVER_UNKNOWN',
  'SESSION_GONE',
  'PRINCIPAL_SESSIONS_FULL',
  'SESSIONS_FULL',
  'STARTS_FULL',
  'INSTANCES_FULL',
  'SERVER_INSTANCES_FULL',
  'CALLS_FULL',
  'SERVER_FAILING',
  'START_FAILED',
  'START_TIMEOUT',
  'SERVER_EXITED',
  'SERVER_OVERLOADED',
  'CALL_TIMEOUT',
  'BAD_ANSWER',
  'SERVER_ERROR',
];
/** Of what a server may ask something about, and what can go on as a job. */
const OF_WISHES: readonly ErrorCode[] = ['QUESTION_UNSUPPORTED', 'SESSION_CAPABILITIES', 'JOBS_FULL'];
const BY_OPERATION = {
  call: [...IN_BODY, ...OF_PROCESS, ...OF_WISHES, 'TOOL_UNKNOWN', 'TOOL_FAILED', 'NO_SUCH_CONTENT'],
  list: OF_PROCESS,
  read: [...IN_BODY, ...OF_PROCESS, ...OF_WISHES, 'RESOURCE_UNKNOWN', 'NO_SUCH_CONTENT'],
  prompt: [...IN_BODY, ...OF_PROCESS, ...OF_WISHES, 'PROMPT_UNKNOWN'],
  complete: [...IN_BODY, ...OF_PROCESS, 'METHOD_NOT_FOUND'],
  job: ['SERVER_UNKNOWN', 'JOB_UNKNOWN', 'JOB_TOO_LARGE', 'TOOL_FAILED', 'NO_SUCH_CONTENT', ...OF_PROCESS],
  'open-session': [],
  'end-session': ['SESSION_INVALID', 'SESSION_UNKNOWN'],
} as const satisfies Record<string, readonly ErrorCode[]>;

/** The error responses of one operation, by status, as references to the components below. */
export function toProblemResponses(operation: RestOperation, options: OpenApiOptions): JsonObject {
  const statuses = new Set(codesOf(operation, options).map((code) => ERRORS[code].status));
  return Object.fromEntries(
    [...statuses]
      .sort((a, b) => a - b)
      .map((status) => [String(status), { $ref: `#/components/responses/Problem${status}` }]),
  );
}

/** One response component for each status that any operation can answer. */
export function toProblemComponents(options: OpenApiOptions): JsonObject {
  const operations = Object.keys(BY_OPERATION) as RestOperation[];
  const codes = [...new Set(operations.flatMap((operation) => codesOf(operation, options)))];
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      `Problem${status}`,
      toResponse(codes.filter((code) => ERRORS[code].status === status)),
    ]),
  );
}

/** RFC 9457. */
export const PROBLEM_SCHEMA: JsonObject = {
  type: 'object',
  description: 'An error as told by the gateway (RFC 9457).',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Names the kind of error.' },
    title: { type: 'string', description: 'The kind of error in words.' },
    status: { type: 'integer', description: 'The HTTP status, once more.' },
    detail: {
      type: 'string',
      description: 'What is wrong with this request and, where it helps, what to do.',
    },
    code: {
      type: 'string',
      description: 'Stable name of the error, for programs.',
      examples: ['TOOL_UNKNOWN'],
    },
  },
};

function codesOf(
  operation: RestOperation,
  { security, sessionRequired, validates }: OpenApiOptions,
): readonly ErrorCode[] {
  const codes: ErrorCode[] = [...EVERYWHERE, ...BY_OPERATION[operation]];
  if (security.basic || security.bearer) codes.push('UNAUTHORIZED');
  else if (!security.anonymous) codes.push('LOOPBACK_ONLY');
  if (operation === 'call' && sessionRequired) codes.push('SESSION_MISSING');
  if (operation === 'call' && validates) codes.push('ARGUMENTS_REFUSED');
  return codes;
}

function toResponse(codes: readonly ErrorCode[]): JsonObject {
  const headers = HEADERS[ERRORS[codes[0] ?? 'INTERNAL'].status];
  return {
    description: codes.map((code) => `- \`${code}\`: ${ERRORS[code].text}`).join('\n'),
    ...(headers && { headers }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        // One only: generators write out every response of every tool.
        example: toProblem(
          new GatewayError(codes.find((code) => !EVERYWHERE.includes(code)) ?? codes[0] ?? 'INTERNAL'),
        ),
      },
    },
  };
}

/** What an answer of that status carries besides. */
const HEADERS: Readonly<Record<number, JsonObject>> = {
  401: {
    'WWW-Authenticate': { description: 'How to authenticate.', schema: { type: 'string' } },
  },
  429: {
    'Retry-After': { description: 'Seconds after which to come again.', schema: { type: 'integer' } },
  },
  503: {
    'Retry-After': { description: 'Seconds after which to come again.', schema: { type: 'integer' } },
  },
};
