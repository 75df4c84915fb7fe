/** Who may meet whom on a process. Pure: the table of the policies. */

/** How the callers of a server are spread over its processes; unset has a meaning of its own. */
export type Policy = 'session' | 'principal' | 'shared' | 'call';

export interface Caller {
  readonly policy: Policy | undefined;
  /** The principal's id. */
  readonly principal: string;
  /** Unique among sessions; undefined for a caller who has none. */
  readonly session: string | undefined;
  readonly capabilities: {
    /** It declared that it can be asked something: roots, sampling or elicitation. */
    readonly askable: boolean;
  };
}

/** Processes with different keys are never the same one. */
export type IsolationKey = string;

export interface Isolation {
  readonly key: IsolationKey;
  /** Who can come to the process: `call` and `session` are of one lease, which it ends with. */
  readonly reach: 'call' | 'session' | 'principal' | 'everybody';
}

/** Who is meant by `anonymous` cannot be told: one principal of many people. */
const ANYBODY = 'anonymous';
const EVERYBODY: Isolation = { key: 'everybody', reach: 'everybody' };

/**
 * On a server with a handshake, which is told once who its client is, keeps state for it, and asks without saying
 * whom. `unique` is a number that was never used before.
 */
export function legacyIsolation(caller: Caller, unique: number): Isolation {
  const { policy, principal, session } = caller;
  const { askable } = caller.capabilities;
  const asSession = policy === undefined || policy === 'session' || askable;
  if (policy === 'call') return ofCall(unique);
  if (session !== undefined && asSession) return ofSession(principal, session);
  // A question must never reach somebody else who goes by the same name.
  if (principal === ANYBODY && (policy === undefined || askable)) return ofCall(unique);
  return policy === 'shared' && !askable ? EVERYBODY : ofPrincipal(principal);
}

/** On a server of 2026-07-28, whose requests stand alone: it is shared unless the operator says otherwise. */
export function modernIsolation({ policy, principal, session }: Caller, unique: number): Isolation {
  if (policy === undefined || policy === 'shared') return EVERYBODY;
  if (policy === 'call') return ofCall(unique);
  return policy === 'session' && session !== undefined
    ? ofSession(principal, session)
    : ofPrincipal(principal);
}

/** Nobody can come back to the process, so it ends with its lease. */
export function isBrief({ reach }: Isolation): boolean {
  return reach === 'call' || reach === 'session';
}

function ofCall(unique: number): Isolation {
  return { key: `call ${unique}`, reach: 'call' };
}

function ofSession(principal: string, session: string): Isolation {
  return { key: `session ${principal} ${session}`, reach: 'session' };
}

function ofPrincipal(principal: string): Isolation {
  return { key: `principal ${principal}`, reach: principal === ANYBODY ? 'everybody' : 'principal' };
}
