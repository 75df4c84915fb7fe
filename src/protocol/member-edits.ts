/** Edits that add members to an object, or take them out, and leave every other byte as it is. */
import type { Span } from './frame.ts';
import { findMember, members } from './json-member.ts';
import { type Edit, editAt } from './splice.ts';

/** `added` is the text of members without the braces; it goes last, where it wins over a namesake. */
export function addMembers(bytes: Buffer, object: Span, added: string): Edit {
  const at = object.end - 1;
  return { start: at, end: at, text: isEmpty(bytes, object) ? added : `,${added}` };
}

/** Takes out every member of these names, with the comma that belongs to each. */
export function removeMembers(bytes: Buffer, object: Span, names: readonly string[]): Edit[] {
  const all = members(bytes, object);
  const edits: Edit[] = [];
  let kept = 0;
  let cutFrom = object.start + 1;
  for (const { key, member } of all) {
    if (names.includes(key)) continue;
    // Everything between the last kept member and this one goes, but for one comma; between neighbours nothing does.
    const gap = bytes.toString('latin1', cutFrom, member.start);
    const wanted = kept > 0 ? ',' : '';
    if (gap.replaceAll(/[ \t]/g, '') !== wanted)
      edits.push({ start: cutFrom, end: member.start, text: wanted });
    kept += 1;
    cutFrom = member.end;
  }
  if (kept < all.length && cutFrom < object.end - 1)
    edits.push({ start: cutFrom, end: object.end - 1, text: '' });
  return edits;
}

/** Adds to `params` of a request or notification, which may have none. `added` is the text of members. */
export function addToParams(bytes: Buffer, params: Span | undefined, added: string): Edit {
  if (params !== undefined) return addMembers(bytes, params, added);
  const at = bytes.lastIndexOf('}');
  return { start: at, end: at, text: `,"params":{${added}}` };
}

/** Adds to `_meta` inside `outer`; both may be missing. */
export function addToMeta(bytes: Buffer, outer: Span | undefined, added: string): Edit {
  const meta = outer && findMember(bytes, outer, '_meta');
  if (meta !== undefined && bytes[meta.start] === OPEN_BRACE) return addMembers(bytes, meta, added);
  // What is there is no metadata; two of them could be read either way.
  if (meta !== undefined) return editAt(meta, `{${added}}`);
  return addToParams(bytes, outer, `"_meta":{${added}}`);
}

const OPEN_BRACE = 0x7b;

function isEmpty(bytes: Buffer, object: Span): boolean {
  for (let at = object.start + 1; at < object.end - 1; at += 1) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
  }
  return true;
}
