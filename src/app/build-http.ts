/** The HTTP side of a gateway: every route, with options that are read as they are at the moment of a request. */
import type { FastifyInstance } from 'fastify';
import type { Authenticator } from '../auth/authenticate.ts';
import { mayUseServer } from '../auth/authorize.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/schema.ts';
import type { Events } from '../events.ts';
import { serveDocs } from '../fronts/docs/routes.ts';
import { serveMcp } from '../fronts/mcp/entry.ts';
import type { MirroredTools } from '../fronts/mcp/mirrored-tools.ts';
import { SessionlessFront } from '../fronts/mcp/sessionless.ts';
import { SseFront } from '../fronts/mcp/sse.ts';
import { StatelessFront } from '../fronts/mcp/stateless.ts';
import { StreamableFront } from '../fronts/mcp/streamable.ts';
import type { ArgumentCheck } from '../fronts/rest/check-arguments.ts';
import type { Jobs } from '../fronts/rest/jobs.ts';
import { serveOpenApi } from '../fronts/rest/openapi-routes.ts';
import { serveRest } from '../fronts/rest/routes.ts';
import type { AnswerCounts } from '../http/answer-counts.ts';
import { limitConnections } from '../http/connection-limits.ts';
import { type HealthSource, serveHealth } from '../http/health.ts';
import { type Exposition, serveMetrics } from '../http/metrics-route.ts';
import type { OpenRequests } from '../http/open-requests.ts';
import { RequestRates } from '../http/request-rates.ts';
import { createHttpServer } from '../http/server.ts';
import { STREAM_TIMES } from '../http/sse-stream.ts';
import type { Sessions } from '../session/sessions.ts';
import { systemClock } from '../util/clock.ts';
import { openApiOptions } from './openapi-options.ts';

/** What a gateway is made of, as far as requests meet it. */
export interface HttpParts {
  readonly events: Events;
  readonly sessions: Sessions;
  readonly catalog: Catalog;
  readonly mirrored: MirroredTools;
  readonly jobs: Jobs;
  readonly argumentCheck: ArgumentCheck;
  readonly metrics: Exposition;
  readonly openRequests: OpenRequests;
  readonly answerCounts: AnswerCounts;
  /** What counts now; another one after a reload. */
  readonly config: () => Config;
  readonly authenticator: () => Authenticator | undefined;
  readonly health: Omit<HealthSource, 'mayKnow'>;
}

/** How long a question of a server waits for its client to open a stream. */
const QUESTION_WAIT_MS = 60_000;

export function buildHttp(parts: HttpParts): FastifyInstance {
  const { events, sessions, catalog, config } = parts;
  const app = createHttpServer({
    events,
    openRequests: parts.openRequests,
    answerCounts: parts.answerCounts,
    rates: new RequestRates(() => config().limits, systemClock),
    get maxBodyBytes() {
      return config().http.maxBodyBytes;
    },
    get authenticator() {
      return parts.authenticator();
    },
    get realAuth() {
      const { auth } = config();
      return auth !== undefined && !auth.anonymous;
    },
    get allowedHosts() {
      return config().http.allowedHosts;
    },
    get allowedOrigins() {
      return config().http.allowedOrigins;
    },
    get publicUrl() {
      return config().publicUrl;
    },
  });
  limitConnections(
    app.server,
    () => config().limits,
    (limit) => events.emit({ type: 'connection.refused', limit }),
  );
  const streams = {
    times: STREAM_TIMES,
    questionWaitMs: QUESTION_WAIT_MS,
    get replayBytes() {
      return config().http.replayBytes;
    },
    get graceMs() {
      return config().http.sseGraceMs;
    },
    get pathPrefix() {
      const { publicUrl } = config();
      return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '');
    },
  };
  const sessionless = new SessionlessFront(sessions, STREAM_TIMES);
  serveHealth(app, { ...parts.health, mayKnow: mayUseServer });
  serveMetrics(
    app,
    parts.metrics,
    (principal) => sessions.serversOf(principal).length === sessions.serverCount,
  );
  const rest = {
    get sessions() {
      return config().rest.sessions;
    },
    get inputRequired() {
      return config().rest.inputRequired;
    },
    get validate() {
      return config().rest.validate;
    },
    get pathPrefix() {
      return streams.pathPrefix;
    },
  };
  serveRest(app, sessions, parts, rest);
  const openApi = latest(config, openApiOptions);
  serveOpenApi(app, sessions, catalog, openApi);
  serveDocs(app, () => openApi().security);
  serveMcp(app, {
    sessions,
    sse: new SseFront(sessions, streams),
    streamable: new StreamableFront(sessions, streams),
    stateless: new StatelessFront(sessions, parts.mirrored, streams),
    get sessionless() {
      return config().http.legacyStateless ? sessionless : undefined;
    },
  });
  return app;
}

/** What `make` makes of a value that rarely changes: the same object until it does. */
function latest<T extends object, R>(value: () => T, make: (value: T) => R): () => R {
  let of: T | undefined;
  let made: R;
  return () => {
    const now = value();
    if (now !== of) made = make(now);
    of = now;
    return made;
  };
}
