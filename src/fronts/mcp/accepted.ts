/**
 * The answer to a POST of HTTP+SSE (2024-11-05 transports): 202, whatever comes of its messages. While there is much to
 * do it waits a moment for what is answered on the stream, so that a client is woken once for both and not twice.
 */
import type { FastifyReply } from 'fastify';
import { sendAnswer } from '../../http/answer.ts';
import { Patience, type Wait } from '../../util/patience.ts';

/** In milliseconds: nobody waits for a 202 who does not wait for the answer as well. */
const MOMENT_MS = 1;

export class Accepted {
  static readonly #patience = new Patience<Accepted>(MOMENT_MS, (accepted) => accepted.#send());
  /** Requests of all sessions that wait for their answers. */
  static #running = 0;
  readonly #reply: FastifyReply;
  readonly #writeDeadlineMs: number;
  /** Requests among its messages that were not answered yet. */
  #open = 0;
  #wait: Wait<Accepted> | undefined;

  constructor(reply: FastifyReply, writeDeadlineMs: number) {
    this.#reply = reply;
    this.#writeDeadlineMs = writeDeadlineMs;
  }

  /** One of its messages is a request. */
  expects(): void {
    this.#open += 1;
    Accepted.#running += 1;
  }

  /** A request was answered, on the stream. */
  answered(): void {
    this.#open -= 1;
    Accepted.#running -= 1;
    if (this.#open > 0 || this.#wait === undefined) return;
    Accepted.#patience.remove(this.#wait);
    this.#send();
  }

  /** All of its messages were taken. A client whose request is the only one has time to read this meanwhile. */
  send(): void {
    if (this.#open > 0 && Accepted.#running > 1) this.#wait = Accepted.#patience.add(this);
    else this.#send();
  }

  #send(): void {
    this.#wait = undefined;
    sendAnswer(this.#reply, {
      status: 202,
      type: 'text/plain; charset=utf-8',
      payload: 'Accepted',
      writeDeadlineMs: this.#writeDeadlineMs,
    });
  }
}
