/** What is handed to a socket: a small message as text, a large one as the pieces it consists of. */
import type { Message } from './message.ts';
import { type Edit, inOrder, splice } from './splice.ts';

/**
 * The bytes of one write. A text has one character for each byte (latin1): joining such texts and writing the result costs
 * less than it does with buffers, each of which is an object with memory of its own. Pieces are views, never copies.
 */
export type Payload = string | readonly Buffer[];

/** Up to here a text is cheaper than pieces, in bytes. */
const MAX_TEXT_BYTES = 16 * 1024;

export function toPayload({ frame, edits }: Message): Payload {
  return splicePayload(frame.bytes, edits);
}

/** The same for a part of a message; the edits count from its start. */
export function splicePayload(bytes: Buffer, edits: readonly Edit[]): Payload {
  return bytes.length > MAX_TEXT_BYTES ? splice({ bytes }, edits) : spliceText(bytes, edits);
}

/** A text of ours in UTF-8, one character for each byte. Most are ASCII, which is that already. */
export function textPayload(text: string): string {
  for (let at = 0; at < text.length; at += 1)
    if (text.charCodeAt(at) > 0x7f) return Buffer.from(text).toString('latin1');
  return text;
}

export function payloadBytes(payload: Payload): number {
  if (typeof payload === 'string') return payload.length;
  let bytes = 0;
  for (const piece of payload) bytes += piece.length;
  return bytes;
}

/** `before` and `after` are latin1 texts themselves. */
export function wrapPayload(before: string, payload: Payload, after: string): Payload {
  if (typeof payload === 'string') return before + payload + after;
  return [Buffer.from(before, 'latin1'), ...payload, Buffer.from(after, 'latin1')];
}

export function toBuffers(payload: Payload): readonly Buffer[] {
  return typeof payload === 'string' ? [Buffer.from(payload, 'latin1')] : payload;
}

function spliceText(bytes: Buffer, edits: readonly Edit[]): string {
  let text = '';
  let done = 0;
  for (const edit of inOrder(bytes, edits)) {
    text += bytes.toString('latin1', done, edit.start);
    text += typeof edit.text === 'string' ? textPayload(edit.text) : edit.text.toString('latin1');
    done = edit.end;
  }
  return text + bytes.toString('latin1', done);
}
