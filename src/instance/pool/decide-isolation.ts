import type { IsolationKey } from './pool.ts';

/** Which processes a server may be used through. Further policies join here. */
export type Policy = 'session';

export interface Isolated {
  /** The principal's id. */
  readonly principal: string;
  /** Unique among sessions; undefined for a caller who has none, and shares with its own other requests only. */
  readonly session: string | undefined;
}

/** Who is meant by `anonymous` cannot be told: one principal of many people. */
const ANYBODY = 'anonymous';

/** Which leases may share a process. Pure; `unique` is a text that was never used before. */
export function decideIsolation(
  _policy: Policy,
  { principal, session }: Isolated,
  unique: string,
): Isolation {
  if (session !== undefined) return { key: `session ${principal} ${session}`, brief: true };
  if (principal === ANYBODY) return { key: `call ${unique}`, brief: true };
  return { key: `principal ${principal}`, brief: false };
}

export interface Isolation {
  readonly key: IsolationKey;
  /** Nobody can come back to the process, so it ends with its lease. */
  readonly brief: boolean;
}
