import { CLIENT_CAPABILITIES_KEY, CLIENT_INFO_KEY, MODERN_VERSION, PROTOCOL_VERSION_KEY } from './era.ts';

/** The members of `params._meta` that every request of the modern era carries (2026-07-28 basic). */
export function envelope(clientInfo: object, capabilities: object): Record<string, unknown> {
  return {
    [PROTOCOL_VERSION_KEY]: MODERN_VERSION,
    [CLIENT_INFO_KEY]: clientInfo,
    [CLIENT_CAPABILITIES_KEY]: capabilities,
  };
}
