/** The REST front: a tool as POST /api/{server}/{tool}, sessions by id, and the document that describes it all. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mayUseTool } from '../../auth/authorize.ts';
import { listTools } from '../../catalog/catalog.ts';
import { GatewayError } from '../../errors.ts';
import { toProblem } from '../../http/error-response.ts';
import { serve } from '../../http/server.ts';
import type { Lease } from '../../instance/pool/pool.ts';
import type { Delivery } from '../../instance/upstream.ts';
import type { Message } from '../../protocol/message.ts';
import type { Sessions } from '../../session/sessions.ts';
import {
  type CallOptions,
  callTool as callToolSpecially,
  isPlainCall,
  type ToolRoute,
} from './call-routes.ts';
import { serveJobs } from './job-routes.ts';
import { type JobLimits, Jobs } from './jobs.ts';
import { codeForServerError } from './mapping.ts';
import { serveOffers } from './offer-routes.ts';
import type { RestParts } from './perform.ts';
import { RestSessions, sessionIdOf, sessionMissing, startSession } from './rest-sessions.ts';
import { resultPieces, serverErrorOf, toToolCall } from './tool-call.ts';

export interface RestOptions extends CallOptions, JobLimits {
  /** Path of the gateway at its public address, without a slash at its end. */
  readonly pathPrefix: string;
}

/** @returns what ends what the front keeps */
export function serveRest(app: FastifyInstance, sessions: Sessions, options: RestOptions): { close(): void } {
  const rest = new RestSessions(sessions);
  const jobs = new Jobs(options, () => sessions.newId());
  const parts: RestParts = { sessions, rest, jobs, pathPrefix: options.pathPrefix };
  serve(app, '/api/sessionid', { GET: async () => ({ sessionId: sessions.newId() }) });
  serve(app, '/api/sessions/:sessionId', {
    DELETE: async (request, reply) => {
      const { sessionId } = request.params as { sessionId: string };
      if (rest.end(request.principal, sessionId) === 0) throw new GatewayError('SESSION_UNKNOWN');
      return reply.code(204).send();
    },
  });
  serve(app, '/api/:server/:tool', {
    POST: (request, reply) => {
      const call = request as FastifyRequest<ToolRoute>;
      return isPlainCall(call, options)
        ? callTool(call, reply, sessions, rest)
        : callToolSpecially(call, reply, parts, options);
    },
  });
  serveOffers(app, parts, options);
  serveJobs(app, parts);
  return jobs;
}

async function callTool(
  request: FastifyRequest<ToolRoute>,
  reply: FastifyReply,
  sessions: Sessions,
  rest: RestSessions,
) {
  sessions.assertAccepting();
  const { principal, params } = request;
  const server = sessions.server(principal, params.server);
  const sessionId = sessionIdOf(request.query.sessionId);
  if (sessionId === undefined) throw sessionMissing();
  if (!mayUseTool(principal, server.tools, params.tool)) throw new GatewayError('TOOL_UNKNOWN');
  const call = toToolCall(params.tool, request.body);
  const session = rest.get(principal, server, sessionId);
  session.calls += 1;
  try {
    const upstream = session.upstream ?? (await startSession(session));
    const answer = await carry(upstream, call, reply);
    return await sendAnswer(reply, answer, upstream, params.tool);
  } finally {
    session.calls -= 1;
  }
}

/** Resolves with the server's answer. A caller who hangs up cancels. */
function carry(upstream: Lease, message: Message, reply: FastifyReply): Promise<Message> {
  return new Promise((resolve, reject) => {
    const call = upstream.call(message, {
      notify: (): Delivery => 'sent',
      ask: (): Delivery => 'gone',
      settle: (answer): Delivery => {
        resolve(answer);
        return 'sent';
      },
      fail: reject,
    });
    reply.raw.once('close', () => {
      if (reply.raw.writableFinished) return;
      call.cancel('the caller went away');
      reject(new GatewayError('CALL_CANCELLED'));
    });
  });
}

async function sendAnswer(reply: FastifyReply, answer: Message, upstream: Lease, tool: string) {
  if (answer.frame.kind === 'response')
    return reply.type('application/json; charset=utf-8').send(Buffer.concat(resultPieces(answer)));
  const error = serverErrorOf(answer.frame);
  // Servers answer -32602 to an unknown tool and to bad arguments alike; their own list tells which.
  const known = error.code === -32602 && (await listTools(upstream)).some(({ name }) => name === tool);
  const code = codeForServerError(error.code, 'tool', known);
  const problem = toProblem(new GatewayError(code), { error });
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, detail: error.message }));
}
