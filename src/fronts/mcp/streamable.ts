/** Streamable HTTP with sessions (2025-03-26, 2025-06-18, 2025-11-25 transports). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, GatewayError, toGatewayError } from '../../errors.ts';
import { accepts } from '../../http/media-type.ts';
import type { Delivery, Exchange } from '../../instance/upstream.ts';
import { BATCH_VERSION, LEGACY_VERSIONS, opensWithPrimingEvent } from '../../protocol/era.ts';
import type { Frame } from '../../protocol/frame.ts';
import { idText } from '../../protocol/id-text.ts';
import { type Message, unedited } from '../../protocol/message.ts';
import { textPayload, toPayload } from '../../protocol/payload.ts';
import { resultText } from '../../protocol/rpc-text.ts';
import type { Session } from '../../session/session.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';
import { decideAnswerMode } from './answer-mode.ts';
import type { PostReply } from './post-reply.ts';
import { type StreamableOptions, StreamableSession } from './streamable-session.ts';

export class StreamableFront {
  readonly #sessions: Sessions;
  readonly #options: StreamableOptions;
  readonly #states = new WeakMap<Session, StreamableSession>();

  constructor(sessions: Sessions, options: StreamableOptions) {
    this.#sessions = sessions;
    this.#options = options;
  }

  /** `initialize` without a session opens one; its id goes out with the answer. */
  open(request: FastifyRequest, reply: FastifyReply, server: ServedServer, frame: Frame): void {
    const mode = answerMode(request);
    let state: StreamableSession | undefined;
    const session = this.#sessions.open({
      front: 'streamable',
      server,
      principal: request.principal,
      outbox: { offer: (message) => state?.offer(message) ?? 'gone' },
    });
    state = new StreamableSession(session, this.#options);
    this.#states.set(session, state);
    const post = state.answer(reply, {
      mode,
      expected: 1,
      batch: false,
      headers: { 'mcp-session-id': session.id },
      // No version is negotiated yet.
      prime: false,
      watched: true,
    });
    void initialize(session, frame, new InitializeExchange(session, post, frame));
  }

  /** A message, or a batch where the revision has them, of a session. */
  message(
    request: FastifyRequest,
    reply: FastifyReply,
    server: ServedServer,
    sessionId: string,
    frames: readonly Frame[],
    batch: boolean,
  ): void {
    const { session, state } = this.#find(request, server, sessionId);
    if (batch) assertBatch(session, frames);
    const requests = frames.filter((frame) => frame.kind === 'request');
    if (requests.some((frame) => frame.method === 'initialize'))
      throw new GatewayError('ALREADY_INITIALIZED');
    if (requests.length === 0) {
      for (const frame of frames) take(session, frame);
      reply.code(202).send();
      return;
    }
    const post = state.answer(reply, {
      mode: answerMode(request),
      expected: requests.length,
      batch,
      headers: NO_HEADERS,
      prime: opensWithPrimingEvent(session.upstream?.facts?.protocolVersion),
      watched: false,
    });
    for (const frame of frames) {
      if (frame.kind === 'request') call(session, frame, new PostExchange(session, post, frame));
      else take(session, frame);
    }
  }

  /** GET: the client's own stream, or with Last-Event-ID the one that broke. */
  stream(request: FastifyRequest, reply: FastifyReply, server: ServedServer, sessionId: string): void {
    const { session, state } = this.#find(request, server, sessionId);
    const { accept } = request.headers;
    if (accept !== undefined && !accepts(accept, 'text/event-stream'))
      throw new GatewayError('NOT_ACCEPTABLE');
    const lastEventId = request.headers['last-event-id'];
    if (typeof lastEventId !== 'string' || lastEventId === '')
      state.listen(reply, opensWithPrimingEvent(session.upstream?.facts?.protocolVersion));
    else if (!state.resume(reply, lastEventId)) throw new GatewayError('EVENT_UNKNOWN');
  }

  end(request: FastifyRequest, reply: FastifyReply, server: ServedServer, sessionId: string): void {
    const { session } = this.#find(request, server, sessionId);
    void session.end('closed by the client');
    reply.code(200).send();
  }

  /** @throws GatewayError SESSION_UNKNOWN, or VERSION_HEADER for a version nobody knows */
  #find(
    request: FastifyRequest,
    server: ServedServer,
    id: string,
  ): { session: Session; state: StreamableSession } {
    const session = this.#sessions.find('streamable', request.principal, server.name, id);
    const state = session && this.#states.get(session);
    if (session === undefined || state === undefined) throw new GatewayError('SESSION_UNKNOWN');
    const version = request.headers['mcp-protocol-version'];
    if (version !== undefined && !LEGACY_VERSIONS.includes(String(version)))
      throw new GatewayError('VERSION_HEADER');
    return { session, state };
  }
}

