/**
 * Liveness and readiness, open to everyone. Everybody is told numbers; which servers fail, and why, is told to callers
 * who may use them. A server that fails does not make the gateway unready: the others are served.
 */
import type { FastifyInstance } from 'fastify';
import type { Principal } from '../auth/principal.ts';
import { GatewayError } from '../errors.ts';
import { serve } from './server.ts';

/** How starts of one server go. */
export interface ServerCondition {
  readonly name: string;
  readonly state: 'ok' | 'backing-off' | 'failed';
  readonly failures: number;
  readonly reason: string | undefined;
  readonly retryMs: number;
}

/** Whether requests should be sent here; `blocked` when the event loop has just stood still. */
export type Readiness = 'ready' | 'blocked' | 'stopping';

export interface HealthSource {
  readiness(): Readiness;
  servers(): readonly ServerCondition[];
  mayKnow(principal: Principal, server: string): boolean;
}

/** About as long as it takes to be ready again. */
const BLOCKED_RETRY_S = 2;

export function serveHealth(app: FastifyInstance, source: HealthSource): void {
  serve(app, '/healthz', { GET: async () => ({ status: 'ok' }) }, { public: true });
  serve(
    app,
    '/readyz',
    {
      GET: async ({ recognised }, reply) => {
        const status = source.readiness();
        if (status === 'stopping') throw new GatewayError('STOPPING');
        if (status === 'blocked') reply.code(503).header('retry-after', BLOCKED_RETRY_S);
        return { status, ...reportServers(source, recognised) };
      },
    },
    { public: true, recognise: true },
  );
  // A client that finds anything but a plain 404 here tries OAuth and ignores the headers it was given.
  const nothing = () => Promise.reject(new GatewayError('NOT_FOUND'));
  serve(app, '/.well-known/*', { GET: nothing }, { public: true });
}

function reportServers(source: HealthSource, caller: Principal | undefined) {
  const servers = source.servers();
  const failing = servers.filter(({ state }) => state !== 'ok');
  const counts = { ok: servers.length - failing.length, failing: failing.length };
  if (caller === undefined) return { servers: counts };
  const known = failing.filter(({ name }) => source.mayKnow(caller, name));
  return {
    servers: counts,
    failing: known.map(({ name, state, failures, reason, retryMs }) => ({
      server: name,
      state,
      failures,
      reason,
      retryInMs: Math.ceil(retryMs),
    })),
  };
}
