/**
 * Looking into a span of proven JSON. Spans are offsets into the buffer they were found in; nothing is copied.
 * A span that is not of the expected kind has no members and no elements.
 */

import { ChildCursor, skipValue, UNLIMITED_DEPTH } from './json-scan.ts';
import { stringAt, stringIs } from './json-string.ts';
import type { Span } from './span.ts';

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

export interface Member {
  /** Decoded. */
  readonly key: string;
  /** With its quotes. */
  readonly keySpan: Span;
  readonly value: Span;
  /** From the key to the end of the value, without a comma. */
  readonly member: Span;
}

/** The value of the last member of that name, which is the one JSON.parse keeps. Names are compared decoded. */
export function findMember(bytes: Buffer, object: Span, name: string): Span | undefined {
  let found: Span | undefined;
  const child = membersOf(bytes, object);
  while (child.next()) {
    child.end = skipValue(bytes, child.start, UNLIMITED_DEPTH);
    if (stringIs(bytes, child.keyStart, child.keyEnd, name)) found = { start: child.start, end: child.end };
  }
  return found;
}

/** Whether a member of that name, compared decoded, stands more than once. */
export function hasTwice(bytes: Buffer, object: Span, name: string): boolean {
  let count = 0;
  const child = membersOf(bytes, object);
  while (child.next()) {
    if (stringIs(bytes, child.keyStart, child.keyEnd, name)) count++;
    child.end = skipValue(bytes, child.start, UNLIMITED_DEPTH);
  }
  return count > 1;
}

/** Every member in the order of the text, repeated names included. */
export function members(bytes: Buffer, object: Span): Member[] {
  const all: Member[] = [];
  const child = membersOf(bytes, object);
  while (child.next()) {
    child.end = skipValue(bytes, child.start, UNLIMITED_DEPTH);
    const { keyStart, keyEnd, start, end } = child;
    const keySpan = { start: keyStart, end: keyEnd };
    const key = stringAt(bytes, keySpan) ?? '';
    all.push({ key, keySpan, value: { start, end }, member: { start: keyStart, end } });
  }
  return all;
}

export function elements(bytes: Buffer, array: Span): Span[] {
  if (bytes[array.start] !== OPEN_BRACKET) return [];
  const all: Span[] = [];
  const child = new ChildCursor(bytes, array.start);
  while (child.next()) {
    child.end = skipValue(bytes, child.start, UNLIMITED_DEPTH);
    all.push({ start: child.start, end: child.end });
  }
  return all;
}

/** The value as JavaScript has it: numbers lose precision, the last of repeated names wins. For small spans, off the hot path. */
export function parseAt(bytes: Buffer, span: Span): unknown {
  return JSON.parse(bytes.toString('utf8', span.start, span.end));
}

/** Past the end of the buffer there is no container, so a cursor placed there has no children. */
function membersOf(bytes: Buffer, object: Span): ChildCursor {
  return new ChildCursor(bytes, bytes[object.start] === OPEN_BRACE ? object.start : bytes.length);
}
