/** Which document a caller wants, as the query of its URL says. */
import { GatewayError } from '../../errors.ts';

export const PROFILES = ['gpt-actions', 'open-webui'] as const;
export type ProfileName = (typeof PROFILES)[number];

export const OPENAPI_VERSIONS = ['3.1', '3.0'] as const;
export type OpenApiVersion = (typeof OPENAPI_VERSIONS)[number];

export interface DocumentWish {
  readonly version: OpenApiVersion;
  /** For which client; undefined for everything that can be said. */
  readonly profile: ProfileName | undefined;
}

/** @throws GatewayError QUERY_INVALID for what is not one of the known values, given once */
export function parseWish(query: Readonly<Record<string, unknown>>): DocumentWish {
  return {
    version: oneOf('version', query['version'], OPENAPI_VERSIONS) ?? '3.1',
    profile: oneOf('profile', query['profile'], PROFILES),
  };
}

function oneOf<T extends string>(name: string, given: unknown, known: readonly T[]): T | undefined {
  if (given === undefined) return undefined;
  const found = known.find((value) => value === given);
  if (found === undefined) throw new GatewayError('QUERY_INVALID', `${name} must be ${known.join(' or ')}.`);
  return found;
}
