/** A call as an event stream: what the server says while it runs, then what came of it. */
import type { FastifyReply } from 'fastify';
import { toProblem } from '../../http/error-response.ts';
import { SseStream, type StreamTimes } from '../../http/sse-stream.ts';
import type { Delivery } from '../../instance/upstream.ts';
import type { Message } from '../../protocol/message.ts';
import { encodeSseEvent } from '../../protocol/sse-codec.ts';
import type { Outcome } from './outcome.ts';
import { paramsText } from './params-text.ts';

const EVENTS: ReadonlyMap<string, string> = new Map([
  ['notifications/progress', 'progress'],
  ['notifications/message', 'log'],
]);

export class EventAnswer {
  readonly #reply: FastifyReply;
  readonly #times: StreamTimes;
  #stream: SseStream | undefined;

  constructor(reply: FastifyReply, times: StreamTimes) {
    this.#reply = reply;
    this.#times = times;
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** From here on the status is 200 whatever comes. `onReady`: the reader takes events again, or has gone. */
  open(onReady: () => void): void {
    // A server that was paused for a reader who has gone serves the calls after it.
    const ready = { onDrain: onReady, onClose: onReady };
    this.#stream = new SseStream(this.#reply, {}, { times: this.#times, ...ready });
  }

  heard(message: Message): Delivery {
    const { method = '' } = message.frame;
    const params = paramsText(message) ?? Buffer.from('{}');
    const event = EVENTS.get(method);
    if (event !== undefined) return this.#write(event, [params]);
    const head = Buffer.from(`{"method":${JSON.stringify(method)},"params":`);
    return this.#write('notification', [head, params, Buffer.from('}')]);
  }

  /** The last event. */
  end(outcome: Outcome): void {
    switch (outcome.kind) {
      case 'result':
        this.#write('result', [outcome.result]);
        break;
      case 'question':
        this.#write('input_required', [outcome.answer]);
        break;
      case 'problem':
        this.#write('error', [Buffer.from(JSON.stringify(outcome.problem))]);
        break;
      case 'failed': {
        const { id } = this.#reply.request;
        const extension = outcome.error.code === 'INTERNAL' ? { requestId: id } : {};
        this.#write('error', [Buffer.from(JSON.stringify(toProblem(outcome.error, extension)))]);
      }
    }
    this.#stream?.end();
  }

  #write(event: string, data: readonly Buffer[]): Delivery {
    return this.#stream?.write(encodeSseEvent({ event, data })) ?? 'gone';
  }
}
