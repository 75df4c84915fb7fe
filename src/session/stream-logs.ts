/**
 * What was sent on the streams of one session, for clients that come back with Last-Event-ID. One bound in bytes
 * and one in age for all streams together; what is oldest goes first, whichever stream it is of.
 */

import { type Payload, payloadBytes } from '../protocol/payload.ts';

interface Logged {
  readonly stream: number;
  readonly seq: number;
  readonly payload: Payload;
  readonly bytes: number;
  readonly atMs: number;
}

/** How long an event can be asked for again, in milliseconds: longer than a client's reconnects take. */
const MAX_AGE_MS = 5 * 60_000;

export class StreamLogs {
  readonly #maxBytes: number;
  readonly #now: () => number;
  /** The last number of each stream, and the last that is gone. */
  readonly #streams = new Map<number, { last: number; gone: number }>();
  #events: Logged[] = [];
  #bytes = 0;
  #lastStream = 0;

  constructor(maxBytes: number, now: () => number = () => performance.now()) {
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns the number of a new stream */
  open(): number {
    this.#lastStream += 1;
    this.#streams.set(this.#lastStream, { last: 0, gone: 0 });
    return this.#lastStream;
  }

  nextSeq(stream: number): number {
    return (this.#streams.get(stream)?.last ?? 0) + 1;
  }

  /** Keeps the event with number `nextSeq`, which its id must carry; the newest is kept however large it is. */
  append(stream: number, payload: Payload): void {
    const state = this.#streams.get(stream);
    if (state === undefined) return;
    state.last += 1;
    const bytes = payloadBytes(payload);
    this.#events.push({ stream, seq: state.last, payload, bytes, atMs: this.#now() });
    this.#bytes += bytes;
    this.#evict();
  }

  /** The events of a stream after `seq`; undefined when some are gone, or the stream or the event never was. */
  after(stream: number, seq: number): readonly Payload[] | undefined {
    this.#evict();
    const state = this.#streams.get(stream);
    if (state === undefined || !Number.isSafeInteger(seq) || seq < state.gone || seq > state.last)
      return undefined;
    return this.#events
      .filter((event) => event.stream === stream && event.seq > seq)
      .map((event) => event.payload);
  }

  /** Forgets a stream that nobody can come back to. */
  drop(stream: number): void {
    this.#streams.delete(stream);
    this.#events = this.#events.filter((event) => event.stream !== stream);
    this.#bytes = this.#events.reduce((sum, event) => sum + event.bytes, 0);
  }

  clear(): void {
    this.#streams.clear();
    this.#events = [];
    this.#bytes = 0;
  }

  #evict(): void {
    const oldestMs = this.#now() - MAX_AGE_MS;
    let gone = 0;
    for (const event of this.#events) {
      const tooMuch = this.#bytes > this.#maxBytes && gone < this.#events.length - 1;
      if (!tooMuch && event.atMs >= oldestMs) break;
      gone += 1;
      this.#bytes -= event.bytes;
      const state = this.#streams.get(event.stream);
      if (state !== undefined) state.gone = event.seq;
    }
    if (gone > 0) this.#events.splice(0, gone);
  }
}
