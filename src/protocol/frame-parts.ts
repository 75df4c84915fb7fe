/** Collects, while a message is scanned, the spans that we read. Knows names and places, not which of them belong together. */

import type { Watch } from './json-scan.ts';
import { stringIs } from './json-string.ts';
import { MemberIndex } from './member-index.ts';
import type { Span } from './span.ts';

const BACKSLASH = 0x5c;

// Numbers, not strings, because storing under a changing name is slow; the order is that of NAMES.
const JSONRPC = 0;
const ID = 1;
const METHOD = 2;
const PARAMS = 3;
const RESULT = 4;
const ERROR = 5;
const OTHER = -1;
const NAMES = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'] as const;

/** Where the members of a body, and of the last `_meta` in it, stand. */
export class NotedBody {
  readonly members = new MemberIndex();
  meta: MemberIndex | undefined = undefined;
}

const NOTHING = Buffer.alloc(0);

/**
 * The last value of each top-level member that we read, the last `_meta` in it, and where the first repetition stands.
 * Used again and again, since a scan is synchronous: `begin`, scan, read, `end`.
 */
export class FrameParts implements Watch {
  paramsMeta: Span | undefined = undefined;
  resultMeta: Span | undefined = undefined;
  /** Offset of the first key that repeats one that we read. */
  twiceAt: number | undefined = undefined;
  /** The same for `requestId` in a body, which only one notification reads. */
  requestIdTwiceAt: number | undefined = undefined;
  /** The members of the last `params` and of the last `result`; undefined where none was seen. */
  paramsNoted: NotedBody | undefined = undefined;
  resultNoted: NotedBody | undefined = undefined;
  #bytes: Buffer = NOTHING;
  /** Of each name; 0 where it does not stand, since nothing that is named stands there. */
  readonly #starts = NAMES.map(() => 0);
  readonly #ends = NAMES.map(() => 0);
  #name = OTHER;
  #start = 0;
  #meta: Span | undefined = undefined;
  /** Of the body that is being passed. */
  #noted: NotedBody | undefined = undefined;
  #isMeta = false;
  #metaStart = 0;
  #hasToken = false;
  #hasRequestId = false;

  begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#starts.fill(0);
    this.#name = OTHER;
    this.#noted = undefined;
    this.#meta = undefined;
    this.#isMeta = false;
    this.#hasRequestId = false;
    this.paramsMeta = undefined;
    this.resultMeta = undefined;
    this.paramsNoted = undefined;
    this.resultNoted = undefined;
    this.twiceAt = undefined;
    this.requestIdTwiceAt = undefined;
  }

  /** Keeps nothing of the message alive. */
  end(): void {
    this.begin(NOTHING);
  }

  get jsonrpc(): Span | undefined {
    return this.#span(JSONRPC);
  }

  get id(): Span | undefined {
    return this.#span(ID);
  }

  get method(): Span | undefined {
    return this.#span(METHOD);
  }

  get params(): Span | undefined {
    return this.#span(PARAMS);
  }

  get result(): Span | undefined {
    return this.#span(RESULT);
  }

  get error(): Span | undefined {
    return this.#span(ERROR);
  }

  key(depth: number, keyStart: number, keyEnd: number, valueStart: number): void {
    if (depth === 1) {
      this.#name = nameOf(this.#bytes, keyStart, keyEnd);
      this.#start = valueStart;
      this.#meta = undefined;
      this.#isMeta = false;
      this.#noted = undefined;
      if (this.#name === PARAMS) this.#noted = this.paramsNoted = new NotedBody();
      else if (this.#name === RESULT) this.#noted = this.resultNoted = new NotedBody();
      if (this.#name !== OTHER && this.#starts[this.#name] !== 0) this.twiceAt ??= keyStart;
    } else if (this.#noted !== undefined) {
      if (depth === 2) this.#bodyKey(keyStart, keyEnd, valueStart);
      else if (this.#isMeta) this.#metaKey(keyStart, keyEnd, valueStart);
    }
  }

  value(depth: number, end: number): void {
    if (depth === 3) {
      if (this.#isMeta) this.#noted?.meta?.close(end);
      return;
    }
    if (depth === 2) {
      this.#noted?.members.close(end);
      if (this.#isMeta) this.#meta = { start: this.#metaStart, end };
      return;
    }
    if (this.#name === OTHER) return;
    this.#starts[this.#name] = this.#start;
    this.#ends[this.#name] = end;
    if (this.#name === PARAMS) this.paramsMeta = this.#meta;
    else if (this.#name === RESULT) this.resultMeta = this.#meta;
  }

  #span(name: number): Span | undefined {
    const start = this.#starts[name] as number;
    return start === 0 ? undefined : { start, end: this.#ends[name] as number };
  }

  #bodyKey(keyStart: number, keyEnd: number, valueStart: number): void {
    this.#noted?.members.open(keyStart, keyEnd, valueStart);
    this.#isMeta = stringIs(this.#bytes, keyStart, keyEnd, '_meta');
    this.#hasToken = false;
    this.#metaStart = valueStart;
    if (this.#isMeta && this.#noted !== undefined) this.#noted.meta = new MemberIndex();
    if (this.#isMeta && this.#meta !== undefined) this.twiceAt ??= keyStart;
    if (!stringIs(this.#bytes, keyStart, keyEnd, 'requestId')) return;
    if (this.#hasRequestId) this.requestIdTwiceAt ??= keyStart;
    this.#hasRequestId = true;
  }

  #metaKey(keyStart: number, keyEnd: number, valueStart: number): void {
    this.#noted?.meta?.open(keyStart, keyEnd, valueStart);
    if (!stringIs(this.#bytes, keyStart, keyEnd, 'progressToken')) return;
    if (this.#hasToken) this.twiceAt ??= keyStart;
    this.#hasToken = true;
  }
}

/** The six names begin with six different letters, so one comparison will do unless the key begins with an escape. */
function nameOf(bytes: Buffer, keyStart: number, keyEnd: number): number {
  const first = bytes[keyStart + 1];
  if (first === BACKSLASH) return NAMES.findIndex((name) => stringIs(bytes, keyStart, keyEnd, name));
  const candidate = first === undefined ? OTHER : (BY_FIRST_BYTE[first] ?? OTHER);
  return candidate !== OTHER && stringIs(bytes, keyStart, keyEnd, NAMES[candidate] ?? '') ? candidate : OTHER;
}

const BY_FIRST_BYTE = Int8Array.from({ length: 256 }, (_, byte) =>
  NAMES.findIndex((name) => name.charCodeAt(0) === byte),
);
