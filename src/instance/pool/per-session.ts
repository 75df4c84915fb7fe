/** A process for each lease, ended when the lease is given back. */
import { GatewayError } from '../../errors.ts';
import type { Events } from '../../events.ts';
import { spawnChild } from '../child.ts';
import { type ClientInfo, shakeHands } from '../handshake.ts';
import { Instance } from '../instance.ts';
import type { ServerSpec } from '../spec.ts';
import { StartQueue } from '../start-queue.ts';
import type { Lease, LeaseRequest, Pool, PoolState } from './pool.ts';

export interface PerSessionOptions {
  readonly servers: ReadonlyMap<string, ServerSpec>;
  readonly events: Events;
  /** Whom the gateway introduces itself as when it shakes hands. */
  readonly clientInfo: ClientInfo;
  readonly maxInstances: number;
  readonly concurrentStarts: number;
}

export function createPerSessionPool(options: PerSessionOptions): Pool {
  return new PerSessionPool(options);
}

class PerSessionPool implements Pool {
  readonly #options: PerSessionOptions;
  readonly #queue: StartQueue;
  readonly #instances = new Set<Instance>();
  #lastInstance = 0;
  #stopped = false;

  constructor(options: PerSessionOptions) {
    this.#options = options;
    this.#queue = new StartQueue(options.concurrentStarts);
  }

  async lease(request: LeaseRequest): Promise<Lease> {
    const spec = this.#options.servers.get(request.server);
    if (spec === undefined) throw new GatewayError('SERVER_UNKNOWN');
    const leave = await this.#queue.enter(request.signal);
    if (this.#stopped) {
      leave();
      throw new GatewayError('STOPPING');
    }
    if (this.#instances.size >= this.#options.maxInstances) {
      leave();
      throw new GatewayError('INSTANCES_FULL');
    }
    const instance = this.#start(spec);
    void instance.started.then(leave);
    const lease = instance.attach(request.outbox, () => instance.stop());
    if (request.initialize === undefined) await this.#shakeHands(lease, request.signal);
    return lease;
  }

  state(): PoolState {
    return { instances: this.#instances.size, waiting: this.#queue.length };
  }

  async stop(now = false): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#instances].map((instance) => instance.stop(now)));
  }

  #start(spec: ServerSpec): Instance {
    this.#lastInstance += 1;
    const wire = spawnChild(spec, this.#lastInstance, this.#options.events);
    const instance = new Instance(this.#lastInstance, spec, wire, this.#options.events);
    this.#instances.add(instance);
    void instance.ended.then(() => this.#instances.delete(instance));
    return instance;
  }

  /** A caller who gives up meanwhile ends the process then, not when it gets ready. */
  async #shakeHands(lease: Lease, signal: AbortSignal): Promise<void> {
    const giveUp = (): void => void lease.end('SESSION_UNKNOWN');
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await shakeHands(lease, this.#options.clientInfo);
    } catch (cause) {
      void lease.end('START_FAILED');
      throw cause;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}
