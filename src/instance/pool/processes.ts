/** The processes of all servers: dedicated ones, ended with their lease, and shared ones. One bound for all. */
import { GatewayError } from '../../errors.ts';
import type { Events } from '../../events.ts';
import { spawnChild } from '../child.ts';
import { type ClientInfo, shakeHands } from '../handshake.ts';
import { Instance } from '../instance.ts';
import type { ServerSpec } from '../spec.ts';
import { StartQueue } from '../start-queue.ts';
import type { Traffic } from '../wire.ts';
import type { Lease, LeaseRequest, Pool, PoolState } from './pool.ts';
import { SharedProcesses } from './shared-processes.ts';

export interface PoolOptions {
  readonly servers: ReadonlyMap<string, ServerSpec>;
  readonly events: Events;
  /** Whom the gateway introduces itself as when it shakes hands. */
  readonly clientInfo: ClientInfo;
  readonly maxInstances: number;
  readonly concurrentStarts: number;
  /** A shared process that nobody uses is ended after this long, in milliseconds. */
  readonly idleMs: number;
}

export function createPool(options: PoolOptions): Pool {
  return new ProcessPool(options);
}

class ProcessPool implements Pool {
  readonly shared: SharedProcesses;
  readonly clientInfo: ClientInfo;
  readonly #options: PoolOptions;
  readonly #queue: StartQueue;
  readonly #instances = new Set<Instance>();
  readonly #stopping = new AbortController();
  #lastInstance = 0;
  /** Of processes that have ended. */
  #past: Traffic = { toServer: 0, fromServer: 0 };

  constructor(options: PoolOptions) {
    this.#options = options;
    this.clientInfo = options.clientInfo;
    this.#queue = new StartQueue(options.concurrentStarts);
    this.shared = new SharedProcesses({
      start: (server) => this.#start(server, this.#stopping.signal),
      idleMs: options.idleMs,
    });
  }

  spec(server: string): ServerSpec {
    const spec = this.#options.servers.get(server);
    if (spec === undefined) throw new GatewayError('SERVER_UNKNOWN');
    return spec;
  }

  async lease(request: LeaseRequest): Promise<Lease> {
    const instance = await this.#start(request.server, request.signal);
    const lease = instance.attach(request.outbox, () => instance.stop());
    if (request.handshake === 'gateway') await this.#shakeHands(lease, request.signal);
    return lease;
  }

  state(): PoolState {
    const traffic = [...this.#instances].reduce((sum, { traffic: own }) => added(sum, own), this.#past);
    return { instances: this.#instances.size, waiting: this.#queue.length, traffic };
  }

  async stop(now = false): Promise<void> {
    this.#stopping.abort(new GatewayError('STOPPING'));
    await Promise.all([...this.#instances].map((instance) => instance.stop(now)));
  }

  /** A place in the queue is held until the handshake is through. */
  async #start(server: string, signal: AbortSignal): Promise<Instance> {
    const spec = this.spec(server);
    const leave = await this.#queue.enter(signal);
    const refusal = this.#stopping.signal.aborted
      ? 'STOPPING'
      : this.#instances.size >= this.#options.maxInstances
        ? 'INSTANCES_FULL'
        : undefined;
    if (refusal !== undefined) {
      leave();
      throw new GatewayError(refusal);
    }
    this.#lastInstance += 1;
    const wire = spawnChild(spec, this.#lastInstance, this.#options.events);
    const instance = new Instance(this.#lastInstance, spec, wire, this.#options.events);
    this.#instances.add(instance);
    void instance.ended.then(() => {
      this.#instances.delete(instance);
      this.#past = added(this.#past, instance.traffic);
    });
    void instance.started.then(leave);
    return instance;
  }

  /** A caller who gives up meanwhile ends the process then, not when it gets ready. */
  async #shakeHands(lease: Lease, signal: AbortSignal): Promise<void> {
    const giveUp = (): void => void lease.end('SESSION_UNKNOWN');
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await shakeHands(lease, this.clientInfo);
    } catch (cause) {
      void lease.end('START_FAILED');
      throw cause;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}

function added(sum: Traffic, { toServer, fromServer }: Traffic): Traffic {
  return { toServer: sum.toServer + toServer, fromServer: sum.fromServer + fromServer };
}
