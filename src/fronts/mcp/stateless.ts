/** 2026-07-28: every request stands alone, carries its own metadata, and has one answer. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayUseTool, narrowsTools } from '../../auth/authorize.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import { mayRetry } from '../../http/error-response.ts';
import type { StreamTimes } from '../../http/sse-stream.ts';
import type { Call, Delivery, Exchange, Upstream } from '../../instance/upstream.ts';
import { refuseModern } from '../../protocol/check-modern.ts';
import { MAY_ASK } from '../../protocol/era.ts';
import type { Frame } from '../../protocol/frame.ts';
import { idText } from '../../protocol/id-text.ts';
import { findMember, parseAt } from '../../protocol/json-member.ts';
import { type Message, unedited } from '../../protocol/message.ts';
import { type MirroredParam, refuseMirrored } from '../../protocol/mirrored-params.ts';
import { textPayload, toPayload } from '../../protocol/payload.ts';
import { modernErrorText, resultText } from '../../protocol/rpc-text.ts';
import { classOfRequest, clientInfoOf } from '../../relay/capability-class.ts';
import { subscriptionResult } from '../../relay/listen-hub.ts';
import { narrowTools } from '../../relay/narrow-tools.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';
import { type AnswerMode, decideAnswerMode } from './answer-mode.ts';
import type { MirroredTools } from './mirrored-tools.ts';
import { PlainStream } from './plain-stream.ts';
import { type PostHost, PostReply, type PostReplyOptions } from './post-reply.ts';

export interface StatelessOptions {
  readonly times: StreamTimes;
}

export class StatelessFront {
  readonly #sessions: Sessions;
  readonly #mirrored: MirroredTools;
  readonly #options: StatelessOptions;

  constructor(sessions: Sessions, mirrored: MirroredTools, options: StatelessOptions) {
    this.#sessions = sessions;
    this.#mirrored = mirrored;
    this.#options = options;
  }

  /** One message of the modern era. */
  post(request: FastifyRequest, reply: FastifyReply, server: ServedServer, frame: Frame): void {
    if (frame.kind === 'notification') {
      // A process is shared by many: a notification that names no call of this client has no addressee.
      reply.code(202).send();
      return;
    }
    const { headers, principal } = request;
    const named = {
      version: text(headers['mcp-protocol-version']),
      method: text(headers['mcp-method']),
      name: text(headers['mcp-name']),
    };
    const refusal = refuseModern(frame, named);
    if (refusal !== undefined) throw refusal;
    const mode = decideAnswerMode(headers.accept);
    if (mode === undefined) throw new GatewayError('NOT_ACCEPTABLE');
    this.#sessions.assertAccepting(server);
    const isListen = frame.method === 'subscriptions/listen';
    // A subscription is no work that a stopping gateway waits for.
    const exchange: StatelessExchange = new StatelessExchange(
      frame,
      this.#options.times,
      isListen
        ? this.#sessions.listenBegun(server, () => exchange.complete())
        : this.#sessions.callBegun(server),
    );
    // It is a stream from the start.
    exchange.answerOn(reply, isListen ? 'sse' : mode);
    const kept = this.#sessions.modern.kept(server.name, principal.id);
    if (kept === undefined) void this.#open(server, request, frame, exchange);
    else this.#run(kept, server, request, frame, exchange);
  }

  async #open(
    server: ServedServer,
    request: FastifyRequest,
    frame: Frame,
    exchange: StatelessExchange,
  ): Promise<void> {
    try {
      const upstream = await this.#sessions.modern.upstream({
        server: server.name,
        policy: server.policy,
        principal: request.principal.id,
        session: undefined,
        capabilities: classOfRequest(frame),
        clientInfo: clientInfoOf(frame),
        mayBeAsked: MAY_ASK.has(frame.method ?? ''),
      });
      this.#run(upstream, server, request, frame, exchange);
    } catch (cause) {
      exchange.fail(toGatewayError(cause));
    }
  }

  /** Waits for nothing, but for the list of tools when it is asked for. */
  #run(
    bare: Upstream,
    server: ServedServer,
    { headers, principal }: FastifyRequest,
    frame: Frame,
    exchange: StatelessExchange,
  ): void {
    const upstream = narrowsTools(principal, server.tools)
      ? narrowTools(bare, (tool) => mayUseTool(principal, server.tools, tool))
      : bare;
    exchange.holds(upstream);
    const call = (params: readonly MirroredParam[]): void => {
      const refusal = refuseMirrored(frame, params, headers);
      if (refusal === undefined) exchange.runs(upstream.call(unedited(frame), exchange));
      else exchange.fail(refusal);
    };
    if (frame.method !== 'tools/call') return exchange.runs(upstream.call(unedited(frame), exchange));
    const params = this.#mirrored.of(server.name, frame, bare);
    if (params instanceof Promise) void params.then(call);
    else call(params);
  }
}

