/** The members of a message that are looked at on its way: found while it was scanned, as a rule. */
import type { Frame } from './frame.ts';
import { findMember, hasTwice, members } from './json-member.ts';
import { stringAt } from './json-string.ts';
import type { Span } from './span.ts';

/** The value of the last member of that name in `params`, `result` or `error`. */
export function bodyMember({ bytes, body, noted }: Frame, name: string): Span | undefined {
  if (body === undefined) return undefined;
  return noted?.members.isWhole === true ? noted.members.find(bytes, name) : findMember(bytes, body, name);
}

/** The same in `_meta`. */
export function metaMember({ bytes, meta, noted }: Frame, name: string): Span | undefined {
  if (meta === undefined) return undefined;
  return noted?.meta?.isWhole === true ? noted.meta.find(bytes, name) : findMember(bytes, meta, name);
}

export function bodyHasTwice({ bytes, body, noted }: Frame, name: string): boolean {
  if (body === undefined) return false;
  return noted?.members.isWhole === true ? noted.members.count(bytes, name) > 1 : hasTwice(bytes, body, name);
}

/** The keys in `params`, `result` or `error` that equal the name but for upper and lower case, decoded. */
export function bodyLookalikes(frame: Frame, name: string): string[] {
  const { bytes, body, noted } = frame;
  if (body === undefined) return [];
  const wanted = name.toLowerCase();
  if (noted?.members.isWhole !== true)
    return members(bytes, body)
      .map(({ key }) => key)
      .filter((key) => key.toLowerCase() === wanted);
  const found: string[] = [];
  for (const span of noted.members.keys()) {
    // Shorter than the name, and without an escape, no key decodes to it.
    if (span.end - span.start < name.length + 2) continue;
    const key = stringAt(bytes, span) ?? '';
    if (key.toLowerCase() === wanted) found.push(key);
  }
  return found;
}
