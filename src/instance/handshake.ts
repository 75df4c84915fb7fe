/** The handshake that the gateway runs itself, for callers who are no MCP clients (2025-11-25 lifecycle). */
import { GatewayError } from '../errors.ts';
import { LATEST_LEGACY_VERSION, LEGACY_VERSIONS } from '../protocol/era.ts';
import { notificationText } from '../protocol/rpc-text.ts';
import { ask } from './ask.ts';
import { ownFrame } from './own-frame.ts';
import type { Upstream } from './upstream.ts';

export interface ClientInfo {
  readonly name: string;
  readonly version: string;
}

/** @throws GatewayError START_FAILED, START_TIMEOUT or BAD_ANSWER; the caller ends the upstream then. */
export async function shakeHands(
  upstream: Upstream,
  clientInfo: object,
  capabilities: object = {},
  protocolVersion: string = LATEST_LEGACY_VERSION,
): Promise<void> {
  const answer = await ask(upstream, 'initialize', {
    protocolVersion,
    capabilities,
    clientInfo,
  });
  if (answer.kind === 'error') throw new GatewayError('START_FAILED', 'It refused to initialize.');
  const version = upstream.facts?.protocolVersion;
  if (version === undefined || !LEGACY_VERSIONS.includes(version)) {
    throw new GatewayError('BAD_ANSWER', 'It speaks no protocol version that the gateway knows.');
  }
  upstream.tell(ownFrame(notificationText('notifications/initialized')));
}
