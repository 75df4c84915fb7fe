/** Calls of tools that want more than the plain JSON answer: another form, a job, a question, a check, no session. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayUseTool } from '../../auth/authorize.ts';
import { GatewayError } from '../../errors.ts';
import { perform, type RestParts } from './perform.ts';
import { asToolResult } from './represent.ts';
import { readCallBody } from './rest-request.ts';
import { sessionIdOf, sessionMissing } from './rest-sessions.ts';
import { decideWishes } from './wishes.ts';

export interface CallOptions {
  readonly sessions: 'required' | 'optional';
  /** Callers can answer questions unless they say something else. */
  readonly inputRequired: boolean;
}

export interface ToolRoute {
  Params: { server: string; tool: string };
  Querystring: { sessionId?: string | string[] };
}

/** Whether a call wants nothing but the result as JSON, in a session. What is asked of every call must cost nothing. */
export function isPlainCall(
  { headers, query }: FastifyRequest<ToolRoute>,
  { sessions, inputRequired }: CallOptions,
): boolean {
  const { accept, prefer } = headers;
  return (
    prefer === undefined &&
    (accept === undefined || accept === '*/*' || accept === 'application/json') &&
    !inputRequired &&
    (sessions === 'required' || query.sessionId !== undefined)
  );
}

export async function callTool(
  request: FastifyRequest<ToolRoute>,
  reply: FastifyReply,
  parts: RestParts,
  options: CallOptions,
): Promise<FastifyReply> {
  const { principal, params, query, headers, body } = request;
  const { sessions } = parts;
  sessions.assertAccepting();
  const server = sessions.server(principal, params.server);
  const sessionId = sessionIdOf(query.sessionId);
  if (sessionId === undefined && options.sessions === 'required') throw sessionMissing();
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
  } as const;
  return perform(parts, request, reply, operation, wishes);
}
