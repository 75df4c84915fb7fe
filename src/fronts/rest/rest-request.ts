/** The requests of MCP that REST calls become. What a caller wrote stays its own text. */
import { GatewayError } from '../../errors.ts';
import { envelope } from '../../protocol/envelope.ts';
import { type Era, LOG_LEVEL_KEY } from '../../protocol/era.ts';
import { type Frame, type Scan, type Span, scanFrame } from '../../protocol/frame.ts';
import { findMember } from '../../protocol/json-member.ts';
import { removeMembers } from '../../protocol/member-edits.ts';
import { type Message, unedited } from '../../protocol/message.ts';
import { splice } from '../../protocol/splice.ts';
import { type CapabilityClass, NO_CAPABILITIES } from '../../relay/capability-class.ts';
import { VERSION } from '../../util/version.ts';

/** Names and values of an object, the values as JSON text that is proven or our own. */
export type Members = readonly (readonly [string, Buffer | string])[];

/** What a body brings: arguments, and with a call that goes on after a question the answers to it. */
export interface CallBody {
  readonly args: Buffer;
  /** `inputResponses` and `requestState`, as far as they are there. */
  readonly answers: Members;
}

export interface RequestTerms {
  readonly era: Era;
  readonly capabilities: CapabilityClass | undefined;
  /** Whether somebody hears of log messages and progress. */
  readonly listens: boolean;
}

const OPEN_BRACE = 0x7b;
const QUOTE = 0x22;
const CLIENT_INFO = { name: 'mcp-gateway', version: VERSION };
/** What the server is asked to log for a caller who listens. */
const LOG_LEVEL = 'info';
/** At the depth at which arguments stand in a request, so that what passes here is not too deep there. */
const PROVING = Buffer.from('{"jsonrpc":"2.0","method":"x","params":{"x":');
const PROVED = Buffer.from('}}');
let lastId = 0;

/**
 * A body that is exactly one JSON object; nothing at all counts as an empty one. Where the caller can answer questions,
 * two members of the body are answers and no arguments. @throws GatewayError PARSE, TOO_DEEP or INVALID_ARGUMENTS
 */
export function readCallBody(body: unknown, mayAnswer: boolean): CallBody {
  const { bytes, span } = provenObject(Buffer.isBuffer(body) && body.length > 0 ? body : Buffer.from('{}'));
  const args = bytes.subarray(span.start, span.end);
  if (!mayAnswer) return { args, answers: [] };
  const responses = memberOf(bytes, span, 'inputResponses', OPEN_BRACE);
  const state = memberOf(bytes, span, 'requestState', QUOTE);
  if (responses === undefined && state === undefined) return { args, answers: [] };
  const all = { start: 0, end: args.length };
  const edits = removeMembers(args, all, ['inputResponses', 'requestState']);
  return {
    args: Buffer.concat(splice({ bytes: args }, edits)),
    answers: [
      ...(responses === undefined ? [] : [['inputResponses', responses] as const]),
      ...(state === undefined ? [] : [['requestState', state] as const]),
    ],
  };
}

/** Ids are strings: those of the gateway's other requests on the same lease are numbers. */
export function toRequest(method: string, params: Members, terms: RequestTerms): Message {
  lastId += 1;
  const id = `"rest-${lastId}"`;
  const all = [...params, ['_meta', metaText(id, terms)] as const];
  const pieces = all.flatMap(([name, value], index) => [
    Buffer.from(`${index === 0 ? '' : ','}${JSON.stringify(name)}:`),
    typeof value === 'string' ? Buffer.from(value) : value,
  ]);
  const head = `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":{`;
  return unedited(framed(Buffer.concat([Buffer.from(head), ...pieces, Buffer.from('}}')])));
}

/** Progress is asked for whoever waits: it is what lets a call take longer than `callTimeoutMs`. */
function metaText(id: string, { era, capabilities, listens }: RequestTerms): string {
  if (era === 'legacy') return `{"progressToken":${id}}`;
  return JSON.stringify({
    ...envelope(CLIENT_INFO, (capabilities ?? NO_CAPABILITIES).declared),
    ...(listens ? { [LOG_LEVEL_KEY]: LOG_LEVEL } : {}),
    progressToken: JSON.parse(id) as string,
  });
}

function provenObject(body: Buffer): { readonly bytes: Buffer; readonly span: Span } {
  const { bytes, body: params } = framed(Buffer.concat([PROVING, body, PROVED]));
  const span = params && findMember(bytes, params, 'x');
  const end = bytes.length - PROVED.length;
  // A body that closes the object around it would otherwise say more than its arguments.
  const isWhole =
    span !== undefined && blank(bytes, PROVING.length, span.start) && blank(bytes, span.end, end);
  if (!isWhole) throw new GatewayError('PARSE');
  if (bytes[span.start] !== OPEN_BRACE) throw new GatewayError('INVALID_ARGUMENTS');
  return { bytes, span };
}

function framed(bytes: Buffer): Frame {
  const scan: Scan = scanFrame(bytes, 'client');
  if (!scan.ok) throw new GatewayError(scan.why === 'depth' ? 'TOO_DEEP' : 'PARSE');
  return scan.frame;
}

function blank(bytes: Buffer, start: number, end: number): boolean {
  return end >= start && bytes.toString('latin1', start, end).trim() === '';
}

/** @throws GatewayError INVALID_ARGUMENTS when it is there and of another kind */
function memberOf(bytes: Buffer, object: Span, name: string, first: number): Buffer | undefined {
  const span = findMember(bytes, object, name);
  if (span === undefined) return undefined;
  if (bytes[span.start] !== first)
    throw new GatewayError('INVALID_ARGUMENTS', `${name} is not what it should be.`);
  return bytes.subarray(span.start, span.end);
}
