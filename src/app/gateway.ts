/** Composition root: builds the rooms in order, and owns the order in which they start, change and stop. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Authenticator, createAuthenticator } from '../auth/authenticate.ts';
import { Guessing } from '../auth/guessing.ts';
import { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/schema.ts';
import { GatewayError } from '../errors.ts';
import type { Events } from '../events.ts';
import { MirroredTools } from '../fronts/mcp/mirrored-tools.ts';
import { ArgumentCheck } from '../fronts/rest/check-arguments.ts';
import { Jobs } from '../fronts/rest/jobs.ts';
import { AnswerCounts } from '../http/answer-counts.ts';
import type { Readiness, ServerCondition } from '../http/health.ts';
import { OpenRequests } from '../http/open-requests.ts';
import type { PoolState } from '../instance/pool/pool.ts';
import { type Expiry, startExpiry } from '../session/expiry.ts';
import { SessionRegistry } from '../session/registry.ts';
import { Sessions } from '../session/sessions.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { systemClock } from '../util/clock.ts';
import { authOptions } from './auth-options.ts';
import { buildHttp } from './build-http.ts';
import { type ConfigDiff, diffConfig, effectiveConfig } from './config-diff.ts';
import { LoopWatch } from './loop-watch.ts';
import { createParts, type Parts, planServers, type ServerPlan } from './parts.ts';
import { Revocation } from './revocation.ts';
import { ServerDrains } from './server-drains.ts';

export interface GatewayState extends PoolState {
  readonly sessions: number;
  readonly stopping: boolean;
  /** How starts of each server go. */
  readonly servers: readonly ServerCondition[];
}

/** Owns sockets, sessions and processes; nothing of the process around it: no signals, no exit, no global log. */
export interface Gateway {
  readonly events: Events;
  /** Starts to listen. Rejects with the system's error (EADDRINUSE, EACCES, EADDRNOTAVAIL). @returns the real port */
  listen(): Promise<number>;
  inspect(): GatewayState;
  /**
   * Puts another configuration in the place of the one in use, at once and as a whole; what does not differ is not
   * touched. @returns what differed. @throws before anything has changed; GatewayError STOPPING once it stops
   */
  reload(config: Config): ConfigDiff;
  /** Lets running calls finish for `http.drainMs`, then ends all sessions, processes and sockets. */
  stop(): Promise<void>;
  /** Ends everything without grace. */
  stopNow(): Promise<void>;
}

/** How often a draining gateway looks whether its calls have finished. */
const DRAIN_LOOK_MS = 50;

export function createGateway(config: Config, events?: Events): Gateway {
  return new RunningGateway(config, createParts(config, events));
}

class RunningGateway implements Gateway {
  readonly events: Events;
  readonly #parts: Parts;
  readonly #registry: SessionRegistry;
  readonly #sessions: Sessions;
  readonly #catalog: Catalog;
  readonly #mirrored = new MirroredTools();
  readonly #jobs: Jobs;
  readonly #argumentCheck = new ArgumentCheck();
  readonly #app: FastifyInstance;
  readonly #expiry: Expiry;
  readonly #metrics: Metrics;
  readonly #drains: ServerDrains;
  readonly #loop: LoopWatch;
  readonly #revocation: Revocation;
  /** Lets one authenticator know the principals of the one before. */
  readonly #authKey = randomBytes(32);
  readonly #guessing: Guessing;
  #config: Config;
  #plan: ServerPlan;
  #authenticator: Authenticator | undefined;
  #stopping: Promise<void> | undefined;
  #now = false;

