/** Where a job is looked after, fetched and cancelled. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { serve } from '../../http/server.ts';
import type { Job } from './jobs.ts';
import { type RestParts, sendRunning } from './perform.ts';
import { sendOutcome } from './send-outcome.ts';

export function serveJobs(app: FastifyInstance, parts: RestParts): void {
  serve(app, '/api/:server/jobs/:job', {
    GET: async (request, reply) => sendJob(request, reply, find(request, parts)),
    DELETE: async (request, reply) => {
      parts.jobs.end(find(request, parts));
      return reply.code(204).send();
    },
  });
}

/** What its call would have been answered with; it can be fetched as often as it is kept. */
function sendJob({ headers }: FastifyRequest, reply: FastifyReply, job: Job): FastifyReply {
  if (job.outcome === undefined) return sendRunning(reply, job);
  return sendOutcome(reply, job.outcome, job.represent, headers.accept);
}

function find({ principal, params }: FastifyRequest, { sessions, jobs }: RestParts): Job {
  const { server, job } = params as { server: string; job: string };
  return jobs.find({ principal, server: sessions.server(principal, server).name }, job);
}
