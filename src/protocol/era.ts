/** `legacy` opens with the initialize handshake, `modern` carries its metadata in every request. */
export type Era = 'legacy' | 'modern';

/** Versions with a handshake that we accept from a server. 2024-10-07 was never published but old servers answer it. */
export const LEGACY_VERSIONS: readonly string[] = ['2024-10-07', '2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];
export const LATEST_LEGACY_VERSION = '2025-11-25';
/** The only revision with JSON-RPC batches (2025-03-26 basic; removed by 2025-06-18 changelog). */
export const BATCH_VERSION = '2025-03-26';

/** The key whose presence in `params._meta` claims a modern request (2026-07-28 basic). */
export const PROTOCOL_VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
