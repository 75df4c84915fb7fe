/**
 * Starts processes and watches how they end: a server that keeps failing is not started for a while, so that neither
 * the machine nor the callers wait for it. `restart-policy.ts` decides; here it is acted upon.
 */
import { GatewayError } from '../errors.ts';
import type { Events, InstanceExit } from '../events.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { startConfined } from './confined-start.ts';
import { Instance } from './instance.ts';
import type { OrphanGuard } from './orphan-guard.ts';
import {
  afterFailure,
  afterLasting,
  afterReady,
  afterTrialBegan,
  afterTrialLost,
  decideStart,
  NO_HISTORY,
  RESTART_TIMES,
  type RestartTimes,
  type ServerState,
  type StartHistory,
} from './restart-policy.ts';
import { isFaultOfMachine } from './spawn.ts';
import type { ServerSpec } from './spec.ts';

export interface SupervisorOptions {
  readonly events: Events;
  readonly guard?: OrphanGuard | undefined;
  /** What tests replace. */
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly times?: RestartTimes;
}

export interface StartOptions {
  /** Unique number of the process. */
  readonly id: number;
  /**
   * The process is asked what another kind of server may die of: an end before it is ready says nothing, as whoever
   * started it tries the other way then.
   */
  readonly tentative?: boolean;
  /** Nobody waits for it: whatever it ends of, nobody has been failed. */
  readonly isSpare?: boolean;
}

export interface ServerHealth {
  readonly state: ServerState;
  /** Failed starts that count at the moment. */
  readonly failures: number;
  /** What the last one failed with, without paths or output: safe for whoever may use the server. */
  readonly reason: string | undefined;
  /** Until a start is let through; 0 when one is. */
  readonly retryMs: number;
}

interface Supervised {
  /** A server whose configuration changed is another one. */
  readonly spec: ServerSpec;
  history: StartHistory;
  reason: string | undefined;
  limitsTold: boolean;
  /** Processes that are ready. */
  readonly ready: Map<Instance, { readonly atMs: number; readonly issued: number }>;
}

export class Supervisor {
  readonly #events: Events;
  readonly #guard: OrphanGuard | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #times: RestartTimes;
  readonly #servers = new Map<string, Supervised>();
  /** What processes left behind is being ended. */
  readonly #clearing = new Set<Promise<void>>();

  constructor({
    events,
    guard,
    clock = systemClock,
    random = Math.random,
    times = RESTART_TIMES,
  }: SupervisorOptions) {
    this.#events = events;
    this.#guard = guard;
    this.#clock = clock;
    this.#random = random;
    this.#times = times;
  }

  /** For callers that would have to wait before they can start. @throws GatewayError SERVER_FAILING */
  assertMayStart(spec: ServerSpec): void {
    this.#admit(this.#of(spec));
  }

