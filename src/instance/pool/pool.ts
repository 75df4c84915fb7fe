import type { Era } from '../../protocol/era.ts';
import type { Frame } from '../../protocol/frame.ts';
import type { Outbox, Upstream } from '../upstream.ts';

/** Leases with different keys never share a process; made by `decideIsolation`. */
export type IsolationKey = string;

export interface LeaseRequest {
  readonly server: string;
  readonly era: Era;
  readonly isolation: IsolationKey;
  /** Capabilities that a process is told at initialize and cannot forget; leases of one class may share. */
  readonly capabilities: string;
  /** A legacy client's own initialize: it shakes hands itself. Without it the gateway does, declaring nothing. */
  readonly initialize: Frame | undefined;
  readonly outbox: Outbox;
  /** Gives up waiting for a place or a start. */
  readonly signal: AbortSignal;
}

/** An upstream together with what the operator wants to know of it. */
export interface Lease extends Upstream {
  readonly instance: number;
}

export interface PoolState {
  readonly instances: number;
  readonly waiting: number;
}

export interface Pool {
  /** The caller owns the lease and must `end` it. @throws GatewayError SERVER_UNKNOWN, INSTANCES_FULL, START_FAILED, START_TIMEOUT, BAD_ANSWER */
  lease(request: LeaseRequest): Promise<Lease>;
  state(): PoolState;
  /** Ends every process; `now` without grace. Resolves when none is left. */
  stop(now?: boolean): Promise<void>;
}
