/**
 * One pass over a peer's bytes proves that they are JSON and finds the spans that may have to change; all else
 * stays as it came: number texts, key order, repeated names, depth.
 */
import { isUtf8 } from 'node:buffer';
import { FrameParts, type NotedBody } from './frame-parts.ts';
import { ChildCursor, skipSpace, skipTail, skipValue, UNLIMITED_DEPTH } from './json-scan.ts';
import { stringAt, stringIs } from './json-string.ts';
import { MAX_CLIENT_DEPTH, MAX_ID_BYTES } from './limits.ts';
import type { Span } from './span.ts';

const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_BRACKET = 0x5b;
const LOWER_N = 0x6e;
const OPEN_BRACE = 0x7b;

export type { Span };

export type FrameKind = 'request' | 'notification' | 'response' | 'error';

export interface Frame {
  /** Proven JSON in UTF-8 on one line. */
  readonly bytes: Buffer;
  readonly kind: FrameKind;
  /** Decoded; undefined in responses and errors. */
  readonly method: string | undefined;
  /** The text of the id, quotes included; undefined in notifications and in errors that answer no known request. */
  readonly id: Span | undefined;
  /** The value of `params`, `result` or `error`, whichever belongs to the kind. */
  readonly body: Span | undefined;
  /** The value of `_meta` in `params` or `result`, when it is an object. */
  readonly meta: Span | undefined;
  /** Where the members of `params` or `result`, and of `_meta`, stand; read through frame-members.ts. */
  readonly noted?: NotedBody | undefined;
}

export type Peer = 'client' | 'server';

export interface Refusal {
  readonly ok: false;
  /**
   * `json`, `utf8`: not a message at all, reported before anything else that is wrong. `depth`, `duplicate`: JSON
   * that we do not accept from a client. `id`: neither a string nor a number, or too long. `shape`: not JSON-RPC 2.0.
   */
  readonly why: 'json' | 'utf8' | 'shape' | 'duplicate' | 'depth' | 'id';
  /** Offset where it shows; 0 when no place can be named. */
  readonly at: number;
}

export type Scan = { readonly ok: true; readonly frame: Frame } | Refusal;

/**
 * Takes the buffer over: raw newlines between tokens become spaces in place, even when the message is refused.
 * From a client a member that we read must stand once; from a server the last one counts, as in JSON.parse.
 */
export function scanFrame(bytes: Buffer, from: Peer): Scan {
  if (!isUtf8(bytes)) return refuse('utf8', 0);
  parts.begin(bytes);
  const scan = scanText(bytes, from);
  parts.end();
  return scan;
}

const parts = new FrameParts();

function scanText(bytes: Buffer, from: Peer): Scan {
  const maxDepth = from === 'client' ? MAX_CLIENT_DEPTH : UNLIMITED_DEPTH;
  const start = skipSpace(bytes, 0);
  const isObject = bytes[start] === OPEN_BRACE;
  const end = skipValue(bytes, start, maxDepth, parts);
  const tail = skipTail(bytes, end);
  if (tail < 0) return refuseText(bytes, start, ~tail);
  if (!isObject) return refuse('shape', start);
  if (from === 'client' && parts.twiceAt !== undefined) return refuse('duplicate', parts.twiceAt);
  const { jsonrpc, method } = parts;
  if (jsonrpc === undefined) return refuse('shape', start);
  if (!isVersion2(bytes, jsonrpc)) return refuse('shape', jsonrpc.start);
  const scan = method === undefined ? answerOf(bytes, start) : callOf(bytes, method);
  if (from === 'server' || parts.requestIdTwiceAt === undefined || !scan.ok) return scan;
  return scan.frame.method === 'notifications/cancelled' ? refuse('duplicate', parts.requestIdTwiceAt) : scan;
}

/** Whether the text is an array, that is a batch if it is a message at all. */
export function isBatch(bytes: Buffer): boolean {
  return bytes[skipSpace(bytes, 0)] === OPEN_BRACKET;
}

/**
 * The elements of a top-level array of proven JSON, each still to be scanned as a message; none for `[]`.
 * Takes the buffer over as scanFrame does. A client's depth is counted from the element, as for a lone message.
 */
