/** Newline-delimited JSON from a byte stream (stdio transport): lines are found in bytes, nothing is decoded. */
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Must not throw. */
export interface LineHandler {
  /**
   * One line without its newline, a carriage return before that and a byte order mark; never blank. The bytes belong
   * to the receiver, who may keep and change them; a short line may keep the chunk it came in from being freed.
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
  /** The unfinished line in the chunks it came in: joined once, when it ends, so that its cost stays linear. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #dropping = false;

  /** `maxLineBytes` counts what stands before the newline. */
  constructor(maxLineBytes: number, handler: LineHandler) {
    this.#maxLineBytes = maxLineBytes;
    this.#handler = handler;
  }

  /** Takes the chunk over: lines are views of it. */
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
    this.#keep(rest);
    const [first = rest, ...more] = this.#parts;
    const line = more.length === 0 ? first : Buffer.concat(this.#parts, this.#partBytes);
    this.#forget();
    if (this.#dropping) this.#dropping = false;
    else this.#emit(line);
  }

  #keep(part: Buffer): void {
    if (this.#dropping) return;
    this.#parts.push(part);
    this.#partBytes += part.length;
    if (this.#partBytes <= this.#maxLineBytes) return;
    const seenBytes = this.#partBytes;
    this.#forget();
    this.#dropping = true;
    this.#handler.overlong(seenBytes);
  }

  #forget(): void {
    this.#parts = [];
    this.#partBytes = 0;
  }

  #emit(raw: Buffer): void {
    const start = raw.length >= BOM.length && BOM.equals(raw.subarray(0, BOM.length)) ? BOM.length : 0;
    const end = raw.at(-1) === CR ? raw.length - 1 : raw.length;
    const line = start === 0 && end === raw.length ? raw : raw.subarray(start, end);
    if (!isBlank(line)) this.#handler.line(line);
  }
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === SPACE || byte === TAB || byte === CR);
}
