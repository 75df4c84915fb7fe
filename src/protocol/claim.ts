/** What a message says of itself in `params._meta`: the claim to be of the modern era (2026-07-28 basic). */
import { CLIENT_CAPABILITIES_KEY, isModernVersion, PROTOCOL_VERSION_KEY } from './era.ts';
import type { Frame } from './frame.ts';
import { findMember } from './json-member.ts';
import { stringAt } from './json-string.ts';

const OPEN_BRACE = 0x7b;

export interface Claim {
  /** Undefined when it is no string. */
  readonly version: string | undefined;
  readonly hasCapabilities: boolean;
}

/** Undefined when there is no claim. Its presence counts, whatever its value; what an answer says in its result is none. */
export function claimOf({ bytes, kind, meta }: Frame): Claim | undefined {
  if (kind === 'response' || kind === 'error') return undefined;
  const span = meta && findMember(bytes, meta, PROTOCOL_VERSION_KEY);
  if (meta === undefined || span === undefined) return undefined;
  const capabilities = findMember(bytes, meta, CLIENT_CAPABILITIES_KEY);
  return {
    version: stringAt(bytes, span),
    hasCapabilities: capabilities !== undefined && bytes[capabilities.start] === OPEN_BRACE,
  };
}

export function isValidModernClaim(claim: Claim | undefined): boolean {
  return claim?.hasCapabilities === true && isModernVersion(claim.version);
}
