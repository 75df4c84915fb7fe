/** The REST front: a tool as POST /api/{server}/{tool}, sessions by id, and the document that describes it all. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { serve } from '../../http/server.ts';
import type { Sessions } from '../../session/sessions.ts';
import { callPlainly, type ToolRoute } from './plain-call.ts';
import { RestSessions } from './rest-sessions.ts';

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
    POST: (request, reply) => callPlainly(request as FastifyRequest<ToolRoute>, reply, sessions, rest),
  });
}
