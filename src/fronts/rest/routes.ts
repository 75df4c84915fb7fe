/** The REST front: a tool as POST /api/{server}/{tool}, sessions by id, and the document that describes it all. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mayUseTool } from '../../auth/authorize.ts';
import { listTools } from '../../catalog/catalog.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import { toProblem } from '../../http/error-response.ts';
import { serve } from '../../http/server.ts';
import type { Lease } from '../../instance/pool/pool.ts';
import type { Delivery } from '../../instance/upstream.ts';
import type { Message } from '../../protocol/message.ts';
import type { Session } from '../../session/session.ts';
import type { Sessions } from '../../session/sessions.ts';
import { RestSessions } from './rest-sessions.ts';
import { codeForServerError, resultPieces, serverErrorOf, toToolCall } from './tool-call.ts';

interface ToolRoute {
  Params: { server: string; tool: string };
  Querystring: { sessionId?: string | string[] };
}

/** Visible ASCII, as far as a query carries it; long enough for any id a caller makes up. */
const SESSION_ID = /^[\x21-\x7e]{1,128}$/;

export function serveRest(app: FastifyInstance, sessions: Sessions): void {
  const rest = new RestSessions(sessions);
  serve(app, '/api/sessionid', { GET: async () => ({ sessionId: sessions.newId() }) });
  serve(app, '/api/sessions/:sessionId', {
    DELETE: async (request, reply) => {
      const { sessionId } = request.params as { sessionId: string };
      if (rest.end(request.principal, sessionId) === 0) throw new GatewayError('SESSION_UNKNOWN');
      return reply.code(204).send();
    },
  });
  serve(app, '/api/:server/:tool', {
    POST: (request, reply) => callTool(request as FastifyRequest<ToolRoute>, reply, sessions, rest),
  });
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
  if (!mayUseTool(principal, server.tools, params.tool)) throw new GatewayError('TOOL_UNKNOWN');
  const call = toToolCall(params.tool, request.body);
  const session = rest.get(principal, server, sessionId);
  session.calls += 1;
  try {
    const upstream = session.upstream ?? (await start(session));
    const answer = await carry(upstream, call, reply);
    return await sendAnswer(reply, answer, upstream, params.tool);
  } finally {
    session.calls -= 1;
  }
}

function sessionIdOf(id: string | string[] | undefined): string {
  if (id === undefined || id === '')
    throw new GatewayError(
      'SESSION_MISSING',
      'Get one from GET /api/sessionid, or choose your own, and add ?sessionId=… to the URL.',
    );
  if (typeof id !== 'string' || !SESSION_ID.test(id)) throw new GatewayError('SESSION_INVALID');
  return id;
}

/** A session whose process does not start is not kept; the next call tries afresh. */
async function start(session: Session): Promise<Lease> {
  try {
    return await session.connect(undefined);
  } catch (cause) {
    void session.end('the server did not start');
    throw session.endReason === 'the gateway is stopping'
      ? new GatewayError('STOPPING')
      : toGatewayError(cause);
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
  const code = codeForServerError(error.code, known);
  const problem = toProblem(new GatewayError(code), { error });
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, detail: error.message }));
}
