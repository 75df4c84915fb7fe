/** The members of a message that are looked at on its way: found while it was scanned, as a rule. */
import type { Frame } from './frame.ts';
import { findMember, hasTwice, members } from './json-member.ts';
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
export function bodyLookalikes({ bytes, body, noted }: Frame, name: string): readonly string[] {
  if (body === undefined) return [];
  if (noted?.members.isWhole === true) return noted.members.lookalikes(bytes, name);
  const wanted = name.toLowerCase();
  return members(bytes, body)
    .map(({ key }) => key)
    .filter((key) => key.toLowerCase() === wanted);
}
