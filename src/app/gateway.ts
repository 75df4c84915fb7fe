/** Composition root: builds the rooms in order, and owns the order in which they start and stop. */
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type AuthOptions, createAuthenticator } from '../auth/authenticate.ts';
import { mayUseServer } from '../auth/authorize.ts';
import { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/schema.ts';
import { GatewayError } from '../errors.ts';
import type { Events } from '../events.ts';
import { serveDocs } from '../fronts/docs/routes.ts';
import { serveMcp } from '../fronts/mcp/entry.ts';
import { MirroredTools } from '../fronts/mcp/mirrored-tools.ts';
import { SessionlessFront } from '../fronts/mcp/sessionless.ts';
import { SseFront } from '../fronts/mcp/sse.ts';
import { StatelessFront } from '../fronts/mcp/stateless.ts';
import { StreamableFront } from '../fronts/mcp/streamable.ts';
import { serveOpenApi } from '../fronts/rest/openapi-routes.ts';
import { serveRest } from '../fronts/rest/routes.ts';
import { type ServerCondition, serveHealth } from '../http/health.ts';
import { serveMetrics } from '../http/metrics-route.ts';
import { createHttpServer } from '../http/server.ts';
import { STREAM_TIMES } from '../http/sse-stream.ts';
import type { PoolState } from '../instance/pool/pool.ts';
import { startExpiry } from '../session/expiry.ts';
import { SessionRegistry } from '../session/registry.ts';
import { Sessions } from '../session/sessions.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { systemClock } from '../util/clock.ts';
import { openApiOptions } from './openapi-options.ts';
import { createParts, type Parts } from './parts.ts';

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
  /** Lets running calls finish for `http.drainMs`, then ends all sessions, processes and sockets. */
  stop(): Promise<void>;
  /** Ends everything without grace. */
  stopNow(): Promise<void>;
}

/** How often a draining gateway looks whether its calls have finished. */
/** How long a question of a server waits for its client to open a stream. */
const QUESTION_WAIT_MS = 60_000;
const DRAIN_LOOK_MS = 50;

export function createGateway(config: Config, events?: Events): Gateway {
  return new RunningGateway(config, createParts(config, events));
}

class RunningGateway implements Gateway {
  readonly events: Events;
  readonly #config: Config;
  readonly #parts: Parts;
  readonly #registry: SessionRegistry;
  readonly #sessions: Sessions;
  readonly #app: FastifyInstance;
  readonly #expiry: { stop(): void };
  readonly #metrics: Metrics;
  readonly #catalog: Catalog;
  #stopping: Promise<void> | undefined;
  #now = false;

  constructor(config: Config, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
    this.events = parts.events;
    this.#registry = new SessionRegistry(config.limits, systemClock, parts.events);
    this.#sessions = new Sessions(parts.servers, this.#registry, parts);
    this.#expiry = startExpiry(this.#registry, config.limits, systemClock);
    this.#metrics = createMetrics(parts.events, () => this.inspect());
    this.#catalog = new Catalog(parts.legacy, parts.events);
    this.#app = this.#buildHttp();
  }

  async listen(): Promise<number> {
    await this.#parts.guard.sweep();
    await this.#app.listen({ host: this.#config.hostname, port: this.#config.port });
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

  #servers(): ServerCondition[] {
    return [...this.#config.servers.keys()].map((name) => ({ name, ...this.#parts.pool.health(name) }));
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

  #buildHttp(): FastifyInstance {
    const config = this.#config;
    const auth = authOptions(config);
    const app = createHttpServer({
      authenticator: auth && createAuthenticator(auth),
      realAuth: auth !== undefined && !auth.anonymous,
      allowedHosts: config.http.allowedHosts,
      allowedOrigins: config.http.allowedOrigins,
      publicUrl: config.publicUrl,
      maxBodyBytes: config.http.maxBodyBytes,
      events: this.events,
    });
    const sse = new SseFront(this.#sessions, {
      graceMs: config.http.sseGraceMs,
      replayBytes: config.http.replayBytes,
      times: STREAM_TIMES,
      pathPrefix: config.publicUrl === undefined ? '' : new URL(config.publicUrl).pathname.replace(/\/$/, ''),
    });
    const streamable = new StreamableFront(this.#sessions, {
      replayBytes: config.http.replayBytes,
      times: STREAM_TIMES,
      questionWaitMs: QUESTION_WAIT_MS,
    });
    const stateless = new StatelessFront(this.#sessions, new MirroredTools(), { times: STREAM_TIMES });
    const sessionless = config.http.legacyStateless
      ? new SessionlessFront(this.#sessions, STREAM_TIMES)
      : undefined;
    const openApi = openApiOptions(config);
    serveHealth(app, {
      unready: () => (this.#stopping === undefined ? undefined : new GatewayError('STOPPING')),
      servers: () => this.#servers(),
      mayKnow: mayUseServer,
    });
    serveMetrics(
      app,
      this.#metrics,
      (principal) => this.#sessions.serversOf(principal).length === config.servers.size,
    );
    serveRest(app, this.#sessions);
    serveOpenApi(app, this.#sessions, this.#catalog, openApi);
    serveDocs(app, openApi.security);
    serveMcp(app, { sessions: this.#sessions, sse, streamable, stateless, sessionless });
    return app;
  }

  /** Order matters: no new work, finish the old, end sessions (their streams close), then processes, then sockets. */
  async #drainAndEnd(): Promise<void> {
    this.events.emit({ type: 'gateway.stopping', drainMs: this.#config.http.drainMs });
    this.#sessions.stopAccepting();
    const closed = this.#app.close();
    const deadline = performance.now() + this.#config.http.drainMs;
    while (!this.#now && this.#callsRunning() && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    this.#expiry.stop();
    this.#metrics.stop();
    this.#catalog.stop();
    await Promise.all([this.#registry.endAll('the gateway is stopping'), this.#parts.pool.stop(this.#now)]);
    await this.#parts.guard.stop();
    this.#app.server.closeAllConnections();
    await closed;
    this.events.emit({ type: 'gateway.stopped' });
  }

  #callsRunning(): boolean {
    return this.#sessions.looseCalls > 0 || this.#registry.all().some((session) => session.calls > 0);
  }
}

function authOptions({ auth }: Config): AuthOptions | undefined {
  if (auth === undefined) return undefined;
  const basic = auth.basic?.enabled === true ? auth.basic.credentials : undefined;
  const bearer = auth.bearer?.enabled === true ? auth.bearer.tokens : undefined;
  return {
    anonymous: auth.anonymous,
    ...(basic && {
      basic: basic.map((entry) => ({
        ...entry,
        password: entry.password?.reveal(),
        passwordHash: entry.passwordHash?.reveal(),
      })),
    }),
    ...(bearer && {
      bearer: bearer.map((entry) => ({
        ...entry,
        token: entry.token?.reveal(),
        tokenHash: entry.tokenHash?.reveal(),
      })),
    }),
  };
}
