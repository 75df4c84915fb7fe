import { scanFrame } from '../protocol/frame.ts';
import { type Message, unedited } from '../protocol/message.ts';

/** A message that the gateway wrote itself. */
export function ownFrame(text: string): Message {
  const scan = scanFrame(Buffer.from(text), 'server');
  if (!scan.ok) throw new TypeError(`the gateway wrote a malformed message: ${scan.why}`);
  return unedited(scan.frame);
}
