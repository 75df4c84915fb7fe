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
export const MODERN_VERSION = FIRST_MODERN_VERSION;
export const CLIENT_INFO_KEY = 'io.modelcontextprotocol/clientInfo';
export const LOG_LEVEL_KEY = 'io.modelcontextprotocol/logLevel';
export const SERVER_INFO_KEY = 'io.modelcontextprotocol/serverInfo';
/** Ties what a server sends on a subscription to the listen request it belongs to. */
export const SUBSCRIPTION_KEY = 'io.modelcontextprotocol/subscriptionId';
export const CLIENT_CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';

/** Methods whose answer may be a question (2026-07-28 multi round-trip requests). */
export const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** Methods of the handshake era that 2026-07-28 has no more; they are answered by the gateway and never forwarded. */
export const REMOVED_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/list',
  'tasks/result',
]);
