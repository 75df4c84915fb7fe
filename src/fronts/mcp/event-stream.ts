/**
 * A stream of a Streamable HTTP session, which may outlive the connections that carry it: what is sent while none
 * is there waits in the session's log for the GET that resumes it (2025-11-25 transports, Resumability).
 */
import type { FastifyReply } from 'fastify';
import { SseStream, type StreamTimes } from '../../http/sse-stream.ts';
import type { Delivery } from '../../instance/upstream.ts';
import type { Payload } from '../../protocol/payload.ts';
import { encodeSseEvent } from '../../protocol/sse-codec.ts';
import type { StreamLogs } from '../../session/stream-logs.ts';

export interface EventStreamOptions {
  readonly logs: StreamLogs;
  readonly times: StreamTimes;
  /** A connection caught up, or went away: the server may write again. */
  readonly onReady: () => void;
  /** Told with each connection of the stream that opens or closes. */
  readonly onConnections: (change: 1 | -1) => void;
}

/** What a client waits before it resumes a stream that broke. */
const RETRY_MS = 1000;

export class EventStream {
  readonly no: number;
  readonly #options: EventStreamOptions;
  #connection: SseStream | undefined;
  #finished = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.no = options.logs.open();
  }

  get connected(): boolean {
    return this.#connection?.open === true;
  }

  /** The first connection; with `prime`, an event that only carries an id comes first, so that nothing is lost. */
  open(reply: FastifyReply, headers: Record<string, string>, prime: boolean): void {
    const connection = this.#connect(reply, headers);
    if (prime) connection.write(encodeSseEvent({ id: this.#id(0), data: '', retryMs: RETRY_MS }));
  }

  /** A further connection: first what came after `afterSeq`. @returns false when that is not there any more */
  resume(reply: FastifyReply, afterSeq: number): boolean {
    const missed = this.#options.logs.after(this.no, afterSeq);
    if (missed === undefined) return false;
    const connection = this.#connect(reply, {});
    for (const payload of missed) connection.write(payload);
    if (this.#finished) connection.end();
    return true;
  }

  send(data: Payload): Delivery {
    const event = encodeSseEvent({
      event: 'message',
      id: this.#id(this.#options.logs.nextSeq(this.no)),
      data,
    });
    this.#options.logs.append(this.no, event);
    return this.#connection?.write(event) === 'full' ? 'full' : 'sent';
  }

  /** Nothing more will be sent; the stream can still be resumed while the log remembers it. */
  finish(): void {
    this.#finished = true;
    this.#connection?.end();
  }

  /** Ends it without a trace. */
  forget(): void {
    this.finish();
    this.#options.logs.drop(this.no);
  }

  #connect(reply: FastifyReply, headers: Record<string, string>): SseStream {
    const former = this.#connection;
    this.#options.onConnections(1);
    const connection = new SseStream(reply, headers, {
      times: this.#options.times,
      onDrain: this.#options.onReady,
      onClose: () => {
        this.#options.onConnections(-1);
        this.#options.onReady();
      },
    });
    this.#connection = connection;
    former?.end();
    return connection;
  }

  #id(seq: number): string {
    return `${this.no}-${seq}`;
  }
}

/** The stream and the event that a Last-Event-ID names. */
export function parseEventId(header: string): { readonly stream: number; readonly seq: number } | undefined {
  const match = /^([0-9]{1,15})-([0-9]{1,15})$/.exec(header);
  return match === null ? undefined : { stream: Number(match[1]), seq: Number(match[2]) };
}
