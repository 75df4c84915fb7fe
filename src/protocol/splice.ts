import type { Span } from './span.ts';

/** What stands at the span is replaced by `text`; an empty span inserts. `text` must keep the message JSON on one line. */
export interface Edit extends Span {
  readonly text: string | Buffer;
}

/**
 * Puts `text` where the span is. Every edit is made like this or written out: an object that is made by spreading a span has
 * a shape of its own each time, and V8 then looks for its members anew with every message.
 */
export function editAt({ start, end }: Span, text: string | Buffer): Edit {
  return { start, end, text };
}

/** The same edits of a text that begins at `start`. */
export function countedFrom(start: number, edits: readonly Edit[]): Edit[] {
  return edits.map((edit) => ({ start: edit.start - start, end: edit.end - start, text: edit.text }));
}

/**
 * The pieces of one write. What is not edited is a view of the frame's buffer, never a copy, so the buffer must stay
 * as it is until the write is done. Insertions at one place keep their order and precede a replacement that starts there.
 * Throws RangeError for edits that overlap or lie outside the text: a fault of ours, not of a peer.
 */
export function splice(frame: { readonly bytes: Buffer }, edits: readonly Edit[]): Buffer[] {
  const { bytes } = frame;
  if (edits.length === 0) return [bytes];
  const pieces: Buffer[] = [];
  let done = 0;
  for (const { start, end, text } of inOrder(bytes, edits)) {
    if (start > done) pieces.push(bytes.subarray(done, start));
    if (text.length > 0) pieces.push(typeof text === 'string' ? Buffer.from(text) : text);
    done = end;
  }
  if (done < bytes.length) pieces.push(bytes.subarray(done));
  return pieces;
}

/** The edits by their place. Throws RangeError as `splice` does. */
export function inOrder(bytes: Buffer, edits: readonly Edit[]): readonly Edit[] {
  const sorted = isSorted(edits) ? edits : [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  let done = 0;
  for (const { start, end } of sorted) {
    if (!(start >= done && end >= start && end <= bytes.length)) {
      throw new RangeError(`edit ${start}..${end} does not fit after ${done} in ${bytes.length} bytes`);
    }
    done = end;
  }
  return sorted;
}

/** Nearly always: messages are edited from front to back. */
function isSorted(edits: readonly Edit[]): boolean {
  for (let at = 1; at < edits.length; at += 1) {
    const before = edits[at - 1] as Edit;
    const edit = edits[at] as Edit;
    if (before.start > edit.start || (before.start === edit.start && before.end > edit.end)) return false;
  }
  return true;
}
