import type { ClientInfo } from '../handshake.ts';
import type { ServerSpec } from '../spec.ts';
import type { ServerHealth } from '../supervisor.ts';
import type { Outbox, Upstream } from '../upstream.ts';
import type { Traffic } from '../wire.ts';
import type { SharedProcesses } from './shared-processes.ts';

export interface LeaseRequest {
  readonly server: string;
  /** Who shakes hands: the client, with its own initialize, or the gateway, which declares nothing. */
  readonly handshake: 'client' | 'gateway';
  readonly outbox: Outbox;
  /** The handshake is a try: when the process dies of it, the caller tries the other era. */
  readonly tentative?: boolean;
  /** Gives up waiting for a place or a start. */
  readonly signal: AbortSignal;
}

/** The right to use a process, or several; whoever leased it ends it. */
export type Lease = Upstream;

export interface PoolState {
  readonly instances: number;
  /** Of them, those that wait for somebody. */
  readonly spares: number;
  /** Starts that wait for a place. */
  readonly waiting: number;
  /** Bytes written to and read from all servers so far. */
  readonly traffic: Traffic;
}

/** What a pool runs and how much of it; replaced as a whole while it runs. */
export interface PoolSettings {
  /** A server that has not changed keeps the very object: what runs is compared by identity. */
  readonly servers: ReadonlyMap<string, ServerSpec>;
  readonly maxInstances: number;
  readonly concurrentStarts: number;
  /** Starts that may wait for a place. */
  readonly queuedStarts: number;
  /** A shared process that nobody uses is ended after this long, in milliseconds. */
  readonly idleMs: number;
  /** At this age a shared process takes no new callers, in milliseconds. */
  readonly instanceMaxAgeMs: number;
  /** A spare is replaced at this age, in milliseconds. */
  readonly spareMaxAgeMs: number;
}

/** Who may have which process. Dedicated ones by `lease`, shared ones by `shared`. */
export interface Pool {
  readonly shared: SharedProcesses;
  /** Whom the gateway introduces itself as. */
  readonly clientInfo: ClientInfo;
  /** @throws GatewayError SERVER_UNKNOWN */
  spec(server: string): ServerSpec;
  /** The caller owns the lease and must `end` it. @throws GatewayError SERVER_UNKNOWN, SERVER_FAILING, STARTS_FULL, INSTANCES_FULL, SERVER_INSTANCES_FULL, START_FAILED, START_TIMEOUT, BAD_ANSWER */
  lease(request: LeaseRequest): Promise<Lease>;
  state(): PoolState;
  /** Keeps spares of the servers that want them, from now on. */
  keepSpares(): void;
  /** Keeps none any more. */
  endSpares(): void;
  /** To and from the processes that run. */
  bytesByServer(): ReadonlyMap<string, number>;
  /** How starts of a server go. */
  health(server: string): ServerHealth;
  /**
   * Other settings count from now on. Processes of a server whose spec is no longer there are given to nobody new: those
   * that nobody has a lease on end now, the others with their last lease.
   */
  configure(settings: PoolSettings): void;
  /** Ends every process that was started by this very spec, used or not. Resolves when none is left. */
  endAll(spec: ServerSpec): Promise<void>;
  /** Ends every process; `now` without grace. Resolves when none is left. */
  stop(now?: boolean): Promise<void>;
}
