/** GET /metrics, for whoever may use every server: it names them all. */
import type { FastifyInstance } from 'fastify';
import type { Principal } from '../auth/principal.ts';
import { GatewayError } from '../errors.ts';
import { serve } from './server.ts';

export interface Exposition {
  readonly contentType: string;
  text(): Promise<string>;
}

export function serveMetrics(
  app: FastifyInstance,
  metrics: Exposition,
  mayRead: (principal: Principal) => boolean,
): void {
  serve(app, '/metrics', {
    GET: async ({ principal }, reply) => {
      if (!mayRead(principal)) throw new GatewayError('NOT_FOUND');
      return reply.type(metrics.contentType).send(await metrics.text());
    },
  });
}
