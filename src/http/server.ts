/** The Fastify instance: its limits, its hooks, and one place where every error becomes an answer. */
import { randomBytes } from 'node:crypto';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type HTTPMethods,
  type RouteHandlerMethod,
} from 'fastify';
import { GatewayError } from '../errors.ts';
import type { Events } from '../events.ts';
import { markAnswer } from './answer.ts';
import type { AnswerCounts } from './answer-counts.ts';
import { readBody } from './body.ts';
import { type EdgeOptions, guardEdge } from './edge.ts';
import { fromFastify, reportRefusal, sendError, shapeFor } from './error-response.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Largest body of a request, as it is allowed at the moment. */
    maxBodyBytes(): number;
  }
}

export interface HttpOptions extends EdgeOptions {
  readonly maxBodyBytes: number;
  readonly events: Events;
  readonly answerCounts: AnswerCounts;
  readonly receiveTimes?: Partial<ReceiveTimes>;
}

/** How long a client may take to send, in milliseconds; nothing here bounds how long an answer may stream. */
export interface ReceiveTimes {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
}

const RECEIVE_TIMES: ReceiveTimes = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
};
/** Longest path segment: a percent-encoded tool name of 128 four-byte characters. */
const MAX_PARAM_LENGTH = 2048;
const MAX_HEADER_BYTES = 16 * 1024;
const ALL_METHODS: readonly HTTPMethods[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
];

export function createHttpServer(options: HttpOptions): FastifyInstance {
  const times = { ...RECEIVE_TIMES, ...options.receiveTimes };
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestTimeout: times.requestTimeout,
    genReqId: requestIds(),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, caseSensitive: true },
    http: { ...times, maxHeaderSize: MAX_HEADER_BYTES },
    // No route has a schema: what would compile them is not loaded, which is 4 MiB.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    // URLs that no route can be looked up for; they pass no hook.
    frameworkErrors: (cause, request, reply) => {
      markAnswer(request, reply);
      const error = fromFastify(cause);
      reportRefusal(options.events, request, error);
      void sendError(reply, error, shapeFor(request.url));
    },
    clientErrorHandler: (error, socket) => {
      const status =
        error.code === 'HPE_HEADER_OVERFLOW'
          ? '431 Request Header Fields Too Large'
          : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
            ? '408 Request Timeout'
            : '400 Bad Request';
      if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      else socket.destroy();
    },
  });
  app.decorate('maxBodyBytes', () => options.maxBodyBytes);
  app.removeAllContentTypeParsers();
  // Routes read their bodies themselves; what other methods send is for no route.
  app.addHttpMethod('POST', { hasBody: false, overrideExisting: true });
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.decorate('answerCounts', options.answerCounts);
  app.addHook('onSend', (request, reply, payload, done) => {
    options.answerCounts.add(reply.statusCode);
    const cacheControl = reply.getHeader('cache-control');
    markAnswer(request, reply);
    if (cacheControl !== undefined) reply.header('cache-control', cacheControl);
    done(null, payload);
  });
  app.setErrorHandler((cause, request, reply) => {
    const error = fromFastify(cause);
    reportRefusal(options.events, request, error);
    return sendError(reply, error, shapeFor(request.url));
  });
  guardEdge(app, options);
  app.setNotFoundHandler(
    withBody(() => {
      throw new GatewayError('NOT_FOUND');
    }),
  );
  return app;
}

export type Handlers = Partial<Record<'GET' | 'POST' | 'DELETE', RouteHandlerMethod>>;

/** Serves a path, answers its preflights, and every other method with 405 and an honest Allow. */
export function serve(
  app: FastifyInstance,
  url: string,
  handlers: Handlers,
  config: { readonly public?: boolean; readonly recognise?: boolean } = {},
): void {
  const served = Object.keys(handlers) as (keyof Handlers)[];
  const allow = [...served, 'OPTIONS'].join(', ');
  for (const method of served) {
    const handler = handlers[method];
    if (handler !== undefined)
      app.route({ method, url, handler: method === 'POST' ? withBody(handler) : handler, config });
  }
  app.route({
    method: 'OPTIONS',
    url,
    handler: (_request, reply) => reply.code(204).header('allow', allow).send(),
    config,
  });
  app.route({
    method: ALL_METHODS.filter(
      (method) => method !== 'OPTIONS' && !served.includes(method as keyof Handlers),
    ),
    url,
    config,
    handler: withBody((_request, reply) => {
      reply.header('allow', allow);
      throw new GatewayError('METHOD_NOT_ALLOWED');
    }),
  });
}

/** Serves GET alone: every other method goes to the route that this path belongs to otherwise. */
export function serveGet(app: FastifyInstance, url: string, handler: RouteHandlerMethod): void {
  app.route({ method: 'GET', url, handler });
}

/** The handler is called when its request has all of its body, as a Buffer: an error, too, names the id that stands in it. */
function withBody(handler: RouteHandlerMethod): RouteHandlerMethod {
  return function (this: FastifyInstance, request, reply) {
    readBody(request, this.maxBodyBytes(), (error, body) => {
      request.body = body;
      if (error === undefined) answerBy(() => handler.call(this, request, reply), reply);
      else void reply.send(error);
    });
  };
}

/** As Fastify does for a handler that it calls itself. */
function answerBy(handle: () => unknown, reply: FastifyReply): void {
  try {
    const answer = handle();
    if (answer instanceof Promise)
      answer.then(
        (value) => settle(value, reply),
        (cause) => reply.send(cause),
      );
    else settle(answer, reply);
  } catch (cause) {
    void reply.send(cause);
  }
}

/** A reply that was returned has sent itself, or will. */
function settle(value: unknown, reply: FastifyReply): void {
  if (value !== undefined && value !== reply && !reply.sent) void reply.send(value);
}

function noCompiler(): () => never {
  return () => {
    throw new TypeError('routes have no schemas here');
  };
}

function requestIds(): () => string {
  const prefix = randomBytes(4).toString('hex');
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}