const REPLIES: Readonly<Record<AnswerMode, PostReplyOptions>> = {
  either: replyOptions('either'),
  json: replyOptions('json'),
  sse: replyOptions('sse'),
};

function replyOptions(mode: AnswerMode): PostReplyOptions {
  return { mode, expected: 1, batch: false, headers: {}, prime: false, watched: true };
}

/** The one exchange of a request. Closing its connection cancels it, whatever of the answer was sent (2026-07-28 cancellation). */
class StatelessExchange implements Exchange, PostHost {
  readonly #frame: Frame;
  readonly #times: StreamTimes;
  readonly #onOver: () => void;
  #post: PostReply | undefined;
  #upstream: Upstream | undefined;
  #call: Call | undefined;
  #over = false;

  /** `onOver` is told once, when nobody waits for the answer any more. */
  constructor(frame: Frame, times: StreamTimes, onOver: () => void) {
    this.#frame = frame;
    this.#times = times;
    this.#onOver = onOver;
  }

  get writeDeadlineMs(): number {
    return this.#times.writeDeadlineMs;
  }

  answerOn(reply: FastifyReply, mode: AnswerMode): void {
    this.#post = new PostReply(reply, this, REPLIES[mode]);
  }

  openStream(): PlainStream {
    return new PlainStream(this.#times, () => this.lost());
  }

  /** What ends the exchange is its settling. */
  done(): void {}

  /** From here on the upstream is ended with the exchange. */
  holds(upstream: Upstream): void {
    this.#upstream = upstream;
    if (this.#over) this.#release();
  }

  runs(call: Call): void {
    this.#call = call;
    if (this.#over) call.cancel('the client has gone');
  }

  /** The client closed the connection. */
  lost(): void {
    if (this.#over) return;
    this.#call?.cancel('the client has gone');
    this.#finish();
  }

  /** A subscription ends by the gateway's will, as by the server's: with its result. */
  complete(): void {
    if (this.#over) return;
    this.#call?.cancel('the server has changed');
    this.#finish();
    const id = idText(this.#frame);
    this.#post?.settle(textPayload(resultText(id, subscriptionResult(id))));
  }

  notify(message: Message): Delivery {
    if (this.#over || this.#post === undefined) return 'gone';
    return this.#post.send(toPayload(message));
  }

  /** Nothing but notifications and the response ever goes out on this era's streams. */
  ask(): Delivery {
    return 'gone';
  }

  settle(message: Message): Delivery {
    if (this.#over || this.#post === undefined) return 'gone';
    const status = message.frame.kind === 'error' ? statusOf(message.frame) : 200;
    this.#finish();
    return this.#post.settle(toPayload(message), status);
  }

  fail(error: GatewayError): void {
    if (this.#over) return;
    this.#finish();
    if (mayRetry(error)) this.#post?.retryLater(error);
    this.#post?.settle(
      textPayload(modernErrorText(idText(this.#frame), error)),
      error.code === 'TOOL_UNKNOWN' ? 200 : error.row.status,
    );
  }

  #finish(): void {
    this.#over = true;
    this.#onOver();
    this.#release();
  }

  #release(): void {
    void this.#upstream?.end('CALL_CANCELLED');
    this.#upstream = undefined;
  }
}

/** -32601 and -32021 have statuses of their own; any other error of a server is told in the body of a 200. */
function statusOf({ bytes, body }: Frame): number {
  const span = body && findMember(bytes, body, 'code');
  const code = span && parseAt(bytes, span);
  if (code === -32601) return 404;
  return code === -32021 ? 400 : 200;
}

function text(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
