/**
 * The grammar of RFC 8259 over bytes: nothing is decoded, nothing is built, nothing recurses.
 *
 * Every function takes the offset where something must begin and returns the offset after it, or `~at` (always
 * negative) when the bytes stop being JSON at `at`. UTF-8 is not checked here.
 */

// Not exported: V8 folds a constant of the module itself, but loads an exported or imported one each time.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const LOWER_U = 0x75;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** A depth that no buffer can reach. */
export const UNLIMITED_DEPTH = 0x7fff_ffff;

/** Told of members as the scan passes them, down to objects in objects in the outermost object. */
export interface Watch {
  /** `depth` is 1 to 3; the key comes with its quotes. */
  key(depth: number, keyStart: number, keyEnd: number, valueStart: number): void;
  /** `depth` is 1 or 2; `end` is what follows the value of the member last told at this depth. */
  value(depth: number, end: number): void;
}

/**
 * Any value. More than `maxDepth` containers inside one another end it like a syntax error.
 * Open containers are kept as one bit each, 32 to a number, so a million brackets cost 250 KB.
 */
export function skipValue(bytes: Buffer, start: number, maxDepth: number, watch?: Watch): number {
  let pos = start;
  let depth = 0;
  let bits = 0; // the innermost 32 containers, the last opened lowest, 1 for an object
  let outer: number[] | undefined;
  for (;;) {
    if ((bits & 1) === 1) {
      const keyEnd = skipString(bytes, pos);
      const valueStart = skipColon(bytes, keyEnd);
      if (valueStart < 0) return valueStart;
      if (depth <= 3 && watch !== undefined) watch.key(depth, pos, keyEnd, valueStart);
      pos = valueStart;
    }
    const first = byteAt(bytes, pos);
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      if (depth >= maxDepth) return ~pos;
      pos = skipSpace(bytes, pos + 1);
      if (byteAt(bytes, pos) !== closing(first)) {
        if (depth > 0 && (depth & 31) === 0) (outer ??= []).push(bits);
        depth++;
        bits = (bits << 1) | (first === OPEN_BRACE ? 1 : 0);
        continue;
      }
      pos++;
    } else {
      pos = first === QUOTE ? skipString(bytes, pos) : skipNumberOrWord(bytes, pos);
      if (pos < 0) return pos;
    }
    for (;;) {
      if (depth === 0) return pos;
      const inObject = (bits & 1) === 1;
      if (depth <= 2 && inObject && watch !== undefined) watch.value(depth, pos);
      pos = skipSpace(bytes, pos);
      const next = byteAt(bytes, pos);
      if (next === COMMA) {
        pos = skipSpace(bytes, pos + 1);
        break;
      }
      if (next !== (inObject ? CLOSE_BRACE : CLOSE_BRACKET)) return ~pos;
      pos++;
      depth--;
      bits = depth > 0 && (depth & 31) === 0 ? (outer?.pop() ?? 0) : bits >>> 1;
    }
  }
}

/**
 * The members of an object or the elements of an array, one by one. The caller decides how a value is read:
 *
 *     const child = new ChildCursor(bytes, start);
 *     while (child.next()) child.end = skipValue(bytes, child.start, maxDepth);
 *     return child.after;
 */
export class ChildCursor {
  /** Of a member: its key with the quotes. */
  keyStart = 0;
  keyEnd = 0;
  start = 0;
  /** Set by the caller before the next step: what follows the value, or its failure. */
  end: number;
  /** Once `next()` said false: what follows the container, or the failure. */
  after = 0;
  readonly #bytes: Buffer;
  readonly #open: number;
  #first = true;

  /** `start` is where the container opens; any other value fails there. */
  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#open = byteAt(bytes, start);
    this.end = this.#open === OPEN_BRACE || this.#open === OPEN_BRACKET ? start + 1 : ~start;
  }

  next(): boolean {
    if (this.end < 0) return this.#stop(this.end);
    const bytes = this.#bytes;
    let pos = skipSpace(bytes, this.end);
    if (byteAt(bytes, pos) === closing(this.#open)) return this.#stop(pos + 1);
    if (this.#first) this.#first = false;
    else if (byteAt(bytes, pos) === COMMA) pos = skipSpace(bytes, pos + 1);
    else return this.#stop(~pos);
    if (this.#open === OPEN_BRACE) {
      this.keyStart = pos;
      this.keyEnd = skipString(bytes, pos);
      pos = skipColon(bytes, this.keyEnd);
      if (pos < 0) return this.#stop(pos);
    }
    this.start = pos;
    return true;
  }

  #stop(after: number): false {
    this.after = after;
    return false;
  }
}

/** White space between tokens, possibly none. Raw newlines become spaces in place, so that a message is one line. */
export function skipSpace(bytes: Buffer, start: number): number {
  return byteAt(bytes, start) > SPACE ? start : skipBlanks(bytes, start); // small enough to be inlined everywhere
}

function skipBlanks(bytes: Buffer, start: number): number {
  let pos = start;
  for (;;) {
    const byte = byteAt(bytes, pos);
    if (byte === LF || byte === CR) bytes[pos] = SPACE;
    else if (byte !== SPACE && byte !== TAB) return pos;
    pos++;
  }
}

/** What must follow the outermost value, whose end (or failure) is given: white space up to the end of the buffer. */
export function skipTail(bytes: Buffer, end: number): number {
  if (end < 0) return end;
  const pos = skipSpace(bytes, end);
  return pos === bytes.length ? pos : ~pos;
}

function skipColon(bytes: Buffer, keyEnd: number): number {
  if (keyEnd < 0) return keyEnd;
  const pos = skipSpace(bytes, keyEnd);
  return byteAt(bytes, pos) === COLON ? skipSpace(bytes, pos + 1) : ~pos;
}

/** 0 for the bytes of a plain run in a string; 1 for what ends it: quote, backslash, controls. */
const ENDS_RUN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < SPACE || byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);