const NO_HEADERS = {};

function answerMode(request: FastifyRequest) {
  const mode = decideAnswerMode(request.headers.accept);
  if (mode === undefined) throw new GatewayError('NOT_ACCEPTABLE');
  return mode;
}

function assertBatch(session: Session, frames: readonly Frame[]): void {
  if (session.upstream?.facts?.protocolVersion !== BATCH_VERSION) throw new GatewayError('BATCH');
  // 2025-03-26 lifecycle: initialize must not be part of a batch.
  if (frames.some((frame) => frame.method === 'initialize')) throw new GatewayError('BATCH');
}

async function initialize(session: Session, frame: Frame, exchange: InitializeExchange): Promise<void> {
  try {
    const upstream = await session.connect(frame);
    upstream.call(unedited(frame), exchange);
  } catch (cause) {
    exchange.fail(toGatewayError(cause));
  }
}

function call(session: Session, frame: Frame, exchange: PostExchange): void {
  const { upstream } = session;
  // 2025-11-25 lifecycle: a server that has not answered initialize is sent nothing else.
  if (upstream?.facts !== undefined) upstream.call(unedited(frame), exchange);
  else if (frame.method === 'ping') exchange.answer('{}');
  else exchange.fail(new GatewayError('NOT_INITIALIZED'));
}

function take(session: Session, frame: Frame): void {
  if (frame.kind === 'notification') session.upstream?.tell(unedited(frame));
  else session.upstream?.answer(unedited(frame));
}

/** One request of a POST. */
class PostExchange implements Exchange {
  protected readonly session: Session;
  protected readonly post: PostReply;
  readonly #frame: Frame;

  constructor(session: Session, post: PostReply, frame: Frame) {
    this.session = session;
    this.post = post;
    this.#frame = frame;
    session.calls += 1;
  }

  notify(message: Message): Delivery {
    return this.post.send(toPayload(message));
  }

  ask(question: Message): Delivery {
    return this.post.carries ? this.post.send(toPayload(question)) : 'gone';
  }

  settle(message: Message): Delivery {
    this.session.calls -= 1;
    return this.post.settle(toPayload(message));
  }

  answer(result: string): void {
    this.session.calls -= 1;
    this.post.settle(textPayload(resultText(idText(this.#frame), result)));
  }

  fail(error: GatewayError): void {
    this.session.calls -= 1;
    if (error.code === 'CALL_CANCELLED') this.post.abandon();
    else this.post.fail(idText(this.#frame), error, this.statusOf(error));
  }

  /** A request that reached the server fails in its answer; only one that never should have been sent is refused. */
  protected statusOf(error: GatewayError): number {
    return REFUSED.has(error.code) ? error.row.status : 200;
  }
}

/** What a request fails with that has not been sent to the server. */
const REFUSED: ReadonlySet<ErrorCode> = new Set([
  'DUPLICATE_ID',
  'NOT_INITIALIZED',
  'CALLS_FULL',
  'SERVER_OVERLOADED',
]);

/** A session whose initialize failed is none. */
class InitializeExchange extends PostExchange {
  override settle(message: Message): Delivery {
    if (message.frame.kind !== 'error') return super.settle(message);
    this.post.withhold();
    const delivery = super.settle(message);
    void this.session.end('the server did not start');
    return delivery;
  }

  override fail(error: GatewayError): void {
    this.post.withhold();
    super.fail(error);
    void this.session.end('the server did not start');
  }

  protected override statusOf(error: GatewayError): number {
    return error.row.status;
  }
}
