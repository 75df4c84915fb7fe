/**
 * Every error that a peer can be told: one closed table, one class. A fault that is not in this table is told
 * as INTERNAL with the request id and nothing else.
 */

import { LIMIT_ERRORS } from './errors/limits.ts';
import { REST_ERRORS } from './errors/rest.ts';
import type { ErrorRow } from './errors/row.ts';

export const ERRORS = {
  // Message shape
  PARSE: { status: 400, rpc: -32700, reason: 'parse-error', text: 'The body is not valid JSON in UTF-8.' },
  INVALID_REQUEST: {
    status: 400,
    rpc: -32600,
    reason: 'invalid-request',
    text: 'The body is not a JSON-RPC 2.0 message.',
  },
  DUPLICATE_MEMBER: {
    status: 400,
    rpc: -32600,
    reason: 'duplicate-member',
    text: 'A member that must be unique stands twice in the message.',
  },
  TOO_DEEP: {
    status: 400,
    rpc: -32600,
    reason: 'too-deep',
    text: 'The message is nested more than 128 levels deep.',
  },
  INVALID_ID: {
    status: 400,
    rpc: -32600,
    reason: 'invalid-id',
    text: 'A request id must be a string or a number, at most 1024 bytes long.',
  },
  DUPLICATE_ID: {
    status: 400,
    rpc: -32600,
    reason: 'duplicate-id',
    text: 'A request with this id is still in flight in this session.',
  },
  BATCH: {
    status: 400,
    rpc: -32600,
    reason: 'batch',
    text: 'JSON-RPC batches are not accepted here; send one message per request.',
  },
  NOT_INITIALIZED: {
    status: 400,
    rpc: -32600,
    reason: 'not-initialized',
    text: 'The first request of a session must be initialize.',
  },
  ALREADY_INITIALIZED: {
    status: 400,
    rpc: -32600,
    reason: 'already-initialized',
    text: 'This session is initialized already; open a new one.',
  },
  METHOD_NOT_FOUND: {
    status: 404,
    rpc: -32601,
    reason: 'method-not-found',
    text: 'This method does not exist here.',
  },
  INVALID_ARGUMENTS: {
    status: 400,
    rpc: -32602,
    reason: 'invalid-arguments',
    text: 'The body must be a JSON object with the arguments of the tool.',
  },
  HEADER_MISMATCH: {
    status: 400,
    rpc: -32020,
    reason: 'header-mismatch',
    text: 'A header does not say what the body says.',
  },
  ENVELOPE: {
    status: 400,
    rpc: -32602,
    reason: 'envelope',
    text: 'The protocol metadata in params._meta is missing or malformed.',
  },
  VERSION_UNSUPPORTED: {
    status: 400,
    rpc: -32022,
    reason: 'version-unsupported',
    text: 'This protocol version is not served here.',
  },
  VERSION_HEADER: {
    status: 400,
    rpc: -32000,
    reason: 'version-header',
    text: 'The MCP-Protocol-Version header names a version that is not known here.',
  },
  EVENT_UNKNOWN: {
    status: 400,
    rpc: -32000,
    reason: 'event-unknown',
    text: 'The stream that Last-Event-ID names cannot be resumed; send the request again.',
  },
  // HTTP edge
  BODY_TOO_LARGE: {
    status: 413,
    rpc: -32600,
    reason: 'body-too-large',
    text: 'The body is larger than http.maxBodyBytes allows.',
  },
  MEDIA_TYPE: {
    status: 415,
    rpc: -32000,
    reason: 'media-type',
    text: 'The Content-Type must be application/json, without Content-Encoding.',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    rpc: -32000,
    reason: 'not-acceptable',
    text: 'This URL speaks the Model Context Protocol; send Accept: text/event-stream to open a stream.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    rpc: -32000,
    reason: 'method-not-allowed',
    text: 'This HTTP method is not allowed here; see the Allow header.',
  },
  NOT_FOUND: { status: 404, rpc: -32601, reason: 'not-found', text: 'There is nothing at this URL.' },
  BAD_HTTP: { status: 400, rpc: -32600, reason: 'bad-http', text: 'The HTTP request is malformed.' },
  QUERY_INVALID: {
    status: 400,
    rpc: -32600,
    reason: 'query-invalid',
    text: 'A query parameter has a value that is not known here.',
  },
  HOST: {
    status: 403,
    rpc: -32000,
    reason: 'host',
    text: 'This Host is not served; add it to http.allowedHosts or set publicUrl.',
  },
  ORIGIN: {
    status: 403,
    rpc: -32000,
    reason: 'origin',
    text: 'Requests from this Origin are not allowed; add it to http.allowedOrigins.',
  },
  // Authentication and grants
  UNAUTHORIZED: { status: 401, rpc: -32000, reason: 'unauthorized', text: 'Valid credentials are required.' },
  LOOPBACK_ONLY: {
    status: 401,
    rpc: -32000,
    reason: 'loopback-only',
    text: 'No authentication is configured, so only clients on this machine are served (a published container port or a proxy does not count as this machine). Configure auth.basic or auth.bearer, or set auth.anonymous: true to serve everyone.',
  },
  AMBIGUOUS_CREDENTIALS: {
    status: 400,
    rpc: -32000,
    reason: 'ambiguous-credentials',
    text: 'Send exactly one Authorization header.',
  },
  RATE_LIMIT: { status: 429, rpc: -32000, reason: 'rate-limit', text: 'Too much at once; try again later.' },
  // Servers, sessions, tools
  SERVER_UNKNOWN: { status: 404, rpc: -32601, reason: 'server-unknown', text: 'No such server.' },
  TOOL_UNKNOWN: { status: 404, rpc: -32602, reason: 'tool-unknown', text: 'Unknown tool.' },
  SESSION_MISSING: { status: 400, rpc: -32000, reason: 'session-missing', text: 'A session id is required.' },
  SESSION_INVALID: {
    status: 400,
    rpc: -32000,
    reason: 'session-invalid',
    text: 'A sessionId must be 1 to 128 visible ASCII characters.',
  },
  SESSION_UNKNOWN: {
    status: 404,
    rpc: -32001,
    reason: 'session-unknown',
    text: 'Session not found; start a new one.',
  },
  SESSION_GONE: {
    status: 410,
    rpc: -32001,
    reason: 'session-gone',
    text: 'The server process of this session has ended and its state is lost; the next call starts a new one.',
  },
  STOPPING: {
    status: 503,
    rpc: -32603,
    reason: 'stopping',
    text: 'The gateway is shutting down; try again later.',
  },
  ...LIMIT_ERRORS,
  ...REST_ERRORS,
  // What a server process can do wrong
  START_FAILED: {
    status: 502,
    rpc: -32603,
    reason: 'start-failed',
    text: 'The server process could not be started.',
  },
  SERVER_FAILING: {
    status: 503,
    rpc: -32603,
    reason: 'server-failing',
    text: 'The server keeps failing to start, so it is not started at the moment; try again later.',
  },
  START_TIMEOUT: {
    status: 502,
    rpc: -32603,
    reason: 'start-timeout',
    text: 'The server process did not answer initialize in time.',
  },
  SERVER_EXITED: {
    status: 502,
    rpc: -32603,
    reason: 'server-exited',
    text: 'The server process ended before it answered.',
  },
  SERVER_OVERLOADED: {
    status: 503,
    rpc: -32603,
    reason: 'server-overloaded',
    text: 'The server process does not take more input at the moment; try again later.',
  },
  CALL_TIMEOUT: {
    status: 504,
    rpc: -32603,
    reason: 'call-timeout',
    text: 'The server did not answer in time; the call was cancelled.',
  },
  CALL_CANCELLED: { status: 499, rpc: -32603, reason: 'call-cancelled', text: 'The call was cancelled.' },
  BAD_ANSWER: {
    status: 502,
    rpc: -32603,
    reason: 'bad-answer',
    text: 'The server answered with something that is not a valid result.',
  },
  QUESTION_UNSUPPORTED: {
    status: 501,
    rpc: -32603,
    reason: 'question-unsupported',
    text: 'The server asked a question that this caller cannot answer.',
  },
  SERVER_ERROR: {
    status: 502,
    rpc: -32603,
    reason: 'server-error',
    text: 'The server answered with an error.',
  },
  INTERNAL: { status: 500, rpc: -32603, reason: 'internal', text: 'Internal error; quote the request id.' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** An expected failure that a peer may be told. `detail` is appended to the table's sentence and must be safe to show. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  /** Members for `error.data` of a JSON-RPC error, beside the reason. */
  readonly data: Readonly<Record<string, unknown>> | undefined;
  /** When it is worth to try again, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    detail?: string,
    options?: ErrorOptions & { readonly data?: Record<string, unknown>; readonly retryAfterMs?: number },
  ) {
    super(detail === undefined ? ERRORS[code].text : `${ERRORS[code].text} ${detail}`, options);
    this.code = code;
    this.detail = detail;
    this.data = options?.data;
    this.retryAfterMs = options?.retryAfterMs;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }
}

export function toGatewayError(cause: unknown): GatewayError {
  return cause instanceof GatewayError ? cause : new GatewayError('INTERNAL', undefined, { cause });
}
