import type { Frame } from './frame.ts';
import type { Edit } from './splice.ts';

/**
 * A frame on its way, with the edits that make it the receiver's: ids and tokens restored, nothing else touched.
 * Edits are applied once, when the message is written.
 */
export interface Message {
  readonly frame: Frame;
  readonly edits: readonly Edit[];
}

const NO_EDITS: readonly Edit[] = [];

export function unedited(frame: Frame): Message {
  return { frame, edits: NO_EDITS };
}
