/**
 * The streams of one Streamable HTTP session, and the rule by which a message that names no call goes to exactly
 * one of them (2025-11-25 transports, Multiple Connections).
 */
import type { FastifyReply } from 'fastify';
import type { StreamTimes } from '../../http/sse-stream.ts';
import type { Delivery, Outbox } from '../../instance/upstream.ts';
import type { Message } from '../../protocol/message.ts';
import { type Payload, toPayload } from '../../protocol/payload.ts';
import type { Session } from '../../session/session.ts';
import { StreamLogs } from '../../session/stream-logs.ts';
import { LinkedList, type Place } from '../../util/linked-list.ts';
import { EventStream, parseEventId } from './event-stream.ts';
import { type PostHost, PostReply, type PostReplyOptions } from './post-reply.ts';
import { WaitingRoom } from './waiting-room.ts';

export interface StreamableOptions {
  /** Bytes of sent events kept for resumption, for all streams of a session. */
  readonly replayBytes: number;
  readonly times: StreamTimes;
  /** How long a question of the server waits for a stream, in milliseconds. */
  readonly questionWaitMs: number;
}

export class StreamableSession implements Outbox, PostHost {
  readonly #session: Session;
  readonly #options: StreamableOptions;
  readonly #logs: StreamLogs;
  readonly #posts = new LinkedList<SessionPost>();
  readonly #streams = new Map<number, EventStream>();
  readonly #waiting: WaitingRoom;
  #listening: EventStream | undefined;

  constructor(session: Session, options: StreamableOptions) {
    this.#session = session;
    this.#options = options;
    this.#logs = new StreamLogs(options.replayBytes);
    this.#waiting = new WaitingRoom(session, options.questionWaitMs);
    session.ended.addEventListener('abort', () => this.#end(), { once: true });
  }

  offer(message: Message): Delivery {
    if (this.#session.ended.aborted) return 'gone';
    const data = toPayload(message);
    const carrier = this.#carrier();
    if (carrier !== undefined) return carrier.send(data);
    // A client whose only calls take JSON alone, and which listens to nothing, cannot be asked.
    const mute = this.#posts.size > 0 && [...this.#posts].every((post) => post.mute);
    if (message.frame.kind === 'request' && mute) return 'gone';
    return this.#waiting.add(message, data);
  }

  get writeDeadlineMs(): number {
    return this.#options.times.writeDeadlineMs;
  }

  /** The answer to a POST. */
  answer(reply: FastifyReply, options: PostReplyOptions): PostReply {
    const post = new SessionPost(reply, this, options);
    post.place = this.#posts.add(post);
    if (this.#listening?.connected !== true && post.carries) this.#waiting.leave((data) => post.send(data));
    return post;
  }

  done(post: SessionPost): void {
    if (post.place !== undefined) this.#posts.remove(post.place);
  }

  /** Only the client of an initialize is watched: nobody could use what it would open. */
  lost(): void {
    void this.#session.end('the client went away');
  }

  /** The client's own stream; a newer one takes over, since its client may be the first to know that the old is dead. */
  listen(reply: FastifyReply, prime: boolean): void {
    const former = this.#listening;
    const stream = this.openStream();
    this.#listening = stream;
    former?.finish();
    stream.open(reply, {}, prime);
    this.#waiting.leave((data) => stream.send(data));
  }

  /** Carries on the stream that the event is of. @returns false when it cannot be carried on */
  resume(reply: FastifyReply, lastEventId: string): boolean {
    const event = parseEventId(lastEventId);
    const stream = event && this.#streams.get(event.stream);
    if (event === undefined || stream?.resume(reply, event.seq) !== true) return false;
    if (stream === this.#listening) this.#waiting.leave((data) => stream.send(data));
    return true;
  }

  openStream(): EventStream {
    const stream = new EventStream({
      logs: this.#logs,
      times: this.#options.times,
      onReady: () => this.#session.upstream?.resume(),
      onConnections: (change) => {
        this.#session.streams += change;
      },
    });
    this.#streams.set(stream.no, stream);
    this.#forgetOldest();
    return stream;
  }

  /** Exactly one call in flight: its stream. Else the listening stream, else the newest call that can carry. */
  #carrier(): { send(data: Payload): Delivery } | undefined {
    const carrying = [...this.#posts].filter((post) => post.carries);
    const connected = carrying.filter((post) => post.connected);
    const [only] = connected;
    if (this.#posts.size === 1 && only !== undefined) return only;
    if (this.#listening?.connected === true) return this.#listening;
    return connected.at(-1) ?? carrying.at(-1);
  }

  #forgetOldest(): void {
    for (const [no, stream] of this.#streams) {
      if (this.#streams.size <= MAX_STREAMS) return;
      if (stream === this.#listening || stream.connected) continue;
      this.#streams.delete(no);
      this.#logs.drop(no);
    }
  }

  #end(): void {
    this.#waiting.clear();
    for (const stream of this.#streams.values()) stream.finish();
    this.#streams.clear();
    this.#logs.clear();
  }
}

/** A reply that knows its place among those of its session. */
class SessionPost extends PostReply {
  place: Place<SessionPost> | undefined;
}

/** Streams of a session that can be resumed, finished ones included. */
const MAX_STREAMS = 256;
