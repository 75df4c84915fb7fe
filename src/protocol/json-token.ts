/**
 * The grammar of RFC 8259 over bytes: nothing is decoded, nothing is built, nothing recurses.
 *
 * Every function takes the offset where something must begin and returns the offset after it, or `~at` (always
 * negative) when the bytes stop being JSON at `at`. UTF-8 is not checked here.
 */

// Not exported: V8 folds a constant of the module itself, but loads an exported or imported one each time.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

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

/** What stands between a key, whose end (or failure) is given, and its value. */
export function skipColon(bytes: Buffer, keyEnd: number): number {
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
/** Runs beyond this are so long that the end is looked for with the C library's search. */
const LONG_RUN_BYTES = 2048;
const NOT_SEARCHED = -1;

export function skipString(bytes: Buffer, start: number): number {
  if (byteAt(bytes, start) !== QUOTE) return ~start;
  const length = bytes.length;
  let pos = start + 1;
  // Where the next ones stand as far as they were searched, so that no byte is searched twice.
  let quote = NOT_SEARCHED;
  let backslash = NOT_SEARCHED;
  for (;;) {
    const near = Math.min(pos + SHORT_RUN_BYTES, length);
    while (pos < near && ENDS_RUN[bytes[pos] as number] === 0) pos++;
    if (pos === near) {
      const far = Math.min(pos + LONG_RUN_BYTES, length);
      pos = skipRun(bytes, pos, far);
      if (pos === far && far < length) {
        if (quote < pos) quote = indexOrEnd(bytes, QUOTE, pos);
        if (backslash < pos) backslash = indexOrEnd(bytes, BACKSLASH, pos);
        pos = firstControl(bytes, pos, Math.min(quote, backslash));
      }
    }
    const byte = byteAt(bytes, pos);
    if (byte === QUOTE) return pos + 1;
    if (byte !== BACKSLASH) return ~pos;
    pos = skipEscape(bytes, pos);
    if (pos < 0) return pos;
  }
}

/**
 * A plain run that ends before `end` or there, four bytes at a time, three times as fast: `(w - n * 0x01010101) & ~w &
 * 0x80808080` is not zero when some byte of `w` is less than `n`; a byte that is XORed with the one looked for is less
 * than 1 where it is equal.
 */
function skipRun(bytes: Buffer, start: number, end: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let pos = start;
  for (; pos <= end - 4; pos += 4) {
    const w = words.getInt32(pos, true);
    const low = (w - 0x20202020) | ((w ^ 0x22222222) - 0x01010101) | ((w ^ 0x5c5c5c5c) - 0x01010101);
    if ((low & ~w & 0x80808080) !== 0) break;
  }
  while (pos < end && ENDS_RUN[bytes[pos] as number] === 0) pos++;
  return pos;
}

/** Where a byte below 0x20 stands, or `end`: 32 bytes for one decision, since there hardly ever is one. */
function firstControl(bytes: Buffer, start: number, end: number): number {
  // Words are aligned in memory.
  let pos = Math.min(start + (-(bytes.byteOffset + start) & 3), end);
  for (let at = start; at < pos; at++) if ((bytes[at] as number) < SPACE) return at;
  // An array of no words must begin where one could, too.
  if (pos === end) return end;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + pos, (end - pos) >> 2);
  const blocks = words.length & ~7;
  let i = 0;
  for (; i < blocks; i += 8) {
    const low =
      hasControl(words[i] as number) |
      hasControl(words[i + 1] as number) |
      hasControl(words[i + 2] as number) |
      hasControl(words[i + 3] as number) |
      hasControl(words[i + 4] as number) |
      hasControl(words[i + 5] as number) |
      hasControl(words[i + 6] as number) |
      hasControl(words[i + 7] as number);
    if ((low & 0x80808080) !== 0) break;
  }
  pos += 4 * i;
  while (pos < end && (bytes[pos] as number) >= SPACE) pos++;
  return pos;
}

/** In the highest bit of each byte, at least up to the first that is less than 0x20. */
function hasControl(w: number): number {
  return (w - 0x20202020) & ~w;
}

function indexOrEnd(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from);
  return found < 0 ? bytes.length : found;
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

export function skipNumberOrWord(bytes: Buffer, start: number): number {
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

/**
 * The byte, or NUL past the end, which stands nowhere in the grammar. Reading `undefined` there once would make V8
 * give up on integer code for every later message: four times slower after one truncated line.
 */
export function byteAt(bytes: Buffer, pos: number): number {
  return pos < bytes.length ? (bytes[pos] as number) : 0;
}
