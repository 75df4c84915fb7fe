/** `legacy` opens with the initialize handshake, `modern` carries its metadata in every request. */
export type Era = 'legacy' | 'modern';

/** Versions with a handshake that we accept from a server. 2024-10-07 was never published but old servers answer it. */
export const LEGACY_VERSIONS: readonly string[] = [
  '2024-10-07',
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  '2025-11-25',
];
export const LATEST_LEGACY_VERSION = '2025-11-25';
/** The only revision with JSON-RPC batches (2025-03-26 basic; removed by 2025-06-18 changelog). */
export const BATCH_VERSION = '2025-03-26';

/** The first revision without a handshake. */
const FIRST_MODERN_VERSION = '2026-07-28';
/** From this revision on a stream opens with an event that has an id and no data; older clients choke on it. */
const FIRST_PRIMING_VERSION = '2025-11-25';

export function opensWithPrimingEvent(version: string | undefined): boolean {
  return version !== undefined && version >= FIRST_PRIMING_VERSION;
}

/** Versions are dates, so their order is that of their text. */
export function isModernVersion(version: string | undefined): boolean {
  return version !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= FIRST_MODERN_VERSION;
}

/** The key whose presence in `params._meta` claims a modern request (2026-07-28 basic). */
export const PROTOCOL_VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
export const CLIENT_CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';
