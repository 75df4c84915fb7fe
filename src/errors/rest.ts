/** What only callers of the REST API are told. */
import type { ErrorRow } from './row.ts';

export const REST_ERRORS = {
  PROMPT_UNKNOWN: { status: 404, rpc: -32602, reason: 'prompt-unknown', text: 'Unknown prompt.' },
  RESOURCE_UNKNOWN: {
    status: 404,
    rpc: -32602,
    reason: 'resource-unknown',
    text: 'The server has no resource with this URI.',
  },
  ARGUMENTS_REFUSED: {
    status: 422,
    rpc: -32602,
    reason: 'arguments-refused',
    text: 'The arguments are not what the schema of the tool demands.',
  },
  TOOL_FAILED: { status: 422, rpc: -32603, reason: 'tool-failed', text: 'The tool ran and failed.' },
  NO_SUCH_CONTENT: {
    status: 406,
    rpc: -32000,
    reason: 'no-such-content',
    text: 'The result has no content of a type that the Accept header takes.',
  },
  SESSION_CAPABILITIES: {
    status: 409,
    rpc: -32600,
    reason: 'session-capabilities',
    text: 'The first call of this session fixed what its caller can answer; this one says something else.',
  },
  JOB_UNKNOWN: { status: 404, rpc: -32001, reason: 'job-unknown', text: 'No such job.' },
  JOBS_FULL: {
    status: 503,
    rpc: -32000,
    reason: 'jobs-full',
    text: 'Too many jobs of this caller are running; try again later.',
  },
  JOB_TOO_LARGE: {
    status: 507,
    rpc: -32603,
    reason: 'job-too-large',
    text: 'The result is too large to be kept; make the call without respond-async.',
  },
} as const satisfies Record<string, ErrorRow>;
