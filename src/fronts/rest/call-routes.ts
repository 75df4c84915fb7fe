/** Calls of tools that want more than the plain JSON answer: another form, a job, a question, a check, no session. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayUseTool } from '../../auth/authorize.ts';
import { GatewayError } from '../../errors.ts';
import type { Upstream } from '../../instance/upstream.ts';
import { perform, type RestOptions, type RestParts } from './perform.ts';
import type { ToolRoute } from './plain-call.ts';
import { asToolResult } from './represent.ts';
import { readCallBody } from './rest-request.ts';
import { namedSession, sessionIdOf } from './rest-sessions.ts';
import { decideWishes } from './wishes.ts';

/** Whether a call wants nothing but the result as JSON, in a session. What is asked of every call must cost nothing. */
export function isPlainCall(
  { headers, query }: FastifyRequest<ToolRoute>,
  { sessions, inputRequired, validate }: RestOptions,
): boolean {
  const { accept, prefer } = headers;
  return (
    prefer === undefined &&
    (accept === undefined || accept === '*/*' || accept === 'application/json') &&
    !inputRequired &&
    !validate &&
    (sessions === 'required' || (query.sessionId !== undefined && query.sessionId !== ''))
  );
}

export async function callTool(
  request: FastifyRequest<ToolRoute>,
  reply: FastifyReply,
  parts: RestParts,
): Promise<FastifyReply> {
  const { principal, params, query, headers, body } = request;
  const { sessions, options, argumentCheck } = parts;
  sessions.assertAccepting();
  const server = sessions.server(principal, params.server);
  const sessionId =
    options.sessions === 'required' ? sessionIdOf(query.sessionId) : namedSession(query.sessionId);
  const { tool } = params;
  if (!mayUseTool(principal, server.tools, tool)) throw new GatewayError('TOOL_UNKNOWN');
  const wishes = decideWishes(headers['prefer'], options.inputRequired);
  const { args, answers } = readCallBody(body, wishes.capabilities !== undefined);
  const operation = {
    server,
    sessionId,
    method: 'tools/call',
    params: [['name', JSON.stringify(tool)], ['arguments', args], ...answers] as const,
    aim: { target: 'tool', name: tool },
    represent: asToolResult,
    mayBeAsked: true,
    check: options.validate
      ? (upstream: Upstream) => argumentCheck.problemOf({ server: server.name, tool, args }, upstream)
      : undefined,
  } as const;
  return perform(parts, request, reply, operation, wishes);
}
