import { type Payload, payloadBytes } from '../protocol/payload.ts';

export interface LoggedEvent {
  readonly seq: number;
  /** The event as it was sent, ready for one write. */
  readonly payload: Payload;
  readonly bytes: number;
}

/** The last events of one stream, bounded in bytes; the newest is kept however large it is. */
export class ReplayLog {
  readonly #maxBytes: number;
  #events: LoggedEvent[] = [];
  #bytes = 0;
  #lastSeq = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get nextSeq(): number {
    return this.#lastSeq + 1;
  }

  /**
   * Adds the event with number `nextSeq`, which its id must carry. With `keepAll` nothing is let go: its writer stops
   * by itself. @returns its size in bytes
   */
  append(payload: Payload, keepAll = false): number {
    this.#lastSeq += 1;
    const bytes = payloadBytes(payload);
    this.#events.push({ seq: this.#lastSeq, payload, bytes });
    this.#bytes += bytes;
    if (!keepAll) this.#trim();
    return bytes;
  }

  /** The events after `seq`; undefined when some of them are gone or `seq` was never sent. */
  after(seq: number): readonly LoggedEvent[] | undefined {
    const oldest = this.#events[0]?.seq ?? this.nextSeq;
    if (!Number.isSafeInteger(seq) || seq < oldest - 1 || seq > this.#lastSeq) return undefined;
    return this.#events.slice(seq - oldest + 1);
  }

  #trim(): void {
    while (this.#bytes > this.#maxBytes && this.#events.length > 1)
      this.#bytes -= this.#events.shift()?.bytes ?? 0;
  }

  clear(): void {
    this.#events = [];
    this.#bytes = 0;
  }
}
