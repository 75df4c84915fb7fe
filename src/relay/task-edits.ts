/** Tasks kept out of conversations that could not follow one up: its id may only be known to who made it. */
import type { Frame } from '../protocol/frame.ts';
import { findMember } from '../protocol/json-member.ts';
import { removeMembers } from '../protocol/member-edits.ts';
import type { Edit } from '../protocol/splice.ts';

/** A call that is not to become a task, as for a server that knows none (2025-11-25 tasks). */
export function withoutTask({ bytes, body }: Frame): Edit[] {
  return body === undefined ? [] : removeMembers(bytes, body, ['task']);
}

/** The answer to initialize of a server that offers tasks, without the offer. */
export function withoutTasks({ bytes, body }: Frame): Edit[] {
  const capabilities = body && findMember(bytes, body, 'capabilities');
  return capabilities === undefined ? [] : removeMembers(bytes, capabilities, ['tasks']);
}
