/** One URL per server for every MCP client: tells which front a request belongs to, and hands it over. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { accepts } from '../../http/media-type.ts';
import { serve } from '../../http/server.ts';
import type { Sessions } from '../../session/sessions.ts';
import type { SseFront } from './sse.ts';

interface McpRoute {
  Params: { server: string };
  Querystring: { sessionId?: string | string[] };
}

export interface McpFronts {
  readonly sessions: Sessions;
  readonly sse: SseFront;
}

export function serveMcp(app: FastifyInstance, fronts: McpFronts): void {
  const get = (request: FastifyRequest, reply: FastifyReply) => openStream(request as FastifyRequest<McpRoute>, reply, fronts);
  const post = (request: FastifyRequest, reply: FastifyReply) => takeMessage(request as FastifyRequest<McpRoute>, reply, fronts);
  for (const url of ['/:server', '/:server/mcp', '/:server/sse']) serve(app, url, { GET: get, POST: post });
  serve(app, '/:server/message', { POST: post });
}

async function openStream(request: FastifyRequest<McpRoute>, reply: FastifyReply, { sessions, sse }: McpFronts) {
  const server = sessions.server(request.principal, request.params.server);
  if (request.headers['mcp-session-id'] !== undefined) throw new GatewayError('SESSION_UNKNOWN');
  if (request.headers['last-event-id'] !== undefined && sse.resume(request, reply, server)) return reply;
  if (request.headers['mcp-protocol-version'] !== undefined) {
    // A Streamable HTTP client's optional stream, or a reconnect that lost its id: an endpoint would mislead both.
    reply.header('allow', 'POST, OPTIONS');
    throw new GatewayError('METHOD_NOT_ALLOWED');
  }
  if (!opensStream(request.headers.accept)) throw new GatewayError('NOT_ACCEPTABLE');
  sse.open(request, reply, server);
  return reply;
}

/** Browsers accept anything among other things; only curl says nothing but that. */
function opensStream(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  return accept.trim() === '*/*' || (accept.includes('text/event-stream') && accepts(accept, 'text/event-stream'));
}

async function takeMessage(request: FastifyRequest<McpRoute>, reply: FastifyReply, { sessions, sse }: McpFronts) {
  const server = sessions.server(request.principal, request.params.server);
  const { sessionId } = request.query;
  if (typeof sessionId !== 'string' || sessionId === '') {
    throw new GatewayError('SESSION_MISSING', 'Open a stream with GET first, and POST to the endpoint it names.');
  }
  return sse.post(request, reply, server, sessionId);
}