  /** The caller owns the instance. @throws GatewayError SERVER_FAILING */
  start(spec: ServerSpec, { id, tentative = false, isSpare = false }: StartOptions): Instance {
    const server = this.#of(spec);
    const trial = this.#admit(server);
    if (trial) server.history = afterTrialBegan(server.history);
    const startedMs = this.#clock.now();
    const { wire, plan, release } = startConfined(spec, id, this.#events);
    const instance = new Instance(id, spec, wire, this.#events);
    if (plan !== undefined && !server.limitsTold) {
      server.limitsTold = true;
      const { applied, absent } = plan;
      this.#events.emit({ type: 'server.limits', server: spec.name, applied, absent });
    }
    instance.tentative = tentative;
    instance.isSpare = isSpare;
    const guarded = instance.pid === undefined ? undefined : this.#guard?.add(instance.pid);
    void instance.started.then(() => {
      guarded?.seen();
      if (instance.facts !== undefined) this.#ready(server, instance);
    });
    // What it left in its group is ended, too, before the group is forgotten.
    this.#clearAfter(instance, async () => {
      await release();
      guarded?.gone();
    });
    void instance.ended.then((exit) => {
      const outcome = judgeEnd(exit, this.#lifeOf(server, instance));
      server.ready.delete(instance);
      if (outcome === 'failed') this.#failed(server, startedMs, exit);
      else if (outcome === 'lasted') server.history = afterLasting();
      else if (trial) server.history = afterTrialLost(server.history);
    });
    return instance;
  }

  /** Resolves when nothing is left of processes that have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#clearing);
  }

  #clearAfter(instance: Instance, clear: () => Promise<void>): void {
    const cleared = instance.ended.then(() => instance.stop()).then(clear);
    this.#clearing.add(cleared);
    void cleared.then(() => this.#clearing.delete(cleared));
  }

  /** What is known of a server that was configured otherwise says nothing of it as it is now. */
  health(server: string, spec: ServerSpec | undefined): ServerHealth {
    const known = this.#servers.get(server);
    if (known === undefined || known.spec !== spec)
      return { state: 'ok', failures: 0, reason: undefined, retryMs: 0 };
    const { gate } = known.history;
    const nowMs = this.#clock.now();
    const failures = known.history.failuresMs.filter((atMs) => nowMs - atMs < this.#times.windowMs).length;
    if (gate.state === 'ok') return { state: 'ok', failures, reason: undefined, retryMs: 0 };
    const retryMs = Math.max(0, gate.untilMs - nowMs);
    // Nobody is refused any more.
    const state = gate.state === 'backing-off' && retryMs === 0 ? 'ok' : gate.state;
    return { state, failures, reason: state === 'ok' ? undefined : known.reason, retryMs };
  }

  #of(spec: ServerSpec): Supervised {
    const known = this.#servers.get(spec.name);
    if (known?.spec === spec) return known;
    const fresh: Supervised = {
      spec,
      history: NO_HISTORY,
      reason: undefined,
      limitsTold: false,
      ready: new Map(),
    };
    this.#servers.set(spec.name, fresh);
    return fresh;
  }

  /** @returns whether the start is the trial of a failed server */
  #admit({ history }: Supervised): boolean {
    const decision = decideStart(history, this.#clock.now(), this.#times);
    if (decision.kind === 'start') return decision.trial;
    const inS = Math.max(1, Math.ceil(decision.waitMs / 1000));
    const state = decision.state === 'failed' ? 'It has failed' : 'It is backing off';
    throw new GatewayError('SERVER_FAILING', `${state}; the next start is allowed in ${inS} s.`, {
      retryAfterMs: decision.waitMs,
    });
  }

  #ready(server: Supervised, instance: Instance): void {
    server.ready.set(instance, { atMs: this.#clock.now(), issued: instance.table.issued });
    const hadFailed = server.history.gate.state === 'failed';
    server.history = afterReady(server.history);
    if (hadFailed) this.#events.emit({ type: 'server.recovered', server: server.spec.name });
  }

  #failed(server: Supervised, startedMs: number, exit: InstanceExit): void {
    const nowMs = this.#clock.now();
    const lasting = [...server.ready.values()].some(({ atMs }) => nowMs - atMs >= this.#times.soonMs);
    const before = lasting ? afterLasting() : server.history;
    server.history = afterFailure(before, { startedMs, nowMs, chance: this.#random() }, this.#times);
    server.reason = reasonOf(exit);
    const { gate, failuresMs } = server.history;
    if (gate === before.gate || gate.state === 'ok') return;
    this.#events.emit({
      type: 'server.failing',
      server: server.spec.name,
      state: gate.state,
      failures: failuresMs.length,
      waitMs: gate.untilMs - nowMs,
      reason: server.reason,
    });
  }

  #lifeOf(server: Supervised, instance: Instance) {
    const ready = server.ready.get(instance);
    return {
      ready: ready !== undefined,
      lasted: ready !== undefined && this.#clock.now() - ready.atMs >= this.#times.soonMs,
      used: ready !== undefined && instance.table.issued > ready.issued,
      lostCalls: instance.lostCalls > 0,
      tentative: instance.tentative,
      isSpare: instance.isSpare,
    };
  }
}

interface Life {
  readonly ready: boolean;
  readonly lasted: boolean;
  /** Somebody sent it a request after it was ready. */
  readonly used: boolean;
  /** Calls ended with it. */
  readonly lostCalls: boolean;
  readonly tentative: boolean;
  readonly isSpare: boolean;
}

/**
 * What the end of a process says about its server. One that dies with a call in its hands died of the call: else any
 * caller could shut a server for everybody by crashing it a few times. One that ends itself cleanly after use is done.
 */
function judgeEnd(
  { expected, exitCode, spawnError }: InstanceExit,
  { ready, lasted, used, lostCalls, tentative, isSpare }: Life,
): 'failed' | 'lasted' | 'nothing' {
  if (lasted) return 'lasted';
  if (expected || isSpare || isFaultOfMachine(spawnError)) return 'nothing';
  if (ready) return lostCalls || (used && exitCode === 0) ? 'nothing' : 'failed';
  return tentative && spawnError === undefined ? 'nothing' : 'failed';
}

function reasonOf({ exitCode, signal, spawnError }: InstanceExit): string {
  if (spawnError !== undefined)
    return spawnError.startsWith('no answer') ? spawnError : 'a process that could not be spawned';
  return signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
}
