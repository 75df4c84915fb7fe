/** HTTP+SSE (2024-11-05 transports): a stream for everything from the server, a POST endpoint for everything to it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError, toGatewayError } from '../../errors.ts';
import type { Delivery, Exchange } from '../../instance/upstream.ts';
import { BATCH_VERSION, PROTOCOL_VERSION_KEY } from '../../protocol/era.ts';
import type { Frame } from '../../protocol/frame.ts';
import { idText } from '../../protocol/id-text.ts';
import { findMember } from '../../protocol/json-member.ts';
import { type Message, unedited } from '../../protocol/message.ts';
import { type Payload, textPayload, toPayload } from '../../protocol/payload.ts';
import { gatewayErrorText, resultText } from '../../protocol/rpc-text.ts';
import type { Session } from '../../session/session.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';
import { Accepted } from './accepted.ts';
import { parseClientBody } from './client-body.ts';
import { type ChannelOptions, parseSseEventId, SseChannel } from './sse-channel.ts';

export interface SseOptions extends ChannelOptions {
  /** What a proxy puts before our paths; empty or `/prefix`. */
  readonly pathPrefix: string;
}

export class SseFront {
  readonly #sessions: Sessions;
  readonly #options: SseOptions;
  readonly #channels = new WeakMap<Session, SseChannel>();

  constructor(sessions: Sessions, options: SseOptions) {
    this.#sessions = sessions;
    this.#options = options;
  }

  /** Opens a session and its stream; no process is started before the first message. */
  open(request: FastifyRequest, reply: FastifyReply, server: ServedServer): void {
    let channel: SseChannel | undefined;
    const session = this.#sessions.open({
      front: 'sse',
      server,
      principal: request.principal,
      outbox: { offer: (message) => channel?.offer(message) ?? 'gone' },
    });
    channel = new SseChannel(session, this.#options);
    this.#channels.set(session, channel);
    channel.attach(reply, this.#endpoint(session), 0);
  }

  /** Resumes the stream that the Last-Event-ID names. @returns false when there is no such session any more. */
  resume(request: FastifyRequest, reply: FastifyReply, server: ServedServer): boolean {
    const event = parseSseEventId(request.headers['last-event-id'] as string | undefined);
    const session = event && this.#sessions.find('sse', request.principal, server.name, event.sessionId);
    const channel = session && this.#channels.get(session);
    if (event === undefined || session === undefined || channel?.canResume(event.seq) !== true) return false;
    channel.attach(reply, this.#endpoint(session), event.seq);
    return true;
  }

  /** A message of the client: 202 at once, its answer comes on the stream. */
  post(request: FastifyRequest, reply: FastifyReply, server: ServedServer, sessionId: string): void {
    const session = this.#sessions.find('sse', request.principal, server.name, sessionId);
    const channel = session && this.#channels.get(session);
    if (session === undefined || channel === undefined) throw new GatewayError('SESSION_UNKNOWN');
    const { frames, batch } = parseClientBody(request.body);
    if (batch && session.upstream?.facts?.protocolVersion !== BATCH_VERSION) throw new GatewayError('BATCH');
    const accepted = new Accepted(reply, this.#options.times.writeDeadlineMs);
    for (const frame of frames) this.#take(session, channel, frame, accepted);
    accepted.send();
  }

  #endpoint(session: Session): string {
    return `${this.#options.pathPrefix}/${session.server}?sessionId=${session.id}`;
  }

  #take(session: Session, channel: SseChannel, frame: Frame, accepted: Accepted): void {
    const { upstream } = session;
    if (frame.kind === 'notification') upstream?.tell(unedited(frame));
    else if (frame.kind !== 'request') upstream?.answer(unedited(frame));
    else this.#call(session, channel, frame, accepted);
  }

  #call(session: Session, channel: SseChannel, frame: Frame, accepted: Accepted): void {
    const { upstream } = session;
    const exchange = new SseExchange(session, channel, frame, accepted);
    // Claims of the modern era are made by clients that probe; this answer sends them to initialize.
    if (frame.method === 'server/discover' && claimsModern(frame))
      exchange.fail(new GatewayError('METHOD_NOT_FOUND'));
    else if (frame.method === 'initialize') void initialize(session, frame, exchange);
    else if (upstream !== undefined) upstream.call(unedited(frame), exchange);
    else if (frame.method === 'ping') exchange.answer('{}');
    else exchange.fail(new GatewayError('NOT_INITIALIZED'));
  }
}

async function initialize(session: Session, frame: Frame, exchange: Exchange): Promise<void> {
  if (session.upstream?.facts !== undefined) return exchange.fail(new GatewayError('ALREADY_INITIALIZED'));
  try {
    const upstream = session.upstream ?? (await session.connect(frame));
    upstream.call(unedited(frame), exchange);
  } catch (cause) {
    exchange.fail(toGatewayError(cause));
  }
}

function claimsModern(frame: Frame): boolean {
  return frame.meta !== undefined && findMember(frame.bytes, frame.meta, PROTOCOL_VERSION_KEY) !== undefined;
}

/** One request of the client; whatever belongs to it goes on the session's stream. */
class SseExchange implements Exchange {
  readonly #session: Session;
  readonly #channel: SseChannel;
  readonly #frame: Frame;
  readonly #accepted: Accepted;

  constructor(session: Session, channel: SseChannel, frame: Frame, accepted: Accepted) {
    this.#session = session;
    this.#channel = channel;
    this.#frame = frame;
    this.#accepted = accepted;
    accepted.expects();
    session.calls += 1;
  }

  notify(message: Message): Delivery {
    return this.#channel.offer(message);
  }

  ask(question: Message): Delivery {
    return this.#channel.offer(question);
  }

  settle(message: Message): Delivery {
    return this.#finish(toPayload(message));
  }

  /** An answer of the gateway's own. */
  answer(result: string): void {
    this.#finish(textPayload(resultText(idText(this.#frame), result)));
  }

  fail(error: GatewayError): void {
    // A cancelled request is not answered (2025-11-25 cancellation).
    this.#finish(
      error.code === 'CALL_CANCELLED' ? '' : textPayload(gatewayErrorText(idText(this.#frame), error)),
    );
  }

  #finish(payload: Payload): Delivery {
    this.#session.calls -= 1;
    const delivery = payload.length === 0 ? 'sent' : this.#channel.send(payload);
    this.#accepted.answered();
    return delivery;
  }
}
