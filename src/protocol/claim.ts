/** What a message says of itself in `params._meta`: the claim to be of the modern era (2026-07-28 basic). */
import { CLIENT_CAPABILITIES_KEY, isModernVersion, MODERN_VERSION, PROTOCOL_VERSION_KEY } from './era.ts';
import type { Frame } from './frame.ts';
import { metaMember } from './frame-members.ts';
import { stringAt, stringIs } from './json-string.ts';
import type { Span } from './span.ts';

const OPEN_BRACE = 0x7b;

export interface Claim {
  /** Undefined when it is no string. */
  readonly version: string | undefined;
  readonly hasCapabilities: boolean;
}

/** Undefined when there is no claim. Its presence counts, whatever its value; what an answer says in its result is none. */
export function claimOf(frame: Frame): Claim | undefined {
  const { bytes, kind } = frame;
  if (kind === 'response' || kind === 'error') return undefined;
  const span = metaMember(frame, PROTOCOL_VERSION_KEY);
  if (span === undefined) return undefined;
  const capabilities = metaMember(frame, CLIENT_CAPABILITIES_KEY);
  return {
    version: versionAt(bytes, span),
    hasCapabilities: capabilities !== undefined && bytes[capabilities.start] === OPEN_BRACE,
  };
}

/** Decoding is left out for the one that nearly all of them name. */
function versionAt(bytes: Buffer, span: Span): string | undefined {
  return stringIs(bytes, span.start, span.end, MODERN_VERSION) ? MODERN_VERSION : stringAt(bytes, span);
}

export function isValidModernClaim(claim: Claim | undefined): boolean {
  return claim?.hasCapabilities === true && isModernVersion(claim.version);
}
