/** Who is calling and what was granted. */
import { compileGlob } from '../util/glob.ts';

export interface Principal {
  /**
   * Stable key of everything this principal owns: `basic:alice`, `bearer:ci`, `bearer:sha256-<64 hex>` for a token without
   * a name, `anonymous`, `loopback`. Never shown or logged: the hash of a weak token can be guessed back.
   */
  readonly id: string;
  /** Safe to log and to show: `basic:alice`, `bearer:ci`, `bearer:#2` for the second token. */
  readonly label: string;
  readonly grants: Grants;
  /** Which secret proved it, where one principal has several. Means nothing outside this process; never shown or logged. */
  readonly credential: string;
}

/** What the credential that was presented may touch. Names are compared with case, as the configuration spells them. */
export interface Grants {
  mayUseServer(server: string): boolean;
  mayUseTool(tool: string): boolean;
  /** False when every tool is granted, so that nobody need look. */
  readonly narrowsTools: boolean;
}

/** Grants of a credential; a list that is absent narrows nothing, an empty one permits nothing. */
export function createGrants(limits: {
  readonly servers?: readonly string[] | undefined;
  readonly tools?: readonly string[] | undefined;
}): Grants {
  return {
    mayUseServer: limits.servers === undefined ? everything : compileGlob(limits.servers),
    mayUseTool: limits.tools === undefined ? everything : compileGlob(limits.tools),
    narrowsTools: limits.tools !== undefined,
  };
}

/** A name from the configuration as it may stand in one log line. */
export function toLabel(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

const everything = (): boolean => true;

/** Everyone, when the operator asks for no credentials. */
export const ANONYMOUS: Principal = {
  id: 'anonymous',
  label: 'anonymous',
  grants: createGrants({}),
  credential: '',
};

/** Whoever sits at this machine, when no authentication is configured. */
export const LOOPBACK: Principal = {
  id: 'loopback',
  label: 'loopback',
  grants: createGrants({}),
  credential: '',
};
