/** Whole values of JSON, containers included, without recursion. The conventions are those of json-token.ts. */
import { byteAt, skipColon, skipNumberOrWord, skipSpace, skipString } from './json-token.ts';

export { skipSpace };

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/** A depth that no buffer can reach. */
export const UNLIMITED_DEPTH = 0x7fff_ffff;

/** Told of members as the scan passes them, down to objects in objects in the outermost object. */
export interface Watch {
  /** `depth` is 1 to 3; the key comes with its quotes. */
  key(depth: number, keyStart: number, keyEnd: number, valueStart: number): void;
  /** `depth` is 1 to 3; `end` is what follows the value of the member last told at this depth. */
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
      if (depth <= 3 && inObject && watch !== undefined) watch.value(depth, pos);
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

/** What must follow the outermost value, whose end (or failure) is given: white space up to the end of the buffer. */
export function skipTail(bytes: Buffer, end: number): number {
  if (end < 0) return end;
  const pos = skipSpace(bytes, end);
  return pos === bytes.length ? pos : ~pos;
}

/** Both closing bytes are their opening byte plus two. */
function closing(open: number): number {
  return open + 2;
}
