import { removeMembers } from '../../protocol/member-edits.ts';
import type { Message } from '../../protocol/message.ts';
import { splice } from '../../protocol/splice.ts';

/** The params of a notification in the server's own text, but for the token by which the gateway knew whose it is. */
export function paramsText({ frame }: Message): Buffer | undefined {
  const { bytes, body } = frame;
  if (body === undefined) return undefined;
  const params = bytes.subarray(body.start, body.end);
  const all = { start: 0, end: params.length };
  return Buffer.concat(splice({ bytes: params }, removeMembers(params, all, ['progressToken'])));
}
