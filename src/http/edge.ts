/**
 * What every request passes before any route is looked at, in this order: Host, Origin, preflight, credentials,
 * media type. Default deny: a route is served without credentials only when it says `config: { public: true }`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator, AuthOutcome } from '../auth/authenticate.ts';
import { LOOPBACK, type Principal } from '../auth/principal.ts';
import { GatewayError } from '../errors.ts';
import { checkHost, checkOrigin, corsHeaders, decidePreflight, isServedWithoutAuth } from './guards.ts';
import { isJson } from './media-type.ts';
import type { OpenRequests } from './open-requests.ts';
import { authenticateOn } from './proven-connections.ts';
import type { RequestRates } from './request-rates.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; set before any handler of a route that is not public. */
    principal: Principal;
    /** Who is calling, on routes that ask with `recognise`; undefined for everybody without a valid credential. */
    recognised: Principal | undefined;
  }
  interface FastifyContextConfig {
    /** Served without credentials. The test of the route table lists every one of them. */
    public?: boolean;
    /** On a public route: whoever has a valid credential is told more. */
    recognise?: boolean;
  }
}

/** Read anew for every request, so that a gateway can change them while it runs. */
export interface EdgeOptions {
  /** Undefined: nothing is configured, and only this machine is served. */
  readonly authenticator: Authenticator | undefined;
  /** True when credentials are checked, so that a forged Host gains nothing. */
  readonly realAuth: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly publicUrl: string | undefined;
  readonly openRequests: OpenRequests;
  readonly rates: RequestRates;
}

export function guardEdge(app: FastifyInstance, options: EdgeOptions): void {
  app.decorateRequest('principal', null as unknown as Principal);
  app.decorateRequest('recognised', undefined);
  // Synchronous wherever it can be: most requests never wait for anything here.
  app.addHook('onRequest', (request, reply, done) => {
    try {
      options.rates.takeOfAddress(request.raw.socket.remoteAddress);
      const waiting = admit(request, reply, options);
      if (waiting !== undefined) return waiting;
      done();
    } catch (cause) {
      done(cause as Error);
    }
    return undefined;
  });
}

/** Returns a promise only where a hash must be computed. @throws GatewayError when the request is not let in */
function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  options: EdgeOptions,
): Promise<void> | undefined {
  checkWhere(request, reply, options);
  if (request.method === 'OPTIONS') return undefined;
  if (request.routeOptions.config.public !== true) {
    const { authenticator } = options;
    if (authenticator === undefined) request.principal = loopbackOnly(request, reply);
    else {
      const outcome = authenticate(request, authenticator);
      if (outcome instanceof Promise) {
        return outcome.then((later) => {
          // Whom to let in may have been decided otherwise meanwhile.
          if (options.authenticator !== authenticator) return admit(request, reply, options);
          identify(request, reply, later);
          enter(request, reply, options);
          return undefined;
        });
      }
      identify(request, reply, outcome);
    }
    return enter(request, reply, options);
  }
  if (request.routeOptions.config.recognise === true) return recognise(request, options);
  checkBody(request);
  return undefined;
}

/** Its principal is known. */
function enter(
  request: FastifyRequest,
  reply: FastifyReply,
  { openRequests, rates }: EdgeOptions,
): undefined {
  rates.takeOfPrincipal(request.principal);
  openRequests.add(reply.raw, request.principal);
  checkBody(request);
}

function authenticate(request: FastifyRequest, authenticator: Authenticator) {
  return authenticateOn(request.raw.socket, rawValues(request, 'authorization'), authenticator);
}

/** Refuses nobody: a credential that is not valid is as good as none. */
function recognise(request: FastifyRequest, { authenticator }: EdgeOptions): Promise<void> | undefined {
  if (authenticator === undefined) {
    if (isAtThisMachine(request)) request.recognised = LOOPBACK;
    return undefined;
  }
  const note = (outcome: AuthOutcome): void => {
    if (outcome.ok) request.recognised = outcome.principal;
  };
  const outcome = authenticate(request, authenticator);
  if (outcome instanceof Promise) return outcome.then(note);
  note(outcome);
  return undefined;
}

/** Values of a header as the peer sent it, repeated ones included. */
function rawValues(request: FastifyRequest, name: string): string[] {
  const { rawHeaders } = request.raw;
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index] ?? '';
    if (header.length !== name.length) continue;
    if (header === name || header.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '');
  }
  return values;
}

function checkWhere(request: FastifyRequest, reply: FastifyReply, options: EdgeOptions): void {
  const { allowedHosts, allowedOrigins, publicUrl, realAuth } = options;
  const url = request.raw.url ?? '';
  const host = checkHost({ hostHeaders: rawValues(request, 'host'), url, realAuth, allowedHosts, publicUrl });
  if (host !== 'ok') throw new GatewayError(host);
  const { origin } = request.headers;
  const verdict = checkOrigin({
    origin,
    secFetchSite: request.headers['sec-fetch-site'],
    host: request.headers.host,
    method: request.method,
    allowedOrigins,
    publicUrl,
  });
  if (verdict !== 'ok') throw new GatewayError(verdict);
  if (origin !== undefined) reply.headers(corsHeaders({ origin, allowedOrigins }));
  if (request.method === 'OPTIONS') {
    const preflight = decidePreflight({
      origin,
      allowedOrigins,
      requestMethod: request.headers['access-control-request-method'],
      requestHeaders: request.headers['access-control-request-headers'],
    });
    reply.headers(preflight);
  }
}

function loopbackOnly(request: FastifyRequest, reply: FastifyReply): Principal {
  if (isAtThisMachine(request)) return LOOPBACK;
  reply.header('www-authenticate', 'Bearer realm="mcp-gateway"');
  throw new GatewayError('LOOPBACK_ONLY');
}

function isAtThisMachine(request: FastifyRequest): boolean {
  return isServedWithoutAuth({
    remoteAddress: request.raw.socket.remoteAddress,
    host: request.headers.host,
    headerNames: Object.keys(request.headers),
  });
}

function identify(request: FastifyRequest, reply: FastifyReply, outcome: AuthOutcome): void {
  if (outcome.ok) {
    request.principal = outcome.principal;
    return;
  }
  const { challenges, code, retryAfterMs } = outcome;
  if (retryAfterMs !== undefined) throw new GatewayError(code, undefined, { retryAfterMs });
  reply.header('www-authenticate', challenges);
  throw new GatewayError(code);
}

/** A body is JSON or it is refused, before a byte of it is read; a form that a web page posts is not. */
function checkBody(request: FastifyRequest): void {
  const { headers, method } = request;
  if (method === 'GET' || method === 'HEAD') return;
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
    throw new GatewayError('MEDIA_TYPE');
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
  if ((hasBody || headers['content-type'] !== undefined) && !isJson(headers['content-type'])) {
    if (method === 'POST') throw new GatewayError('MEDIA_TYPE');
  }
}
