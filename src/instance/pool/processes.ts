/** The processes of all servers: dedicated ones, ended with their lease, and shared ones. One bound for all. */
import { setMaxListeners } from 'node:events';
import { GatewayError } from '../../errors.ts';
import type { Events } from '../../events.ts';
import { systemClock } from '../../util/clock.ts';
import { type ClientInfo, shakeHands } from '../handshake.ts';
import type { Instance } from '../instance.ts';
import type { OrphanGuard } from '../orphan-guard.ts';
import type { ServerSpec } from '../spec.ts';
import { StartQueue } from '../start-queue.ts';
import { type ServerHealth, type StartOptions, Supervisor, type SupervisorOptions } from '../supervisor.ts';
import type { Traffic } from '../wire.ts';
import type { Lease, LeaseRequest, Pool, PoolSettings, PoolState } from './pool.ts';
import { SharedProcesses } from './shared-processes.ts';
import type { StartedSpare } from './spare-shelf.ts';
import { Spares } from './spares.ts';

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
  readonly #events: Events;
  #settings: PoolSettings;
  readonly #queue: StartQueue;
  readonly #supervisor: Supervisor;
  readonly #spares: Spares;
  readonly #instances = new Set<Instance>();
  readonly #stopping = new AbortController();
  #keepsSpares = false;
  #lastInstance = 0;
  /** Callers who are about to start a process; no spare is started in the room that is made for them. */
  #wanted = 0;
  /** Of processes that have ended. */
  #past: Traffic = { toServer: 0, fromServer: 0 };

  constructor(options: PoolOptions) {
    // As many starts may wait for it as the queue takes; that is no leak.
    setMaxListeners(0, this.#stopping.signal);
    this.#events = options.events;
    this.#settings = options;
    this.clientInfo = options.clientInfo;
    this.#queue = new StartQueue(options.concurrentStarts, options.queuedStarts);
    this.#supervisor = new Supervisor({
      ...options.supervision,
      events: options.events,
      guard: options.guard,
    });
    this.shared = new SharedProcesses({
      start: (server, how) => this.#start(server, { ...how, signal: this.#stopping.signal }),
      idleMs: () => this.#settings.idleMs,
      maxAgeMs: () => this.#settings.instanceMaxAgeMs,
    });
    this.#spares = new Spares({
      clock: systemClock,
      random: Math.random,
      maxAgeMs: () => this.#settings.spareMaxAgeMs,
      start: (spec, signal) => this.#startSpare(spec, signal),
      shakeHands: (lease) => shakeHands(lease, options.clientInfo),
      delayed: ({ name }, waitMs, why) =>
        options.events.emit({ type: 'spares.delayed', server: name, waitMs, why }),
    });
  }

  spec(server: string): ServerSpec {
    const spec = this.#settings.servers.get(server);
    if (spec === undefined) throw new GatewayError('SERVER_UNKNOWN');
    return spec;
  }

  async lease(request: LeaseRequest): Promise<Lease> {
    const instance = await this.#start(request.server, request);
    const lease = instance.attach(request.outbox, () => instance.stop());
    if (request.handshake === 'gateway' && instance.facts === undefined)
      await this.#shakeHands(lease, request.signal);
    return lease;
  }

  health(server: string): ServerHealth {
    return this.#supervisor.health(server, this.#settings.servers.get(server));
  }

  bytesByServer(): ReadonlyMap<string, number> {
    const bytes = new Map<string, number>();
    for (const { spec, traffic } of this.#instances)
      bytes.set(spec.name, (bytes.get(spec.name) ?? 0) + traffic.toServer + traffic.fromServer);
    return bytes;
  }

  state(): PoolState {
    const traffic = [...this.#instances].reduce((sum, { traffic: own }) => added(sum, own), this.#past);
    const { count: spares } = this.#spares;
    return { instances: this.#instances.size, spares, waiting: this.#queue.length, traffic };
  }

  endSpares(): void {
    this.#keepsSpares = false;
    this.#spares.end();
  }

  keepSpares(): void {
    if (this.#stopping.signal.aborted) return;
    this.#keepsSpares = true;
    this.#spares.keep(this.#settings.servers.values());
  }

  configure(settings: PoolSettings): void {
    const former = this.#settings.servers;
    this.#settings = settings;
    this.#queue.resize(settings.concurrentStarts, settings.queuedStarts);
    for (const [name, spec] of former) if (settings.servers.get(name) !== spec) this.shared.retire(name);
    if (this.#keepsSpares) this.keepSpares();
  }

  async endAll(spec: ServerSpec): Promise<void> {
    const own = [...this.#instances].filter((instance) => instance.spec === spec);
    await Promise.all(own.map((instance) => instance.stop()));
  }

  async stop(now = false): Promise<void> {
    this.#stopping.abort(new GatewayError('STOPPING'));
    this.endSpares();
    await Promise.all([...this.#instances].map((instance) => instance.stop(now)));
    await this.#supervisor.settled();
  }

  /** A spare if there is one; else a place in the queue is held until the handshake is through. */
  async #start(server: string, how: StartRequest): Promise<Instance> {
    const spec = this.spec(server);
    const spare = this.#takeSpare(spec, how);
    if (spare !== undefined) return spare;
    this.#supervisor.assertMayStart(spec);
    const leave = await this.#queue.enter(how.signal);
    this.#wanted += 1;
    try {
      await this.#makeRoom(spec);
      const instance = this.#begin(spec, { tentative: how.tentative === true });
      void instance.started.then(leave);
      return instance;
    } catch (cause) {
      leave();
      throw cause;
    } finally {
      this.#wanted -= 1;
    }
  }

  #takeSpare(spec: ServerSpec, { handshake, tentative = false, signal }: StartRequest): Instance | undefined {
    if (signal.aborted) return undefined;
    const spare = this.#spares.take(spec, handshake === 'gateway' ? 'shaken' : 'raw');
    if (spare === undefined) return undefined;
    spare.isSpare = false;
    spare.tentative = tentative;
    this.#events.emit({
      type: 'spare.taken',
      server: spec.name,
      instance: spare.id,
      shaken: spare.facts !== undefined,
    });
    return spare;
  }

  /** What nobody uses gives way to whoever is here. @throws GatewayError SERVER_INSTANCES_FULL, INSTANCES_FULL */
  async #makeRoom(spec: ServerSpec): Promise<void> {
    while (this.#isFull(spec)) {
      const gone = this.#spares.giveWay(spec) ?? this.shared.giveWay(spec.name);
      if (gone === undefined) throw new GatewayError('SERVER_INSTANCES_FULL');
      await gone;
    }
    while (this.#instances.size >= this.#settings.maxInstances) {
      const gone = this.#spares.giveWay() ?? this.shared.giveWay();
      if (gone === undefined) throw new GatewayError('INSTANCES_FULL');
      await gone;
    }
  }

  /** Whether as many processes of the server run as may. */
  #isFull({ name, maxInstances }: ServerSpec): boolean {
    if (maxInstances === undefined) return false;
    let own = 0;
    for (const { spec } of this.#instances) if (spec.name === name) own += 1;
    return own >= maxInstances;
  }

  async #startSpare(spec: ServerSpec, signal: AbortSignal): Promise<StartedSpare> {
    const leave = await this.#queue.enterLate(signal);
    try {
      const { state, retryMs } = this.#supervisor.health(spec.name, spec);
      // The one start that a failed server is allowed is for a caller.
      if (state !== 'ok') throw new GatewayError('SERVER_FAILING', undefined, { retryAfterMs: retryMs });
      if (this.#instances.size + this.#wanted >= this.#settings.maxInstances)
        throw new GatewayError('INSTANCES_FULL');
      if (this.#isFull(spec)) throw new GatewayError('SERVER_INSTANCES_FULL');
      const instance = this.#begin(spec, { isSpare: true });
      return { instance, settled: leave };
    } catch (cause) {
      leave();
      throw cause;
    }
  }

  #begin(spec: ServerSpec, how: Omit<StartOptions, 'id'>): Instance {
    if (this.#stopping.signal.aborted) throw new GatewayError('STOPPING');
    if (!this.#settings.servers.has(spec.name)) throw new GatewayError('SERVER_UNKNOWN');
    this.#lastInstance += 1;
    const instance = this.#supervisor.start(spec, { ...how, id: this.#lastInstance });
    this.#instances.add(instance);
    void instance.ended.then(() => {
      this.#instances.delete(instance);
      this.#past = added(this.#past, instance.traffic);
      this.#spares.fill();
    });
    void instance.started.then(() => {
      if (instance.facts !== undefined && !instance.isSpare) this.#spares.works(spec, instance.era);
    });
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

interface StartRequest {
  readonly handshake?: LeaseRequest['handshake'] | undefined;
  readonly tentative?: boolean | undefined;
  readonly signal: AbortSignal;
}

function added(sum: Traffic, { toServer, fromServer }: Traffic): Traffic {
  return { toServer: sum.toServer + toServer, fromServer: sum.fromServer + fromServer };
}
