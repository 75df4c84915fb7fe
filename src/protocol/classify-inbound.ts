/**
 * Which front a request belongs to, or why it is refused, on the one URL that all revisions share. Evaluated from
 * top to bottom after Host, Origin and credentials. Pure: a session that must exist is looked up by its front.
 */
import type { ErrorCode } from '../errors.ts';
import { type Claim, claimOf, isValidModernClaim } from './claim.ts';
import { CLIENT_CAPABILITIES_KEY, isModernVersion, LEGACY_VERSIONS, PROTOCOL_VERSION_KEY } from './era.ts';
import type { Frame } from './frame.ts';

/** The headers and the query that tell; empty ones are absent. */
export interface InboundHead {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly querySessionId: string | undefined;
  readonly sessionId: string | undefined;
  readonly version: string | undefined;
  readonly lastEventId: string | undefined;
  readonly accept: string | undefined;
  /** Whether requests without a session are served that belong to one; absent is no. */
  readonly servesSessionless?: boolean;
}

export interface InboundBody {
  readonly frames: readonly Frame[];
  readonly batch: boolean;
}

export interface Refused {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly allow?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export type Inbound =
  | { readonly kind: 'sse-open' }
  /** When the event names no session of ours, `otherwise` holds. */
  | { readonly kind: 'sse-resume'; readonly otherwise: Inbound }
  | { readonly kind: 'sse-message'; readonly sessionId: string }
  | { readonly kind: 'legacy-open'; readonly frame: Frame }
  | { readonly kind: 'legacy-stream'; readonly sessionId: string }
  | { readonly kind: 'legacy-end'; readonly sessionId: string }
  | { readonly kind: 'legacy-message'; readonly sessionId: string; readonly frame: Frame }
  | { readonly kind: 'legacy-batch'; readonly sessionId: string; readonly frames: readonly Frame[] }
  /** A request without a session, where such clients are served. */
  | { readonly kind: 'legacy-sessionless'; readonly frame: Frame }
  | { readonly kind: 'modern'; readonly frame: Frame }
  | Refused;

const ONLY_POST = 'POST, OPTIONS';

export function classifyStream(head: InboundHead): Inbound {
  const { sessionId, version } = head;
  if (sessionId !== undefined) {
    return isModernVersion(version)
      ? refused('METHOD_NOT_ALLOWED', { allow: ONLY_POST })
      : { kind: 'legacy-stream', sessionId };
  }
  const otherwise = classifyBlindStream(head);
  return head.lastEventId === undefined ? otherwise : { kind: 'sse-resume', otherwise };
}

/** A Streamable HTTP client's optional stream and a blind reconnect name a version; an endpoint would mislead both. */
function classifyBlindStream({ version, accept }: InboundHead): Inbound {
  if (version !== undefined) return refused('METHOD_NOT_ALLOWED', { allow: ONLY_POST });
  return opensStream(accept) ? { kind: 'sse-open' } : refused('NOT_ACCEPTABLE');
}

/** Browsers accept anything among other things; only curl says nothing but that. */
function opensStream(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  if (accept.trim() === '*/*') return true;
  return accept.split(',').some((range) => /^\s*text\/event-stream\s*(;|$)/i.test(range));
}

export function classifyEnd({ sessionId, version }: InboundHead): Inbound {
  if (sessionId !== undefined) return { kind: 'legacy-end', sessionId };
  return isModernVersion(version)
    ? refused('METHOD_NOT_ALLOWED', { allow: ONLY_POST })
    : refused('SESSION_MISSING');
}

/** `parse` is called once it is known that the body matters; what it throws refuses the request. */
export function classifyMessage(head: InboundHead, parse: () => InboundBody): Inbound {
  if (head.querySessionId !== undefined) return { kind: 'sse-message', sessionId: head.querySessionId };
  const { frames, batch } = parse();
  const [frame] = frames;
  if (batch || frame === undefined) return classifyBatch(head, frames);
  if (frame.kind === 'response' || frame.kind === 'error') return classifyAnswer(head, frame);
  const claim = claimOf(frame);
  if (frame.kind === 'notification') return classifyNotification(head, frame, claim);
  return frame.method === 'initialize'
    ? classifyInitialize(head, frame, claim)
    : classifyRequest(head, frame, claim);
}

function classifyBatch({ version, sessionId }: InboundHead, frames: readonly Frame[]): Inbound {
  if (isModernVersion(version) || frames.some((frame) => claimOf(frame) !== undefined))
    return refused('BATCH');
  return sessionId === undefined ? refused('SESSION_MISSING') : { kind: 'legacy-batch', sessionId, frames };
}

function classifyAnswer({ version, sessionId }: InboundHead, frame: Frame): Inbound {
  if (isModernVersion(version))
    return refused('INVALID_REQUEST', { detail: 'Clients of this revision send no responses.' });
  return inSession(sessionId, frame);
}

function classifyNotification(
  { version, sessionId }: InboundHead,
  frame: Frame,
  claim: Claim | undefined,
): Inbound {
  if (claim !== undefined && !isWellFormed(claim)) return envelopeRefused(claim);
  if (claim !== undefined && version !== undefined && claim.version !== version)
    return refused('HEADER_MISMATCH');
  return claim !== undefined || isModernVersion(version)
    ? { kind: 'modern', frame }
    : inSession(sessionId, frame);
}

function classifyInitialize(
  { version, sessionId }: InboundHead,
  frame: Frame,
  claim: Claim | undefined,
): Inbound {
  if (isValidModernClaim(claim)) return { kind: 'modern', frame };
  if (isModernVersion(version))
    return refused('HEADER_MISMATCH', { detail: 'initialize belongs to revisions before this one.' });
  return sessionId === undefined
    ? { kind: 'legacy-open', frame }
    : { kind: 'legacy-message', sessionId, frame };
}

function classifyRequest(
  { version, sessionId, servesSessionless }: InboundHead,
  frame: Frame,
  claim: Claim | undefined,
): Inbound {
  if (claim !== undefined) return { kind: 'modern', frame };
  if (isModernVersion(version)) return envelopeRefused({ version: undefined, hasCapabilities: false });
  if (sessionId === undefined && version !== undefined && !LEGACY_VERSIONS.includes(version)) {
    return refused('VERSION_UNSUPPORTED', { data: { supported: LEGACY_VERSIONS, requested: version } });
  }
  if (sessionId === undefined && servesSessionless === true) return { kind: 'legacy-sessionless', frame };
  return inSession(sessionId, frame);
}

function inSession(sessionId: string | undefined, frame: Frame): Inbound {
  if (sessionId !== undefined) return { kind: 'legacy-message', sessionId, frame };
  return refused('SESSION_MISSING', {
    detail: 'Send initialize first, then the Mcp-Session-Id header of its answer.',
  });
}

function isWellFormed(claim: Claim): boolean {
  return claim.version !== undefined && claim.hasCapabilities;
}

function envelopeRefused(claim: Claim): Refused {
  const missing = [
    ...(claim.version === undefined ? [PROTOCOL_VERSION_KEY] : []),
    ...(claim.hasCapabilities ? [] : [CLIENT_CAPABILITIES_KEY]),
  ];
  return refused('ENVELOPE', { detail: `Missing or malformed: ${missing.join(', ')}.` });
}

function refused(code: ErrorCode, more: Omit<Refused, 'kind' | 'code'> = {}): Refused {
  return { kind: 'refused', code, ...more };
}
