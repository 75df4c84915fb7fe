/**
 * Requests of a revision with sessions from clients that keep none: served, where the operator says so, as
 * 2025-03-26 clients that declared nothing. Nothing can be asked of them, and nothing of an answer fetched again.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayUseTool, narrowsTools } from '../../auth/authorize.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import type { StreamTimes } from '../../http/sse-stream.ts';
import type { Delivery, Exchange, Upstream } from '../../instance/upstream.ts';
import type { Frame } from '../../protocol/frame.ts';
import { idText } from '../../protocol/id-text.ts';
import { type Message, unedited } from '../../protocol/message.ts';
import { toPayload } from '../../protocol/payload.ts';
import { narrowTools } from '../../relay/narrow-tools.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';
import { decideAnswerMode } from './answer-mode.ts';
import { PlainStream } from './plain-stream.ts';
import { type PostHost, PostReply } from './post-reply.ts';

export class SessionlessFront implements PostHost {
  readonly #sessions: Sessions;
  readonly #times: StreamTimes;

  constructor(sessions: Sessions, times: StreamTimes) {
    this.#sessions = sessions;
    this.#times = times;
  }

  post(request: FastifyRequest, reply: FastifyReply, server: ServedServer, frame: Frame): void {
    const mode = decideAnswerMode(request.headers.accept);
    if (mode === undefined) throw new GatewayError('NOT_ACCEPTABLE');
    this.#sessions.assertAccepting(server);
    const post = new PostReply(reply, this, {
      mode,
      expected: 1,
      batch: false,
      headers: {},
      prime: false,
      watched: false,
    });
    void this.#call(
      request,
      server,
      frame,
      new SessionlessExchange(post, frame, this.#sessions.callBegun(server)),
    );
  }

  get writeDeadlineMs(): number {
    return this.#times.writeDeadlineMs;
  }

  openStream(): PlainStream {
    return new PlainStream(this.#times, () => undefined);
  }

  /** A call runs to its end, whoever waits for it. */
  done(): void {}
  lost(): void {}

  async #call(
    { principal }: FastifyRequest,
    server: ServedServer,
    frame: Frame,
    exchange: SessionlessExchange,
  ): Promise<void> {
    try {
      const bare = await this.#sessions.modern.plainUpstream({
        server: server.name,
        policy: server.policy,
        principal: principal.id,
        session: undefined,
      });
      const upstream = narrowsTools(principal, server.tools)
        ? narrowTools(bare, (tool) => mayUseTool(principal, server.tools, tool))
        : bare;
      exchange.holds(upstream);
      upstream.call(unedited(frame), exchange);
    } catch (cause) {
      exchange.fail(toGatewayError(cause));
    }
  }
}

/** Runs to its end whether or not its client waits for it (2025-11-25 transports: disconnection is not cancellation). */
class SessionlessExchange implements Exchange {
  readonly #post: PostReply;
  readonly #frame: Frame;
  readonly #onOver: () => void;
  #upstream: Upstream | undefined;

  constructor(post: PostReply, frame: Frame, onOver: () => void) {
    this.#post = post;
    this.#frame = frame;
    this.#onOver = onOver;
  }

  /** Ended with the exchange. */
  holds(upstream: Upstream): void {
    this.#upstream = upstream;
  }

  notify(message: Message): Delivery {
    return this.#post.send(toPayload(message));
  }

  ask(): Delivery {
    return 'gone';
  }

  settle(message: Message): Delivery {
    this.#finish();
    return this.#post.settle(toPayload(message));
  }

  fail(error: GatewayError): void {
    this.#finish();
    this.#post.fail(idText(this.#frame), error, 200);
  }

  #finish(): void {
    this.#onOver();
    void this.#upstream?.end('CALL_CANCELLED');
    this.#upstream = undefined;
  }
}
