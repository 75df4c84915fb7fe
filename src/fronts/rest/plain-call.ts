/** The plain call of a tool in a session: JSON in, JSON out, and nothing made or awaited on the way that need not be. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayUseTool } from '../../auth/authorize.ts';
import { listTools } from '../../catalog/catalog.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import { sendAnswer } from '../../http/answer.ts';
import { type ClientWatch, type ClientWatcher, unwatchClient, watchClient } from '../../http/client-watch.ts';
import { toProblem } from '../../http/error-response.ts';
import { STREAM_TIMES } from '../../http/sse-stream.ts';
import type { Call, Delivery, Exchange, Upstream } from '../../instance/upstream.ts';
import type { Message } from '../../protocol/message.ts';
import type { Session } from '../../session/session.ts';
import type { Sessions } from '../../session/sessions.ts';
import { codeForServerError, needsList } from './mapping.ts';
import { type RestSessions, sessionIdOf, startSession } from './rest-sessions.ts';
import { resultPayload, serverErrorOf, toToolCall } from './tool-call.ts';

export interface ToolRoute {
  Params: { server: string; tool: string };
  Querystring: { sessionId?: string | string[] };
}

/** Answers when there is something to say. @throws GatewayError when there is at once */
export function callPlainly(
  request: FastifyRequest<ToolRoute>,
  reply: FastifyReply,
  sessions: Sessions,
  rest: RestSessions,
): void {
  sessions.assertAccepting();
  const { principal, params } = request;
  const server = sessions.server(principal, params.server);
  const sessionId = sessionIdOf(request.query.sessionId);
  if (!mayUseTool(principal, server.tools, params.tool)) throw new GatewayError('TOOL_UNKNOWN');
  const message = toToolCall(params.tool, request.body);
  const session = rest.get(principal, server, sessionId);
  const call = new PlainCall(reply, session, params.tool);
  if (session.upstream === undefined) void call.open(message);
  else call.run(session.upstream, message);
}

/** One call. A caller who hangs up cancels it. */
class PlainCall implements Exchange, ClientWatcher {
  readonly #reply: FastifyReply;
  readonly #session: Session;
  readonly #tool: string;
  readonly #watch: ClientWatch;
  #upstream: Upstream | undefined;
  #call: Call | undefined;
  #isOver = false;

  constructor(reply: FastifyReply, session: Session, tool: string) {
    this.#reply = reply;
    this.#session = session;
    this.#tool = tool;
    session.calls += 1;
    this.#watch = watchClient(reply, this);
  }

  async open(message: Message): Promise<void> {
    try {
      const upstream = await startSession(this.#session);
      if (!this.#isOver) this.run(upstream, message);
    } catch (cause) {
      this.fail(toGatewayError(cause));
    }
  }

  run(upstream: Upstream, message: Message): void {
    this.#upstream = upstream;
    this.#call = upstream.call(message, this);
  }

  notify(): Delivery {
    return 'sent';
  }

  ask(): Delivery {
    return 'gone';
  }

  settle(message: Message): Delivery {
    if (this.#isOver) return 'gone';
    this.#finish();
    if (message.frame.kind === 'error') void this.#refuse(message);
    else
      sendAnswer(this.#reply, {
        status: 200,
        type: 'application/json; charset=utf-8',
        payload: resultPayload(message),
        writeDeadlineMs: STREAM_TIMES.writeDeadlineMs,
      });
    return 'sent';
  }

  fail(error: GatewayError): void {
    if (this.#isOver) return;
    this.#finish();
    void this.#reply.send(error);
  }

  clientGone(): void {
    if (this.#isOver) return;
    this.#call?.cancel('the caller went away');
    this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#session.calls -= 1;
    unwatchClient(this.#watch);
  }

  async #refuse({ frame }: Message): Promise<void> {
    const error = serverErrorOf(frame);
    const listed = needsList(error.code, 'tool') ? await this.#isListed() : undefined;
    const code = codeForServerError(error.code, 'tool', listed);
    const problem = toProblem(new GatewayError(code), { error });
    await this.#reply
      .code(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify({ ...problem, detail: error.message }));
  }

  async #isListed(): Promise<boolean> {
    if (this.#upstream === undefined) return false;
    const tools = await listTools(this.#upstream).catch(() => []);
    return tools.some(({ name }) => name === this.#tool);
  }
}
