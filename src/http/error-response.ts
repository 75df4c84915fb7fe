/** Any error as a safe answer: a problem document for REST, a JSON-RPC error for MCP. Never a stack or a path. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, type ErrorCode, GatewayError, toGatewayError } from '../errors.ts';
import type { Events } from '../events.ts';
import { isRefusedModern, refusedId } from '../protocol/refused-id.ts';
import { gatewayErrorText, modernErrorText } from '../protocol/rpc-text.ts';

/** Which shape errors of a route have. */
export type ErrorShape = 'problem' | 'rpc';

/** When a refused caller may come again, unless the error knows better. */
const RETRY_AFTER_MS = 5000;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly [extension: string]: unknown;
}

/** RFC 9457. `extension` members must be safe to show. */
export function toProblem(error: GatewayError, extension: Record<string, unknown> = {}): Problem {
  const { status, reason, text } = error.row;
  return {
    type: `urn:mcp-gateway:${reason}`,
    title: text,
    status,
    detail: error.message,
    code: error.code,
    ...extension,
  };
}

/** A JSON-RPC error carries the id of the request that it refuses, where that can be read. */
export function sendError(reply: FastifyReply, error: GatewayError, shape: ErrorShape): FastifyReply {
  const { status } = error.row;
  if (mayRetry(error)) reply.header('retry-after', retryAfterS(error));
  // The rest of a body that was refused is not read.
  if (error.code === 'BODY_TOO_LARGE') reply.header('connection', 'close');
  const { body, headers, id } = reply.request;
  const requestId = error.code === 'INTERNAL' ? id : undefined;
  reply.code(status);
  if (shape === 'rpc') {
    const version = headers['mcp-protocol-version'] as string | undefined;
    const rpcId = refusedId(body, version);
    const text = isRefusedModern(body, version)
      ? modernErrorText(rpcId ?? undefined, error, requestId)
      : gatewayErrorText(rpcId, error, requestId);
    return reply.type('application/json').send(text);
  }
  const problem = toProblem(error, requestId === undefined ? {} : { requestId });
  return reply.type('application/problem+json').send(JSON.stringify(problem));
}

/** Whole seconds, as the header has them. */
/** Whether a refusal says when to come again. */
export function mayRetry({ row: { status } }: GatewayError): boolean {
  return status === 503 || status === 429;
}

export function retryAfterS({ retryAfterMs = RETRY_AFTER_MS }: GatewayError): number {
  return Math.max(1, Math.ceil(retryAfterMs / 1000));
}

/** What Fastify found wrong, in our words; anything unknown stays INTERNAL and is told to the operator only. */
export function fromFastify(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const { code, statusCode } = (cause ?? {}) as { code?: string; statusCode?: number };
  const known = code === undefined ? undefined : FASTIFY_CODES[code];
  if (known !== undefined) return new GatewayError(known, undefined, { cause });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new GatewayError('BAD_HTTP', undefined, { cause });
  return toGatewayError(cause);
}

const FASTIFY_CODES: Readonly<Record<string, ErrorCode | undefined>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BAD_HTTP',
  FST_ERR_BAD_URL: 'BAD_HTTP',
  // No server, tool or session has a name that long.
  FST_ERR_MAX_PARAM_LENGTH: 'NOT_FOUND',
};

/** `url` is the request target, in origin or absolute form. */
export function shapeFor(url: string): ErrorShape {
  return /^(?:https?:\/\/[^/?#]*)?\/(?:api|docs)(?:[/?#]|$)/.test(url) ? 'problem' : 'rpc';
}

/** Without the query, and without the session id that a path can end with: an id is a secret of its owner. */
function pathToTell(url: string): string {
  return (url.split('?', 1)[0] ?? '').replace(/(\/api\/sessions\/).+/, '$1…');
}

export function reportRefusal(events: Events, request: FastifyRequest, error: GatewayError): void {
  if (error.code === 'INTERNAL') {
    events.emit({
      type: 'gateway.fault',
      where: `${request.method} request`,
      cause: error.cause,
      requestId: request.id,
    });
  }
  events.emit({
    type: 'request.refused',
    method: request.method,
    url: pathToTell(request.url),
    status: ERRORS[error.code].status,
    code: error.code,
    detail: error.detail,
    requestId: request.id,
  });
}
