/** A REST request that asks something of a server, from its wishes to its answer: at once, as a stream, or as a job. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { unwatchClient, watchClient } from '../../http/client-watch.ts';
import type { Problem } from '../../http/error-response.ts';
import { STREAM_TIMES } from '../../http/sse-stream.ts';
import type { Upstream } from '../../instance/upstream.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';
import type { ArgumentCheck } from './check-arguments.ts';
import { EventAnswer } from './event-answer.ts';
import type { Job, Jobs } from './jobs.ts';
import { ANSWERS } from './mapping.ts';
import type { Aim, Outcome } from './outcome.ts';
import { paramsText } from './params-text.ts';
import { takePlace } from './places.ts';
import { type Represent, wantsStream } from './represent.ts';
import type { Members } from './rest-request.ts';
import type { RestSessions } from './rest-sessions.ts';
import { Run, type RunListener } from './run.ts';
import { sendJson, sendOutcome } from './send-outcome.ts';
import { appliedOf, type Wishes } from './wishes.ts';

export interface RestParts {
  readonly sessions: Sessions;
  readonly rest: RestSessions;
  readonly jobs: Jobs;
  readonly argumentCheck: ArgumentCheck;
  /** As they are at the moment. */
  readonly options: RestOptions;
}

export interface RestOptions {
  /** Whether a call of a tool needs a session. */
  readonly sessions: 'required' | 'optional';
  /** Callers can answer questions unless they say something else. */
  readonly inputRequired: boolean;
  /** Arguments of tools are held against their schemas. */
  readonly validate: boolean;
  /** Path of the gateway at its public address, without a slash at its end. */
  readonly pathPrefix: string;
}

export interface Operation {
  readonly server: ServedServer;
  readonly sessionId: string | undefined;
  readonly method: string;
  readonly params: Members;
  readonly aim: Aim;
  readonly represent: Represent;
  /** Whether the server may ask something in the course of it. */
  readonly mayBeAsked: boolean;
  /** Looks at what would be sent, and says why it is not. */
  readonly check?: ((upstream: Upstream) => Promise<Problem | undefined>) | undefined;
}

/** Bytes of a progress message that are kept for those who look after their job. */
const MAX_PROGRESS_BYTES = 4096;
const RETRY_AFTER_S = 1;

/** @throws GatewayError, also by rejecting */
export async function perform(
  parts: RestParts,
  request: FastifyRequest,
  reply: FastifyReply,
  operation: Operation,
  wishes: Wishes,
): Promise<FastifyReply> {
  if (wishes.respondAsync) return performLater(parts, request, reply, operation, wishes);
  const { accept } = request.headers;
  const streams = operation.mayBeAsked && wantsStream(accept);
  const events = streams ? new EventAnswer(reply, STREAM_TIMES) : undefined;
  const run: Run = startRun(
    parts,
    request,
    operation,
    wishes,
    wishes.waitMs,
    events && {
      started: () => events.open(() => run.resume()),
      heard: (message) => events.heard(message),
    },
  );
  const watch = watchClient(reply, { clientGone: () => run.stop(new GatewayError('CALL_CANCELLED')) });
  applied(reply, appliedOf(wishes, false));
  const outcome = await run.outcome;
  unwatchClient(watch);
  if (events?.isOpen !== true) return sendOutcome(reply, outcome, operation.represent, accept);
  events.end(outcome);
  return reply;
}

/** Answers with the outcome if it comes in time, otherwise with where to find it. */
async function performLater(
  parts: RestParts,
  request: FastifyRequest,
  reply: FastifyReply,
  operation: Operation,
  wishes: Wishes,
): Promise<FastifyReply> {
  const { jobs, options } = parts;
  const owner = { principal: request.principal, server: operation.server.name };
  const { job, run } = jobs.begin(owner, operation.represent, (job) =>
    startRun(parts, request, operation, wishes, undefined, noteOf(job)),
  );
  const outcome = wishes.waitMs === undefined ? undefined : await waitFor(run, wishes.waitMs, reply);
  applied(reply, appliedOf(wishes, outcome === undefined));
  if (outcome !== undefined) jobs.end(job);
  if (outcome !== undefined) return sendOutcome(reply, outcome, operation.represent, request.headers.accept);
  const location = `${options.pathPrefix}/api/${encodeURIComponent(operation.server.name)}/jobs/${job.id}`;
  reply.header('location', location);
  return sendRunning(reply, job, location);
}

export function sendRunning(reply: FastifyReply, { progress }: Job, location?: string): FastifyReply {
  const texts = [
    '"status":"running"',
    ...(location === undefined ? [] : [`"location":${JSON.stringify(location)}`]),
    ...(progress === undefined ? [] : [`"progress":${progress}`]),
  ];
  reply.code(ANSWERS.job.status).header('retry-after', RETRY_AFTER_S);
  return sendJson(reply, `{${texts.join(',')}}`);
}

function startRun(
  { sessions, rest }: RestParts,
  { principal }: FastifyRequest,
  { server, sessionId, method, params, aim, mayBeAsked, check }: Operation,
  wishes: Wishes,
  timeoutMs: number | undefined,
  listener: RunListener | undefined,
): Run {
  const capabilities = mayBeAsked ? wishes.capabilities : undefined;
  const listens = listener !== undefined;
  const place = takePlace(sessions, rest, {
    principal,
    server,
    sessionId,
    capabilities,
    mayBeAsked,
    listens,
  });
  return new Run({ place, method, params, aim, capabilities, timeoutMs, listener, check });
}

function noteOf(job: Job): RunListener {
  return {
    started: () => undefined,
    heard: (message) => {
      const text = message.frame.method === 'notifications/progress' ? paramsText(message) : undefined;
      if (text !== undefined && text.length <= MAX_PROGRESS_BYTES) job.progress = text.toString();
      return 'sent';
    },
  };
}

function applied(reply: FastifyReply, preferences: string | undefined): void {
  if (preferences !== undefined) reply.header('preference-applied', preferences);
}

/** Undefined when the time is up first. Who goes away before it was told of a job has none. */
async function waitFor(run: Run, ms: number, reply: FastifyReply): Promise<Outcome | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const watch = watchClient(reply, { clientGone: () => run.stop(new GatewayError('CALL_CANCELLED')) });
  try {
    return await Promise.race([run.outcome, time]);
  } finally {
    unwatchClient(watch);
    clearTimeout(timer);
  }
}
