/** Newline-delimited JSON from a byte stream (stdio transport): lines are found in bytes, nothing is decoded. */
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const BOM_BYTES = 3;
/** Parts from here on are kept as they are: what they hold back of a chunk is small beside them. */
const GATHERED_BYTES = 16 * 1024;

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
   * The unfinished line. Large parts are kept as they came and put together once, so that a long line costs one more
   * buffer of its size and no garbage; small ones are gathered in buffers first, so that a line that comes byte by byte
   * takes no more than twice its size.
   */
  #held: Buffer[] = [];
  /** What the last of `#held` has room for, where that is a buffer of ours; its filled part is what counts. */
  #gathering: Buffer | undefined;
  #gatheredBytes = 0;
  #heldBytes = 0;
  #dropping = false;

  /** `maxLineBytes` counts what stands before the newline. */
  constructor(maxLineBytes: number, handler: LineHandler) {
    this.#maxLineBytes = maxLineBytes;
    this.#handler = handler;
  }

  /** Takes the chunk over: lines that stand in it whole are views of it. @returns how many lines ended in it, blank ones included */
  push(chunk: Buffer): number {
    let start = 0;
    let lines = 0;
    let newline = chunk.indexOf(LF);
    while (newline >= 0) {
      this.#finish(chunk.subarray(start, newline));
      start = newline + 1;
      lines += 1;
      newline = chunk.indexOf(LF, start);
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  #finish(rest: Buffer): void {
    const isWhole = this.#heldBytes === 0 && rest.length <= this.#maxLineBytes;
    if (!isWhole) this.#keep(rest);
    const line = isWhole ? rest : this.#takeHeld();
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
    this.#heldBytes = bytes;
    if (part.length < GATHERED_BYTES) this.#gather(part);
    else {
      this.#closeGathering();
      this.#held.push(part);
    }
  }

  /** Copies a small part, which may be a view of a large chunk, behind those before it. */
  #gather(part: Buffer): void {
    if (this.#gathering !== undefined && this.#gatheredBytes + part.length > this.#gathering.length)
      this.#closeGathering();
    this.#gathering ??= Buffer.allocUnsafe(2 * GATHERED_BYTES);
    this.#gatheredBytes += part.copy(this.#gathering, this.#gatheredBytes);
  }

  #closeGathering(): void {
    if (this.#gathering !== undefined) this.#held.push(this.#gathering.subarray(0, this.#gatheredBytes));
    this.#gathering = undefined;
    this.#gatheredBytes = 0;
  }

  /** The bytes belong to the receiver of the line from here on. */
  #takeHeld(): Buffer {
    this.#closeGathering();
    const [only] = this.#held;
    const line =
      this.#held.length === 1 && only !== undefined ? only : Buffer.concat(this.#held, this.#heldBytes);
    this.#forget();
    return line;
  }

  #forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#gathering = undefined;
    this.#gatheredBytes = 0;
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
