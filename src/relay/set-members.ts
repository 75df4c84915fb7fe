/** Members of one object put in the place of their namesakes, and objects as text; what is not named keeps its bytes. */
import type { Span } from '../protocol/frame.ts';
import { members } from '../protocol/json-member.ts';
import { removeMembers } from '../protocol/member-edits.ts';
import { countedFrom, type Edit, splice } from '../protocol/splice.ts';

/** Puts members in front of all others and takes out what stood under their names; without a text it only takes out. */
export function setMembers(
  bytes: Buffer,
  object: Span,
  texts: Readonly<Record<string, string | undefined>>,
): Edit[] {
  const names = Object.keys(texts);
  const removed = removeMembers(bytes, object, names);
  const added = Object.entries(texts).flatMap(([key, text]) =>
    text === undefined ? [] : [`${JSON.stringify(key)}:${text}`],
  );
  if (added.length === 0) return removed;
  const at = object.start + 1;
  const comma = hasOnly(bytes, object, names) ? '' : ',';
  return [{ start: at, end: at, text: added.join(',') + comma }, ...removed];
}

/** Whether nothing is left of an object without the members of these names. */
export function hasOnly(bytes: Buffer, object: Span, names: readonly string[]): boolean {
  return members(bytes, object).every(({ key }) => names.includes(key));
}

/** The text of a span after edits that lie within it. */
export function editedText(bytes: Buffer, { start, end }: Span, edits: readonly Edit[] = []): string {
  return Buffer.concat(splice({ bytes: bytes.subarray(start, end) }, countedFrom(start, edits))).toString();
}
