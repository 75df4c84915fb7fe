/** The processes of all servers: dedicated ones, ended with their lease, and shared ones. One bound for all. */
import { GatewayError } from '../../errors.ts';
import type { Events } from '../../events.ts';
import { type ClientInfo, shakeHands } from '../handshake.ts';
import type { Instance } from '../instance.ts';
import type { OrphanGuard } from '../orphan-guard.ts';
import type { ServerSpec } from '../spec.ts';
import { StartQueue } from '../start-queue.ts';
import { type ServerHealth, Supervisor, type SupervisorOptions } from '../supervisor.ts';
import type { Traffic } from '../wire.ts';
import type { Lease, LeaseRequest, Pool, PoolSettings, PoolState } from './pool.ts';
import { SharedProcesses } from './shared-processes.ts';

export interface PoolOptions extends PoolSettings {
  readonly events: Events;
  /** Whom the gateway introduces itself as when it shakes hands. */
  readonly clientInfo: ClientInfo;
  /** Ends the processes should this one be killed. */
  readonly guard?: OrphanGuard;
  /** What tests replace of the supervision. */
  readonly supervision?: Omit<SupervisorOptions, 'events' | 'guard'>;
}

export function createPool(options: PoolOptions): Pool {
  return new ProcessPool(options);
}

class ProcessPool implements Pool {
  readonly shared: SharedProcesses;
  readonly clientInfo: ClientInfo;
  #settings: PoolSettings;
  readonly #queue: StartQueue;
  readonly #supervisor: Supervisor;
  readonly #instances = new Set<Instance>();
  readonly #stopping = new AbortController();
  #lastInstance = 0;
  /** Of processes that have ended. */
  #past: Traffic = { toServer: 0, fromServer: 0 };

  constructor(options: PoolOptions) {
    this.#settings = options;
    this.clientInfo = options.clientInfo;
    this.#queue = new StartQueue(options.concurrentStarts);
    this.#supervisor = new Supervisor({
      ...options.supervision,
      events: options.events,
      guard: options.guard,
    });
    this.shared = new SharedProcesses({
      start: (server, tentative) => this.#start(server, this.#stopping.signal, tentative),
      idleMs: () => this.#settings.idleMs,
    });
  }

  spec(server: string): ServerSpec {
    const spec = this.#settings.servers.get(server);
    if (spec === undefined) throw new GatewayError('SERVER_UNKNOWN');
    return spec;
  }

  async lease(request: LeaseRequest): Promise<Lease> {
    const instance = await this.#start(request.server, request.signal, request.tentative);
    const lease = instance.attach(request.outbox, () => instance.stop());
    if (request.handshake === 'gateway') await this.#shakeHands(lease, request.signal);
    return lease;
  }

  health(server: string): ServerHealth {
    return this.#supervisor.health(server);
  }

  state(): PoolState {
    const traffic = [...this.#instances].reduce((sum, { traffic: own }) => added(sum, own), this.#past);
    return { instances: this.#instances.size, waiting: this.#queue.length, traffic };
  }

  configure(settings: PoolSettings): void {
    const former = this.#settings.servers;
    this.#settings = settings;
    this.#queue.resize(settings.concurrentStarts);
    for (const [name, spec] of former) if (settings.servers.get(name) !== spec) this.shared.retire(name);
  }

  async endAll(spec: ServerSpec): Promise<void> {
    const own = [...this.#instances].filter((instance) => instance.spec === spec);
    await Promise.all(own.map((instance) => instance.stop()));
  }

  async stop(now = false): Promise<void> {
    this.#stopping.abort(new GatewayError('STOPPING'));
    await Promise.all([...this.#instances].map((instance) => instance.stop(now)));
    await this.#supervisor.settled();
  }

  /** A place in the queue is held until the handshake is through. */
  async #start(server: string, signal: AbortSignal, tentative = false): Promise<Instance> {
    const spec = this.spec(server);
    this.#supervisor.assertMayStart(spec);
    const leave = await this.#queue.enter(signal);
    const refusal = this.#stopping.signal.aborted
      ? 'STOPPING'
      : this.#instances.size >= this.#settings.maxInstances
        ? 'INSTANCES_FULL'
        : this.#settings.servers.has(server)
          ? undefined
          : 'SERVER_UNKNOWN';
    if (refusal !== undefined) {
      leave();
      throw new GatewayError(refusal);
    }
    this.#lastInstance += 1;
    const instance = this.#supervise(spec, leave, tentative);
    this.#instances.add(instance);
    void instance.ended.then(() => {
      this.#instances.delete(instance);
      this.#past = added(this.#past, instance.traffic);
    });
    void instance.started.then(leave);
    return instance;
  }

  /** Whoever waited for a place may find that the server has failed meanwhile. */
  #supervise(spec: ServerSpec, leave: () => void, tentative: boolean): Instance {
    try {
      return this.#supervisor.start(spec, { id: this.#lastInstance, tentative });
    } catch (cause) {
      leave();
      throw cause;
    }
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
