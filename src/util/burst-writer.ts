import type { Writable } from 'node:stream';

type Sink = Pick<Writable, 'write' | 'cork' | 'uncork' | 'writableLength'>;

/**
 * Joins the texts that are written to a stream within one turn of the event loop, since a system call costs more than all
 * else that is done for a small message. The first text is written at once and waits for nothing: only after a turn that
 * had several are those of the next one kept for its end. Owns nothing; whoever ends the stream calls `flush` before.
 */
export class BurstWriter {
  readonly #stream: Sink;
  #kept = '';
  /** Texts of this turn. */
  #count = 0;
  #isBusy = false;

  constructor(stream: Sink) {
    this.#stream = stream;
  }

  /** Bytes that the system has not taken yet. */
  get waitingBytes(): number {
    return this.#stream.writableLength + this.#kept.length;
  }

  /** A text of one character for each byte. `isLone`: nothing else is expected soon, so that no turn is looked at. */
  write(text: string, isLone = false): void {
    if (isLone && this.#count === 0 && !this.#isBusy) {
      this.#stream.write(text, 'latin1');
      return;
    }
    this.#count += 1;
    if (this.#count === 1) setImmediate(this.#endTurn);
    if (this.#isBusy || this.#count > 1) this.#kept += text;
    else this.#stream.write(text, 'latin1');
  }

  /** In one system call, after what came before. The pieces must stay as they are until the stream has taken them. */
  writePieces(pieces: readonly Buffer[]): void {
    this.flush();
    this.#stream.cork();
    for (const piece of pieces) this.#stream.write(piece);
    this.#stream.uncork();
  }

  flush(): void {
    const text = this.#kept;
    this.#kept = '';
    if (text !== '') this.#stream.write(text, 'latin1');
  }

  readonly #endTurn = (): void => {
    this.#isBusy = this.#count > 1;
    this.#count = 0;
    this.flush();
  };
}
