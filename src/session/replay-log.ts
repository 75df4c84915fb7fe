import { type Payload, payloadBytes } from '../protocol/payload.ts';

export interface LoggedEvent {
  readonly seq: number;
  /** The event as it was sent, ready for one write. */
  readonly payload: Payload;
  readonly bytes: number;
}

/** The first block of a stream and the largest, in bytes: a stream that says little keeps little. */
const FIRST_BLOCK_BYTES = 1024;
const MAX_BLOCK_BYTES = 64 * 1024;

/**
 * The last events of one stream, bounded in bytes; the newest is kept however large it is. Texts are packed into blocks
 * outside of V8's heap: as strings, the events of many streams would be what every full collection goes through.
 */
export class ReplayLog {
  readonly #maxBytes: number;
  #blocks: Block[] = [];
  #bytes = 0;
  /** Those before it are gone, even where their block is still there. */
  #firstSeq = 1;
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
    if (typeof payload === 'string') this.#blockFor(bytes).add(payload);
    else this.#blocks.push(new WholeBlock(this.#lastSeq, payload));
    this.#bytes += bytes;
    if (!keepAll) this.#trim();
    return bytes;
  }

  /** The events after `seq`; undefined when some of them are gone or `seq` was never sent. */
  after(seq: number): readonly LoggedEvent[] | undefined {
    if (!Number.isSafeInteger(seq) || seq < this.#firstSeq - 1 || seq > this.#lastSeq) return undefined;
    const events: LoggedEvent[] = [];
    for (const block of this.#blocks) {
      for (let at = Math.max(seq + 1, block.firstSeq); at <= block.lastSeq; at += 1)
        events.push({ seq: at, payload: block.payload(at), bytes: block.bytesOf(at) });
    }
    return events;
  }

  clear(): void {
    this.#blocks = [];
    this.#bytes = 0;
    this.#firstSeq = this.nextSeq;
  }

  #blockFor(bytes: number): PackedBlock {
    const last = this.#blocks.at(-1);
    if (last instanceof PackedBlock && last.room >= bytes) return last;
    const wanted = last instanceof PackedBlock ? 2 * last.size : FIRST_BLOCK_BYTES;
    const block = new PackedBlock(this.#lastSeq, Math.max(bytes, Math.min(wanted, MAX_BLOCK_BYTES)));
    this.#blocks.push(block);
    return block;
  }

  #trim(): void {
    let gone = 0;
    while (this.#bytes > this.#maxBytes && this.#firstSeq < this.#lastSeq) {
      const block = this.#blocks[gone] as Block;
      this.#bytes -= block.bytesOf(this.#firstSeq);
      if (this.#firstSeq === block.lastSeq) gone += 1;
      this.#firstSeq += 1;
    }
    if (gone > 0) this.#blocks.splice(0, gone);
  }
}

/** Some events in a row. */
interface Block {
  readonly firstSeq: number;
  readonly lastSeq: number;
  payload(seq: number): Payload;
  bytesOf(seq: number): number;
}

/** Texts behind one another. */
class PackedBlock implements Block {
  readonly firstSeq: number;
  readonly #packed: Buffer;
  /** Where each event ends. */
  readonly #ends: number[] = [];

  constructor(firstSeq: number, size: number) {
    this.firstSeq = firstSeq;
    this.#packed = Buffer.allocUnsafeSlow(size);
  }

  get lastSeq(): number {
    return this.firstSeq + this.#ends.length - 1;
  }

  get size(): number {
    return this.#packed.length;
  }

  get room(): number {
    return this.size - (this.#ends.at(-1) ?? 0);
  }

  add(text: string): void {
    const start = this.#ends.at(-1) ?? 0;
    this.#ends.push(start + this.#packed.write(text, start, 'latin1'));
  }

  payload(seq: number): string {
    return this.#packed.toString('latin1', this.#startOf(seq), this.#endOf(seq));
  }

  bytesOf(seq: number): number {
    return this.#endOf(seq) - this.#startOf(seq);
  }

  #startOf(seq: number): number {
    return seq === this.firstSeq ? 0 : this.#endOf(seq - 1);
  }

  #endOf(seq: number): number {
    return this.#ends[seq - this.firstSeq] ?? 0;
  }
}

/** One event in the pieces that it was sent in. */
class WholeBlock implements Block {
  readonly firstSeq: number;
  readonly #pieces: readonly Buffer[];

  constructor(seq: number, pieces: readonly Buffer[]) {
    this.firstSeq = seq;
    this.#pieces = pieces;
  }

  get lastSeq(): number {
    return this.firstSeq;
  }

  payload(): Payload {
    return this.#pieces;
  }

  bytesOf(): number {
    return payloadBytes(this.#pieces);
  }
}
