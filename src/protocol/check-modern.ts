/** The checks of a 2026-07-28 request, in their order: the first failure is the answer. Pure. */
import { GatewayError } from '../errors.ts';
import { type Claim, claimOf } from './claim.ts';
import { CLIENT_CAPABILITIES_KEY, MODERN_VERSION, PROTOCOL_VERSION_KEY, REMOVED_METHODS } from './era.ts';
import type { Frame } from './frame.ts';
import { bodyHasTwice, bodyMember } from './frame-members.ts';
import { decodeHeaderValue } from './header-value.ts';
import { stringIs } from './json-string.ts';

const QUOTE = 0x22;

export interface ModernHeaders {
  readonly version: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
}

/** Which member of params `Mcp-Name` mirrors. */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** Undefined when all is well. `Mcp-Param-*` comes after these, when the tool's schema is known. */
export function refuseModern(frame: Frame, headers: ModernHeaders): GatewayError | undefined {
  const claim = claimOf(frame);
  return (
    refuseEnvelope(claim) ??
    refuseMismatch(frame, claim, headers) ??
    refuseVersion(claim) ??
    refuseMissing(frame, headers) ??
    refuseRemoved(frame)
  );
}

function refuseEnvelope(claim: Claim | undefined): GatewayError | undefined {
  if (claim?.version !== undefined && claim.hasCapabilities) return undefined;
  const missing = [
    ...(claim?.version === undefined ? [PROTOCOL_VERSION_KEY] : []),
    ...(claim?.hasCapabilities === true ? [] : [CLIENT_CAPABILITIES_KEY]),
  ];
  return new GatewayError('ENVELOPE', `Missing or malformed: ${missing.join(', ')}.`);
}

function refuseMismatch(
  frame: Frame,
  claim: Claim | undefined,
  { version, method }: ModernHeaders,
): GatewayError | undefined {
  if (version !== undefined && version.trim() !== claim?.version) return mismatch('MCP-Protocol-Version');
  if (method !== undefined && method.trim() !== frame.method) return mismatch('Mcp-Method');
  return undefined;
}

function refuseVersion(claim: Claim | undefined): GatewayError | undefined {
  const requested = claim?.version;
  if (requested === MODERN_VERSION) return undefined;
  return new GatewayError('VERSION_UNSUPPORTED', undefined, {
    data: { supported: [MODERN_VERSION], requested },
  });
}

function refuseMissing(frame: Frame, { version, method, name }: ModernHeaders): GatewayError | undefined {
  if (version === undefined) return mismatch('MCP-Protocol-Version', 'is missing');
  if (method === undefined) return mismatch('Mcp-Method', 'is missing');
  const member = NAMED_BY.get(frame.method ?? '');
  if (member === undefined || frame.body === undefined) return undefined;
  // Two of them would let the server read the one that was not compared.
  if (bodyHasTwice(frame, member)) return new GatewayError('DUPLICATE_MEMBER');
  const span = bodyMember(frame, member);
  // A body that names nothing is the server's to refuse, but not under a header that does.
  if (span === undefined || frame.bytes[span.start] !== QUOTE)
    return name === undefined ? undefined : mismatch('Mcp-Name');
  if (name === undefined) return mismatch('Mcp-Name', 'is missing');
  const decoded = decodeHeaderValue(name);
  const mirrors = decoded !== undefined && stringIs(frame.bytes, span.start, span.end, decoded);
  return mirrors ? undefined : mismatch('Mcp-Name');
}

function refuseRemoved({ method }: Frame): GatewayError | undefined {
  return REMOVED_METHODS.has(method ?? '') ? new GatewayError('METHOD_NOT_FOUND') : undefined;
}

function mismatch(header: string, what = 'says something else'): GatewayError {
  return new GatewayError('HEADER_MISMATCH', `${header} ${what}.`);
}