  constructor(config: Config, parts: Parts) {
    const { events, pool, plan } = parts;
    this.#config = config;
    this.#plan = plan;
    this.#parts = parts;
    this.events = events;
    this.#guessing = new Guessing({
      freeFailures: () => this.#config.limits.passwordFailures,
      clock: systemClock,
      onWait: (address, failures, waitMs) =>
        events.emit({ type: 'auth.guessing', address, failures, waitMs }),
    });
    this.#authenticator = this.#authenticatorOf(config);
    this.#registry = new SessionRegistry(config.limits, systemClock, events);
    this.#sessions = new Sessions(plan.served, this.#registry, parts);
    this.#catalog = new Catalog(parts.legacy, events, (name) => this.#config.servers.get(name)?.policy);
    this.#expiry = startExpiry(this.#registry, config.limits, systemClock);
    this.#loop = new LoopWatch({ events, bytesByServer: () => pool.bytesByServer() });
    this.#jobs = new Jobs(
      () => this.#config.rest,
      () => this.#sessions.newId(),
    );
    const answerCounts = new AnswerCounts();
    this.#metrics = createMetrics(events, () => ({ ...this.inspect(), answers: answerCounts }));
    this.#drains = new ServerDrains({ sessions: this.#sessions, registry: this.#registry, pool, events });
    const openRequests = new OpenRequests();
    this.#revocation = new Revocation(this.#registry, this.#jobs, openRequests, () => this.#authenticator);
    this.#app = buildHttp({
      events,
      sessions: this.#sessions,
      catalog: this.#catalog,
      mirrored: this.#mirrored,
      jobs: this.#jobs,
      argumentCheck: this.#argumentCheck,
      metrics: this.#metrics,
      openRequests,
      answerCounts,
      config: () => this.#config,
      authenticator: () => this.#authenticator,
      health: {
        readiness: () => this.#readiness(),
        servers: () => this.#servers(),
      },
    });
  }

  async listen(): Promise<number> {
    await this.#parts.guard.sweep();
    this.#loop.start();
    await this.#app.listen({ host: this.#config.hostname, port: this.#config.port });
    this.#parts.pool.keepSpares();
    return (this.#app.server.address() as AddressInfo).port;
  }

  inspect(): GatewayState {
    return {
      ...this.#parts.pool.state(),
      sessions: this.#registry.size,
      stopping: this.#stopping !== undefined,
      servers: this.#servers(),
    };
  }

  #readiness(): Readiness {
    if (this.#stopping !== undefined) return 'stopping';
    return this.#loop.isBlocked ? 'blocked' : 'ready';
  }

  #servers(): ServerCondition[] {
    return [...this.#config.servers.keys()].map((name) => ({ name, ...this.#parts.pool.health(name) }));
  }

  reload(next: Config): ConfigDiff {
    if (this.#stopping !== undefined) throw new GatewayError('STOPPING');
    const diff = diffConfig(this.#config, next);
    // Whatever can fail comes first.
    const authenticator = diff.auth ? this.#authenticatorOf(next) : this.#authenticator;
    const former = this.#plan;
    const plan = planServers(next, former.pool.servers, diff.changed);
    this.#config = effectiveConfig(this.#config, next);
    this.#authenticator = authenticator;
    this.#plan = plan;
    this.#parts.pool.configure(plan.pool);
    this.#sessions.serve(plan.served);
    this.#registry.limit(next.limits);
    this.#expiry.update(next.limits);
    for (const name of [...diff.changed, ...diff.removed]) {
      this.#catalog.forget(name);
      this.#mirrored.forget(name);
      this.#sessions.endListens(name);
    }
    this.events.emit({ type: 'config.reloaded', ...diff });
    for (const name of diff.removed) this.#drains.start(name, former, next.http.drainMs);
    if (diff.auth) this.#revocation.start();
    return diff;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drainAndEnd();
    return this.#stopping;
  }

  async stopNow(): Promise<void> {
    this.#now = true;
    await this.#parts.pool.stop(true);
    await this.stop();
  }

  #authenticatorOf(config: Config): Authenticator | undefined {
    const options = authOptions(config);
    return options && createAuthenticator(options, { key: this.#authKey, guessing: this.#guessing });
  }

  /** Order matters: no new work, finish the old, end sessions (their streams close), then processes, then sockets. */
  async #drainAndEnd(): Promise<void> {
    this.events.emit({ type: 'gateway.stopping', drainMs: this.#config.http.drainMs });
    this.#sessions.stopAccepting();
    this.#parts.pool.endSpares();
    const closed = this.#app.close();
    const deadline = performance.now() + this.#config.http.drainMs;
    while (!this.#now && this.#callsRunning() && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    this.#loop.stop();
    this.#expiry.stop();
    this.#metrics.stop();
    this.#catalog.stop();
    this.#drains.stop();
    this.#jobs.close();
    await this.#argumentCheck.close();
    this.#revocation.stop();
    await Promise.all([this.#registry.endAll('the gateway is stopping'), this.#parts.pool.stop(this.#now)]);
    await this.#parts.guard.stop();
    this.#app.server.closeAllConnections();
    await closed;
    this.events.emit({ type: 'gateway.stopped' });
  }

  #callsRunning(): boolean {
    return this.#sessions.looseCalls() > 0 || this.#registry.all().some((session) => session.calls > 0);
  }
}
