/** An event stream that ends with its connection: no ids, nothing to resume (2026-07-28 streamable HTTP). */
import type { FastifyReply } from 'fastify';
import { SseStream, type StreamTimes } from '../../http/sse-stream.ts';
import type { Delivery } from '../../instance/upstream.ts';
import type { Payload } from '../../protocol/payload.ts';
import { encodeSseEvent } from '../../protocol/sse-codec.ts';
import type { ReplyStream } from './post-reply.ts';

export class PlainStream implements ReplyStream {
  readonly #times: StreamTimes;
  readonly #onClose: () => void;
  #connection: SseStream | undefined;

  constructor(times: StreamTimes, onClose: () => void) {
    this.#times = times;
    this.#onClose = onClose;
  }

  get connected(): boolean {
    return this.#connection?.open === true;
  }

  open(reply: FastifyReply, headers: Record<string, string>): void {
    this.#connection = new SseStream(reply, headers, {
      times: this.#times,
      onDrain: () => undefined,
      onClose: this.#onClose,
    });
  }

  send(data: Payload): Delivery {
    return this.#connection?.write(encodeSseEvent({ event: 'message', data })) ?? 'gone';
  }

  finish(): void {
    this.#connection?.end();
  }

  forget(): void {
    this.finish();
  }
}
