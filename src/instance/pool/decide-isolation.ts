import type { IsolationKey } from './pool.ts';

/** Which processes a server may be used through. Further policies join here. */
export type Policy = 'session';

export interface Isolated {
  /** The principal's id. */
  readonly principal: string;
  /** Unique among sessions. */
  readonly session: string;
}

/** Which leases may share a process. Pure. */
export function decideIsolation(_policy: Policy, { principal, session }: Isolated): IsolationKey {
  return `session ${principal} ${session}`;
}
