import type { Frame } from './frame.ts';

const NULL = Buffer.from('null');

/** The id as its own text, to be put back byte for byte; `null` for a frame that has none. */
export function idText({ bytes, id }: Frame): Buffer {
  return id === undefined ? NULL : bytes.subarray(id.start, id.end);
}
