/** The REST front: a tool as POST /api/{server}/{tool}, sessions by id, and what else a server offers. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { serve } from '../../http/server.ts';
import type { Sessions } from '../../session/sessions.ts';
import { callTool, isPlainCall } from './call-routes.ts';
import { serveJobs } from './job-routes.ts';
import { serveOffers } from './offer-routes.ts';
import type { RestOptions, RestParts } from './perform.ts';
import { callPlainly, type ToolRoute } from './plain-call.ts';
import { RestSessions } from './rest-sessions.ts';

/** Options are read with every request. */
export function serveRest(
  app: FastifyInstance,
  sessions: Sessions,
  kept: Pick<RestParts, 'jobs' | 'argumentCheck'>,
  options: RestOptions,
): void {
  const rest = new RestSessions(sessions);
  const parts: RestParts = { sessions, rest, options, ...kept };
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
        ? callPlainly(call, reply, sessions, rest)
        : callTool(call, reply, parts);
    },
  });
  serveOffers(app, parts);
  serveJobs(app, parts);
}
