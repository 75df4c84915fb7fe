/**
 * The one stream of an HTTP+SSE session: every message of the server goes to it, in order, with an event id that
 * names the session. While the stream is away for its grace, messages wait in the log.
 */
import type { FastifyReply } from 'fastify';
import { SseStream, type StreamTimes } from '../../http/sse-stream.ts';
import type { Delivery, Outbox } from '../../instance/upstream.ts';
import type { Message } from '../../protocol/message.ts';
import { type Payload, textPayload, toPayload } from '../../protocol/payload.ts';
import { encodeSseEvent } from '../../protocol/sse-codec.ts';
import { ReplayLog } from '../../session/replay-log.ts';
import type { Session } from '../../session/session.ts';

export interface ChannelOptions {
  readonly graceMs: number;
  readonly replayBytes: number;
  readonly times: StreamTimes;
}

/** What a client waits before it reconnects, well within the grace. */
const RETRY_MS = 1000;

export class SseChannel implements Outbox {
  readonly #session: Session;
  readonly #options: ChannelOptions;
  readonly #log: ReplayLog;
  #stream: SseStream | undefined;
  #unseenBytes = 0;
  #grace: NodeJS.Timeout | undefined;

  constructor(session: Session, options: ChannelOptions) {
    this.#session = session;
    this.#options = options;
    this.#log = new ReplayLog(options.replayBytes);
    session.ended.addEventListener('abort', () => this.#finish(), { once: true });
  }

  offer(message: Message): Delivery {
    return this.send(toPayload(message));
  }

  /** Sends a message as the next event, or keeps it for the stream that comes back. */
  send(data: Payload): Delivery {
    if (this.#session.ended.aborted) return 'gone';
    const event = encodeSseEvent({ event: 'message', id: this.#eventId(this.#log.nextSeq), data });
    if (this.#stream?.open === true) {
      this.#log.append(event);
      return this.#stream.write(event, this.#session.calls === 0);
    }
    // What nobody has seen yet must not make room for more: the server waits instead.
    this.#unseenBytes += this.#log.append(event, true);
    return this.#unseenBytes >= this.#options.replayBytes ? 'full' : 'sent';
  }

  /** Opens the stream: first the endpoint (2024-11-05 transports), then whatever came after `afterSeq`. */
  attach(reply: FastifyReply, endpoint: string, afterSeq: number): void {
    clearTimeout(this.#grace);
    const former = this.#stream;
    const stream: SseStream = new SseStream(
      reply,
      {},
      {
        times: this.#options.times,
        onDrain: () => this.#session.upstream?.resume(),
        onClose: () => this.#left(stream),
      },
    );
    this.#stream = stream;
    this.#session.streams += 1;
    former?.end();
    stream.write(
      encodeSseEvent({
        event: 'endpoint',
        id: this.#eventId(afterSeq),
        data: textPayload(endpoint),
        retryMs: RETRY_MS,
      }),
    );
    for (const event of this.#log.after(afterSeq) ?? []) stream.write(event.payload);
    this.#unseenBytes = 0;
    this.#session.upstream?.resume();
  }

  /** Whether everything after that event can still be sent. */
  canResume(afterSeq: number): boolean {
    return !this.#session.ended.aborted && this.#log.after(afterSeq) !== undefined;
  }

  #eventId(seq: number): string {
    return `${this.#session.id}:${seq}`;
  }

  #left(stream: SseStream): void {
    this.#session.streams -= 1;
    if (this.#stream !== stream || this.#session.ended.aborted) return;
    this.#stream = undefined;
    this.#grace = setTimeout(() => void this.#session.end('the client went away'), this.#options.graceMs);
  }

  #finish(): void {
    clearTimeout(this.#grace);
    this.#stream?.end();
    this.#log.clear();
  }
}

/** The session and the event that a Last-Event-ID names; undefined for anything that we did not make. */
export function parseSseEventId(
  header: string | undefined,
): { readonly sessionId: string; readonly seq: number } | undefined {
  const match = header === undefined ? null : /^([0-9a-f]{1,64}):([0-9]{1,15})$/.exec(header);
  return match === null ? undefined : { sessionId: match[1] ?? '', seq: Number(match[2]) };
}
