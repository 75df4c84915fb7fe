/** Newline-delimited JSON from a byte stream (stdio transport): lines are found in bytes, nothing is decoded. */
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const BOM_BYTES = 3;
const EMPTY = Buffer.alloc(0);

/** Must not throw. */
export interface LineHandler {
  /**
   * One line without its newline, a carriage return before that and a byte order mark; never blank. The bytes belong
   * to the receiver, who may keep and change them; a short line keeps the chunk that it came in from being freed.
   */
  line(bytes: Buffer): void;
  /**
   * A line passed `maxLineBytes` and is lost: told once, as soon as it is certain, because the newline may never come.
   * `seenBytes` is what had come of it by then. The rest of the line is dropped as it arrives.
   */
  overlong(seenBytes: number): void;
}

/** What follows the last newline when the stream ends was never a message and is not told. */
export class LineReader {
  readonly #maxLineBytes: number;
  readonly #handler: LineHandler;
  /**
   * The unfinished line, in its first `#heldBytes` bytes. Room grows by doubling: linear time for one long line, and
   * never more than twice its size in memory, even when it comes byte by byte (a list of chunks would cost far more).
   */
  #held: Buffer = EMPTY;
  #heldBytes = 0;
  #dropping = false;

  /** `maxLineBytes` counts what stands before the newline. */
  constructor(maxLineBytes: number, handler: LineHandler) {
    this.#maxLineBytes = maxLineBytes;
    this.#handler = handler;
  }

  /** Takes the chunk over: lines that stand in it whole are views of it. */
  push(chunk: Buffer): void {
    let start = 0;
    let newline = chunk.indexOf(LF);
    while (newline >= 0) {
      this.#finish(chunk.subarray(start, newline));
      start = newline + 1;
      newline = chunk.indexOf(LF, start);
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #finish(rest: Buffer): void {
    const isWhole = this.#heldBytes === 0 && rest.length <= this.#maxLineBytes;
    if (!isWhole) this.#keep(rest);
    const line = isWhole ? rest : this.#held.subarray(0, this.#heldBytes);
    this.#forget();
    if (this.#dropping) this.#dropping = false;
    else this.#emit(line);
  }

  #keep(part: Buffer): void {
    if (this.#dropping) return;
    const bytes = this.#heldBytes + part.length;
    if (bytes > this.#maxLineBytes) {
      this.#forget();
      this.#dropping = true;
      this.#handler.overlong(bytes);
      return;
    }
    if (bytes > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.min(2 * bytes, this.#maxLineBytes));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    part.copy(this.#held, this.#heldBytes);
    this.#heldBytes = bytes;
  }

  /** The bytes may belong to the receiver of the line by now. */
  #forget(): void {
    this.#held = EMPTY;
    this.#heldBytes = 0;
  }

  #emit(raw: Buffer): void {
    const start = raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf ? BOM_BYTES : 0;
    const end = raw[raw.length - 1] === CR ? raw.length - 1 : raw.length;
    const line = start === 0 && end === raw.length ? raw : raw.subarray(start, end);
    if (!isBlank(line)) this.#handler.line(line);
  }
}

function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== SPACE && byte !== TAB && byte !== CR) return false;
  return true;
}
