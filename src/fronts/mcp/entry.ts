/** One URL per server for every MCP client: tells which front a request belongs to, and hands it over. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { serve } from '../../http/server.ts';
import {
  classifyEnd,
  classifyMessage,
  classifyStream,
  type Inbound,
  type InboundHead,
  type Refused,
} from '../../protocol/classify-inbound.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';
import { parseClientBody } from './client-body.ts';
import type { SessionlessFront } from './sessionless.ts';
import type { SseFront } from './sse.ts';
import type { StatelessFront } from './stateless.ts';
import type { StreamableFront } from './streamable.ts';

interface McpRoute {
  Params: { server: string };
  Querystring: { sessionId?: string | string[] };
}
type McpRequest = FastifyRequest<McpRoute>;

export interface McpFronts {
  readonly sessions: Sessions;
  readonly sse: SseFront;
  readonly streamable: StreamableFront;
  readonly stateless: StatelessFront;
  /** Absent where requests without a session are refused. */
  readonly sessionless: SessionlessFront | undefined;
}

/** Handlers are synchronous: each front answers when it has something to say. What they throw is the answer. */
export function serveMcp(app: FastifyInstance, fronts: McpFronts): void {
  const handlers = {
    GET: (request: FastifyRequest, reply: FastifyReply) =>
      handle(fronts, request as McpRequest, reply, classifyStream),
    POST: (request: FastifyRequest, reply: FastifyReply) =>
      handle(fronts, request as McpRequest, reply, (head) =>
        classifyMessage(head, () => parseClientBody(request.body)),
      ),
    DELETE: (request: FastifyRequest, reply: FastifyReply) =>
      handle(fronts, request as McpRequest, reply, classifyEnd),
  };
  for (const url of ['/:server', '/:server/mcp', '/:server/sse']) serve(app, url, handlers);
  serve(app, '/:server/message', { POST: handlers.POST });
}

function handle(
  fronts: McpFronts,
  request: McpRequest,
  reply: FastifyReply,
  classify: (head: InboundHead) => Inbound,
): void {
  const server = fronts.sessions.serverOfRequest(request.principal, request.params.server);
  hand(fronts, request, reply, server, classify(headOf(request, fronts.sessionless !== undefined)));
}

function hand(
  fronts: McpFronts,
  request: McpRequest,
  reply: FastifyReply,
  server: ServedServer,
  inbound: Inbound,
): void {
  const { sse, streamable, stateless, sessionless } = fronts;
  switch (inbound.kind) {
    case 'refused':
      throw refusal(inbound, reply);
    case 'sse-open':
      return sse.open(request, reply, server);
    case 'sse-resume':
      return sse.resume(request, reply, server)
        ? undefined
        : hand(fronts, request, reply, server, inbound.otherwise);
    case 'sse-message':
      return sse.post(request, reply, server, inbound.sessionId);
    case 'legacy-open':
      return streamable.open(request, reply, server, inbound.frame);
    case 'legacy-stream':
      return streamable.stream(request, reply, server, inbound.sessionId);
    case 'legacy-end':
      return streamable.end(request, reply, server, inbound.sessionId);
    case 'legacy-message':
      return streamable.message(request, reply, server, inbound.sessionId, [inbound.frame], false);
    case 'legacy-batch':
      return streamable.message(request, reply, server, inbound.sessionId, inbound.frames, true);
    case 'legacy-sessionless':
      return sessionless?.post(request, reply, server, inbound.frame);
    case 'modern':
      return stateless.post(request, reply, server, inbound.frame);
  }
}

function headOf({ method, query, headers }: McpRequest, servesSessionless: boolean): InboundHead {
  return {
    method: method as InboundHead['method'],
    querySessionId:
      typeof query.sessionId === 'string' && query.sessionId !== '' ? query.sessionId : undefined,
    sessionId: textOf(headers['mcp-session-id']),
    version: textOf(headers['mcp-protocol-version']),
    lastEventId: textOf(headers['last-event-id']),
    accept: headers.accept,
    servesSessionless,
  };
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}

function refusal({ code, detail, allow, data }: Refused, reply: FastifyReply): GatewayError {
  if (allow !== undefined) reply.header('allow', allow);
  return new GatewayError(code, detail, data === undefined ? undefined : { data });
}