/** Runs up to here are faster byte by byte than with the set-up for whole words. */
const SHORT_RUN_BYTES = 128;

export function skipString(bytes: Buffer, start: number): number {
  if (byteAt(bytes, start) !== QUOTE) return ~start;
  const length = bytes.length;
  let pos = start + 1;
  for (;;) {
    const near = Math.min(pos + SHORT_RUN_BYTES, length);
    while (pos < near && ENDS_RUN[bytes[pos] as number] === 0) pos++;
    if (pos === near) pos = skipLongRun(bytes, pos);
    const byte = byteAt(bytes, pos);
    if (byte === QUOTE) return pos + 1;
    if (byte !== BACKSLASH) return ~pos;
    pos = skipEscape(bytes, pos);
    if (pos < 0) return pos;
  }
}

/**
 * The same run four bytes at a time, three times as fast: `(w - n * 0x01010101) & ~w & 0x80808080` is not zero when
 * some byte of `w` is less than `n`; a byte that is XORed with the one looked for is less than 1 where it is equal.
 */
function skipLongRun(bytes: Buffer, start: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const last = bytes.length - 4;
  let pos = start;
  for (; pos <= last; pos += 4) {
    const w = words.getInt32(pos);
    const low = (w - 0x20202020) | ((w ^ 0x22222222) - 0x01010101) | ((w ^ 0x5c5c5c5c) - 0x01010101);
    if ((low & ~w & 0x80808080) !== 0) break;
  }
  while (pos < bytes.length && ENDS_RUN[bytes[pos] as number] === 0) pos++;
  return pos;
}

function skipEscape(bytes: Buffer, start: number): number {
  switch (byteAt(bytes, start + 1)) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // the solidus, b, f, n, r, t
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return start + 2;
    case LOWER_U:
      for (let pos = start + 2; pos < start + 6; pos++) if (!isHexDigit(byteAt(bytes, pos))) return ~pos;
      return start + 6;
    default:
      return ~(start + 1);
  }
}

function skipNumberOrWord(bytes: Buffer, start: number): number {
  const first = byteAt(bytes, start);
  if (first === MINUS || isDigit(first)) return skipNumber(bytes, start);
  if (first === 0x74) return skipWord(bytes, start, 'true');
  if (first === 0x66) return skipWord(bytes, start, 'false');
  return skipWord(bytes, start, 'null');
}

function skipWord(bytes: Buffer, start: number, word: string): number {
  for (let i = 0; i < word.length; i++)
    if (byteAt(bytes, start + i) !== word.charCodeAt(i)) return ~(start + i);
  return start + word.length;
}

function skipNumber(bytes: Buffer, start: number): number {
  let pos = byteAt(bytes, start) === MINUS ? start + 1 : start;
  pos = byteAt(bytes, pos) === ZERO ? pos + 1 : skipDigits(bytes, pos);
  if (pos >= 0 && byteAt(bytes, pos) === 0x2e) pos = skipDigits(bytes, pos + 1);
  if (pos >= 0 && (byteAt(bytes, pos) === 0x65 || byteAt(bytes, pos) === 0x45)) {
    const sign = byteAt(bytes, pos + 1);
    pos = skipDigits(bytes, sign === MINUS || sign === 0x2b ? pos + 2 : pos + 1);
  }
  return pos;
}

/** One digit or more. */
function skipDigits(bytes: Buffer, start: number): number {
  let pos = start;
  while (isDigit(byteAt(bytes, pos))) pos++;
  return pos > start ? pos : ~pos;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

/** Both closing bytes are their opening byte plus two. */
function closing(open: number): number {
  return open + 2;
}

/**
 * The byte, or NUL past the end, which stands nowhere in the grammar. Reading `undefined` there once would make V8
 * give up on integer code for every later message: four times slower after one truncated line.
 */
function byteAt(bytes: Buffer, pos: number): number {
  return pos < bytes.length ? (bytes[pos] as number) : 0;
}
