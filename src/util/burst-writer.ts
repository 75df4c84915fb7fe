import type { Writable } from 'node:stream';

/** What texts are written to in the end. */
export interface Sink {
  /** Bytes that the system has not taken yet. */
  readonly writableLength: number;
  /** A text of one character for each byte; it leaves at once. */
  write(text: string): void;
  /** In one system call. The pieces must stay as they are until they are taken. */
  writePieces(pieces: readonly Buffer[]): void;
}

/** A stream as it is. */
export function sinkOf(stream: Writable): Sink {
  return {
    get writableLength() {
      return stream.writableLength;
    },
    write: (text) => void stream.write(text, 'latin1'),
    writePieces(pieces) {
      stream.cork();
      for (const piece of pieces) stream.write(piece);
      stream.uncork();
    },
  };
}

/**
 * Joins the texts that are written to a stream within one turn of the event loop, since a system call costs more than all
 * else that is done for a small message. The first text is written at once and waits for nothing: only after a turn that
 * had several are those of the next one kept for its end. Owns nothing; whoever ends the stream calls `flush` before.
 */
export class BurstWriter {
  readonly #sink: Sink;
  #kept = '';
  /** Texts of this turn. */
  #count = 0;
  #isBusy = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Bytes that the system has not taken yet. */
  get waitingBytes(): number {
    return this.#sink.writableLength + this.#kept.length;
  }

  /** A text of one character for each byte. `isLone`: nothing else is expected soon, so that no turn is looked at. */
  write(text: string, isLone = false): void {
    if (isLone && this.#count === 0 && !this.#isBusy) {
      this.#sink.write(text);
      return;
    }
    this.#count += 1;
    if (this.#count === 1) setImmediate(this.#endTurn);
    if (this.#isBusy || this.#count > 1) this.#kept += text;
    else this.#sink.write(text);
  }

  /** In one system call, after what came before. The pieces must stay as they are until the stream has taken them. */
  writePieces(pieces: readonly Buffer[]): void {
    this.flush();
    this.#sink.writePieces(pieces);
  }

  flush(): void {
    const text = this.#kept;
    this.#kept = '';
    if (text !== '') this.#sink.write(text);
  }

  readonly #endTurn = (): void => {
    this.#isBusy = this.#count > 1;
    this.#count = 0;
    this.flush();
  };
}
