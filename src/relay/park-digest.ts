/** Tells whether a retry is the call it says it continues: same method, same target, same arguments, in any notation. */
import { createHash } from 'node:crypto';
import type { Frame, Span } from '../protocol/frame.ts';
import { elements, findMember, members } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** Numbers count as they are written. A client's depth is bounded, so this may recurse. */
export function digestOf({ bytes, body, method }: Frame): string {
  const hash = createHash('sha256').update(JSON.stringify(method));
  for (const name of ['name', 'uri', 'arguments']) {
    const span = body && findMember(bytes, body, name);
    hash.update(`\n${span === undefined ? '' : canonical(bytes, span)}`);
  }
  return hash.digest('base64url');
}

/** Members in the order of their names, of repeated ones the last, no space, strings in one spelling. */
function canonical(bytes: Buffer, span: Span): string {
  const first = bytes[span.start];
  if (first === OPEN_BRACE) {
    const last = new Map(members(bytes, span).map(({ key, value }) => [key, value]));
    const sorted = [...last].sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${canonical(bytes, value)}`).join(',')}}`;
  }
  if (first === OPEN_BRACKET)
    return `[${elements(bytes, span)
      .map((item) => canonical(bytes, item))
      .join(',')}]`;
  const text = stringAt(bytes, span);
  return text === undefined ? bytes.toString('latin1', span.start, span.end) : JSON.stringify(text);
}
