/**
 * Processes that several leases use at the same time, found by key. What a key means, and how a fresh process is
 * opened (probed, shaken hands with), is the caller's; here they are started once, counted, and ended when idle.
 */
import type { InstanceExit } from '../../events.ts';
import type { Ending } from '../../util/ending.ts';
import type { Instance } from '../instance.ts';
import type { LeaseOptions } from '../lease.ts';
import type { Outbox, Upstream } from '../upstream.ts';
import { SharedProcess } from './shared-process.ts';

/** A fresh process, in the hands of whoever opens it. */
export interface SharedHost {
  readonly instance: Instance;
  /** The key it was started under. */
  readonly key: string;
  /** A lease for the gateway's own use; it does not keep the process from being idle. */
  attend(outbox?: Outbox): Upstream;
}

export interface ShareRequest<T> {
  readonly server: string;
  readonly key: string;
  /** Whether it is ended as soon as nobody has a lease on it, instead of when idle. */
  readonly isBrief?: (state: T) => boolean;
  /** The process may die of how it is opened, and the caller tries otherwise then. */
  readonly tentative?: boolean;
  /** It need not be introduced to the caller: one that knows the gateway will do. */
  readonly handshake?: 'gateway' | undefined;
  /** Called once per process. What it rejects with is told to all who wait, and the process is ended. */
  readonly open: (host: SharedHost) => Promise<T>;
}

export interface Shared<T> {
  readonly state: T;
  readonly instance: number;
  readonly ended: Promise<InstanceExit>;
  /** Nobody new should be led to it: it is being ended, or will be with its last lease. */
  readonly over: Ending<void>;
  /** A lease for one caller; the process is not idle before it is given back. @throws GatewayError SERVER_EXITED */
  lease(options?: LeaseOptions): Upstream;
}

export interface SharedOptions {
  /** Starts a process within the pool's bounds. */
  readonly start: (
    server: string,
    how: Pick<ShareRequest<unknown>, 'tentative' | 'handshake'>,
  ) => Promise<Instance>;
  /** A process without leases is ended after this long, in milliseconds. */
  readonly idleMs: () => number;
  /** At this age a process takes no new callers, in milliseconds. */
  readonly maxAgeMs: () => number;
}

interface Filed {
  readonly server: string;
  readonly opening: Promise<SharedProcess<unknown>>;
  readonly bornMs: number;
}

export class SharedProcesses {
  readonly #options: SharedOptions;
  readonly #processes = new Map<string, Filed>();
  /** Nobody has a lease on these any more; the longest idle first. */
  readonly #idle = new Set<SharedProcess<unknown>>();

  constructor(options: SharedOptions) {
    this.#options = options;
  }

  /** Rejects with what starting or `open` failed with. A key always stands for one type of state. */
  share<T>(request: ShareRequest<T>): Promise<Shared<T>> {
    const { key, server } = request;
    const nowMs = performance.now();
    const known = this.#processes.get(key);
    if (known !== undefined && nowMs - known.bornMs < this.#options.maxAgeMs())
      return known.opening as Promise<SharedProcess<T>>;
    if (known !== undefined) this.#retire(key, known);
    const opening = this.#open(request);
    this.#file(key, { server, opening, bornMs: nowMs });
    return opening;
  }

  /** Ends a process, of this server where one is given, that nobody uses. Resolves when it has ended; undefined when there is none. */
  giveWay(server?: string): Promise<void> | undefined {
    for (const process of this.#idle)
      if (server === undefined || process.server === server) return process.end();
    return undefined;
  }

  /** Leads nobody new to the processes of a server; each ends when the last lease on it is given back. */
  retire(server: string): void {
    for (const [key, filed] of this.#processes) if (filed.server === server) this.#retire(key, filed);
  }

  #retire(key: string, filed: Filed): void {
    this.#processes.delete(key);
    filed.opening.then(
      (process) => process.retire(),
      () => undefined,
    );
  }

  #file(key: string, filed: Filed): void {
    this.#processes.set(key, filed);
    const forget = (): void => {
      if (this.#processes.get(key) === filed) this.#processes.delete(key);
    };
    // From the moment it is being ended nobody is led to it any more.
    filed.opening.then((process) => void process.over.add(forget), forget);
  }

  /** Files a process under another key, once it is known what it is; the first one there stays. */
  rename(from: string, to: string): void {
    const process = this.#processes.get(from);
    this.#processes.delete(from);
    if (process === undefined || this.#processes.has(to)) return;
    this.#file(to, process);
  }

  async #open<T>(request: ShareRequest<T>): Promise<SharedProcess<T>> {
    const { server, key, isBrief, open } = request;
    const instance = await this.#options.start(server, request);
    instance.shared = true;
    try {
      const state = await open({
        instance,
        key,
        attend: (outbox) => instance.attach(outbox, async () => undefined),
      });
      return new SharedProcess(instance, state, {
        idleMs: this.#options.idleMs,
        isBrief: isBrief?.(state) === true,
        idle: this.#idle,
      });
    } catch (cause) {
      void instance.stop();
      throw cause;
    } finally {
      instance.giveUpHandshake();
    }
  }
}
