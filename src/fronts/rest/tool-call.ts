/** One REST call of a tool: a body becomes a tools/call, its answer an HTTP response. */
import { GatewayError } from '../../errors.ts';
import { bodyOf } from '../../instance/ask.ts';
import { type Frame, scanFrame } from '../../protocol/frame.ts';
import { bodyMember } from '../../protocol/frame-members.ts';
import { type Message, unedited } from '../../protocol/message.ts';
import { type Payload, splicePayload } from '../../protocol/payload.ts';
import { countedFrom } from '../../protocol/splice.ts';

const OPEN_BRACE = 0x7b;
/** Progress is what lets a call take longer than `callTimeoutMs`; the token is another on the wire. */
const TAIL = Buffer.from(',"_meta":{"progressToken":0}}}');
let lastId = 0;

/**
 * The arguments stay the caller's own text. @throws GatewayError PARSE, TOO_DEEP or INVALID_ARGUMENTS; a body that
 * is not exactly one JSON object never gets to look like more than the arguments.
 */
export function toToolCall(tool: string, body: unknown): Message {
  const args = trimmed(Buffer.isBuffer(body) && body.length > 0 ? body : Buffer.from('{}'));
  lastId += 1;
  const head = Buffer.from(
    `{"jsonrpc":"2.0","id":${lastId},"method":"tools/call","params":{"name":${JSON.stringify(tool)},"arguments":`,
  );
  const scan = scanFrame(Buffer.concat([head, args, TAIL]), 'client');
  if (!scan.ok) throw new GatewayError(scan.why === 'depth' ? 'TOO_DEEP' : 'PARSE');
  const { frame } = scan;
  const span = bodyMember(frame, 'arguments');
  if (span === undefined || span.start !== head.length || span.end !== head.length + args.length)
    throw new GatewayError('PARSE');
  if (args[0] !== OPEN_BRACE) throw new GatewayError('INVALID_ARGUMENTS');
  return unedited(frame);
}

/** The result as the server wrote it, but for what a bridge between eras changed in it. */
export function resultPayload({ frame: { bytes, body }, edits }: Message): Payload {
  if (body === undefined) return '{}';
  const inside = edits.filter(({ start, end }) => start >= body.start && end <= body.end);
  return splicePayload(bytes.subarray(body.start, body.end), countedFrom(body.start, inside));
}

export interface ServerError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export function serverErrorOf(frame: Frame): ServerError {
  const { code, message, data } = (bodyOf(frame) ?? {}) as Partial<ServerError>;
  return {
    code: typeof code === 'number' ? code : -32603,
    message: typeof message === 'string' ? message : 'The server gave no message.',
    ...(data === undefined ? {} : { data }),
  };
}

function trimmed(body: Buffer): Buffer {
  let start = 0;
  let end = body.length;
  while (start < end && isSpace(body[start])) start += 1;
  while (end > start && isSpace(body[end - 1])) end -= 1;
  return body.subarray(start, end);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