export function splitBatch(
  bytes: Buffer,
  from: Peer,
): { readonly ok: true; readonly items: Span[] } | Refusal {
  if (!isUtf8(bytes)) return refuse('utf8', 0);
  const maxDepth = from === 'client' ? MAX_CLIENT_DEPTH : UNLIMITED_DEPTH;
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== OPEN_BRACKET) {
    const end = skipTail(bytes, skipValue(bytes, start, UNLIMITED_DEPTH));
    return end < 0 ? refuse('json', ~end) : refuse('shape', start);
  }
  const items: Span[] = [];
  const child = new ChildCursor(bytes, start);
  while (child.next()) {
    child.end = skipValue(bytes, child.start, maxDepth);
    items.push({ start: child.start, end: child.end });
  }
  const tail = skipTail(bytes, child.after);
  return tail < 0 ? refuseText(bytes, start, ~tail) : { ok: true, items };
}

function callOf(bytes: Buffer, methodSpan: Span): Scan {
  const { id, params } = parts;
  const method = methodAt(bytes, methodSpan);
  if (method === undefined) return refuse('shape', methodSpan.start);
  const answer = parts.result ?? parts.error;
  if (answer !== undefined) return refuse('shape', answer.start);
  if (params !== undefined && bytes[params.start] !== OPEN_BRACE && bytes[params.start] !== OPEN_BRACKET) {
    return refuse('shape', params.start);
  }
  if (id !== undefined && !isId(bytes, id)) return refuse('id', id.start);
  const kind = id === undefined ? 'notification' : 'request';
  return {
    ok: true,
    frame: {
      bytes,
      kind,
      method,
      id,
      body: params,
      meta: objectOnly(bytes, parts.paramsMeta),
      noted: parts.paramsNoted,
    },
  };
}

/** An error may answer nobody: without an id (2025-11-25 on) or with null there (JSON-RPC 2.0, section 5). */
function answerOf(bytes: Buffer, start: number): Scan {
  const { id: idSpan, result, error } = parts;
  if ((result === undefined) === (error === undefined)) return refuse('shape', start);
  if (error !== undefined && bytes[error.start] !== OPEN_BRACE) return refuse('shape', error.start);
  const id =
    error !== undefined && idSpan !== undefined && bytes[idSpan.start] === LOWER_N ? undefined : idSpan;
  if (id === undefined && error === undefined) return refuse('shape', start);
  if (id !== undefined && !isId(bytes, id)) return refuse('id', id.start);
  const body = result ?? error;
  const meta = result === undefined ? undefined : objectOnly(bytes, parts.resultMeta);
  return {
    ok: true,
    frame: {
      bytes,
      kind: result === undefined ? 'error' : 'response',
      method: undefined,
      id,
      body,
      meta,
      noted: result === undefined ? undefined : parts.resultNoted,
    },
  };
}

function isVersion2(bytes: Buffer, jsonrpc: Span): boolean {
  return bytes[jsonrpc.start] === QUOTE && stringIs(bytes, jsonrpc.start, jsonrpc.end, '2.0');
}

/** A string or a number of bearable length; null is none. */
export function isId(bytes: Buffer, id: Span): boolean {
  const first = bytes[id.start] as number;
  const isStringOrNumber = first === QUOTE || first === MINUS || (first >= ZERO && first <= NINE);
  return isStringOrNumber && id.end - id.start <= MAX_ID_BYTES;
}

function objectOnly(bytes: Buffer, span: Span | undefined): Span | undefined {
  return span !== undefined && bytes[span.start] === OPEN_BRACE ? span : undefined;
}

/** Longer than any method of the protocol: what is kept between messages stays a few kilobytes. */
const MAX_RECENT_BYTES = 64;
const recentMethods: string[] = Array.from({ length: 64 }, () => '');

/** Decoding costs more than the rest of a short scan, and the methods in use are few: those last seen are compared first. */
function methodAt(bytes: Buffer, span: Span): string | undefined {
  if (bytes[span.start] !== QUOTE) return undefined;
  const length = span.end - span.start;
  if (length > MAX_RECENT_BYTES) return stringAt(bytes, span);
  const slot = (length * 31 + (bytes[span.end - 2] as number)) & 63;
  const recent = recentMethods[slot] as string;
  if (stringIs(bytes, span.start, span.end, recent)) return recent;
  const method = stringAt(bytes, span) ?? '';
  recentMethods[slot] = method;
  return method;
}

/** Tells JSON that is too deep from what is not JSON, wherever the first fault is. */
function refuseText(bytes: Buffer, start: number, at: number): Refusal {
  const end = skipTail(bytes, skipValue(bytes, start, UNLIMITED_DEPTH));
  return end < 0 ? refuse('json', ~end) : refuse('depth', at);
}

function refuse(why: Refusal['why'], at: number): Refusal {
  return { ok: false, why, at };
}
