/** An outcome as an HTTP answer; see the table ANSWERS. */
import type { FastifyReply } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { type Problem, toProblem } from '../../http/error-response.ts';
import { ANSWERS } from './mapping.ts';
import type { Outcome } from './outcome.ts';
import type { Represent, Representation } from './represent.ts';

/** Characters of what a failed tool said that its problem repeats as its detail; the result holds all of it. */
const MAX_DETAIL_CHARS = 1000;

/** A server chose the type, it may be HTML: a browser that is led here must not run it on the gateway's own origin. */
const FOREIGN = { 'content-security-policy': "default-src 'none'; sandbox" };

/** @throws GatewayError what the call failed with, for the one place that answers errors */
export function sendOutcome(
  reply: FastifyReply,
  outcome: Outcome,
  represent: Represent,
  accept: string | undefined,
): FastifyReply {
  switch (outcome.kind) {
    case 'failed':
      throw outcome.error;
    case 'problem':
      return sendProblem(reply, outcome.problem);
    case 'question':
      return sendJson(reply.code(ANSWERS.question.status), outcome.answer);
    case 'result':
      return sendResult(reply, outcome.result, represent, accept);
  }
}

export function sendJson(reply: FastifyReply, body: Buffer | string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(body);
}

function sendResult(
  reply: FastifyReply,
  result: Buffer,
  represent: Represent,
  accept: string | undefined,
): FastifyReply {
  const represented = represent(result, accept);
  if (represented.kind === 'as') return sendAs(reply, represented.as);
  const error =
    represented.kind === 'nothing'
      ? new GatewayError('NO_SUCH_CONTENT')
      : new GatewayError('TOOL_FAILED', represented.text.slice(0, MAX_DETAIL_CHARS));
  return sendProblem(reply, toProblem(error), result);
}

function sendAs(reply: FastifyReply, { type, bytes, foreign }: Representation): FastifyReply {
  if (foreign) reply.headers(FOREIGN);
  return reply.code(ANSWERS.bytes.status).type(type).send(bytes);
}

/** What the call did is done: a result that cannot be told as wished is not withheld. */
function sendProblem(reply: FastifyReply, problem: Problem, result?: Buffer): FastifyReply {
  const text = JSON.stringify(problem);
  const body =
    result === undefined
      ? text
      : Buffer.concat([Buffer.from(`${text.slice(0, -1)},"result":`), result, Buffer.from('}')]);
  return reply.code(problem.status).type('application/problem+json').send(body);
}
