/** Which id the refusal of a body carries. Asked after a request has failed, so the body may be anything at all. */
import { isModernVersion, PROTOCOL_VERSION_KEY } from './era.ts';
import { isId, type Span, scanFrame } from './frame.ts';
import { elements, findMember, hasTwice } from './json-member.ts';
import { skipSpace } from './json-scan.ts';

/**
 * The text of the request's id, wherever that can be read. Where not, null, as revisions with a handshake write it; or
 * undefined when the header or the body is of the modern era, whose schema knows no null and leaves the member out.
 */
export function refusedId(body: unknown, version: string | undefined): Buffer | null | undefined {
  const proven = Buffer.isBuffer(body) && isProvenJson(body);
  const id = proven ? requestIdIn(body, wholeOf(body)) : undefined;
  if (proven && id !== undefined) return body.subarray(id.start, id.end);
  return isRefusedModern(body, version) ? undefined : null;
}

/** Whether the header or the body says that the request is of the modern era. */
export function isRefusedModern(body: unknown, version: string | undefined): boolean {
  if (isModernVersion(version)) return true;
  if (!Buffer.isBuffer(body) || !isProvenJson(body)) return false;
  const whole = wholeOf(body);
  return [whole, ...elements(body, whole)].some((message) => claims(body, message));
}

function wholeOf(body: Buffer): Span {
  return { start: skipSpace(body, 0), end: body.length };
}

function isProvenJson(body: Buffer): boolean {
  const scan = scanFrame(body, 'client');
  return scan.ok || (scan.why !== 'json' && scan.why !== 'utf8');
}

/** Only requests ask: the id of an answer is the server's own. Which of two ids is meant cannot be told. */
function requestIdIn(body: Buffer, message: Span): Span | undefined {
  const has = (name: string) => findMember(body, message, name) !== undefined;
  if (!has('method') || has('result') || has('error') || hasTwice(body, message, 'id')) return undefined;
  const id = findMember(body, message, 'id');
  return id !== undefined && isId(body, id) ? id : undefined;
}

function claims(body: Buffer, message: Span): boolean {
  const params = findMember(body, message, 'params');
  const meta = params && findMember(body, params, '_meta');
  return meta !== undefined && findMember(body, meta, PROTOCOL_VERSION_KEY) !== undefined;
}
