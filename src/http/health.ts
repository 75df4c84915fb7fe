/** Liveness and readiness, open to everyone and therefore saying nothing else. */
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../errors.ts';
import { serve } from './server.ts';

export function serveHealth(app: FastifyInstance, isReady: () => boolean): void {
  serve(app, '/healthz', { GET: async () => ({ status: 'ok' }) }, { public: true });
  const ready = async () => {
    if (!isReady()) throw new GatewayError('STOPPING');
    return { status: 'ready' };
  };
  serve(app, '/readyz', { GET: ready }, { public: true });
  // A client that finds anything but a plain 404 here tries OAuth and ignores the headers it was given.
  const nothing = () => Promise.reject(new GatewayError('NOT_FOUND'));
  serve(app, '/.well-known/*', { GET: nothing }, { public: true });
}
