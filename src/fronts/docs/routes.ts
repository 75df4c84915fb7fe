/**
 * `/docs` and `/docs/{server}`: the API as a page to read and to try. What is served here is public and the same for everybody, and names
 * no server. The page asks for the document, and calls tools, with the credentials that its reader enters.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { cutStalled } from '../../http/cut-stalled.ts';
import { isUnchanged, toEntityTag } from '../../http/entity-tag.ts';
import { serve } from '../../http/server.ts';
import { STREAM_TIMES } from '../../http/sse-stream.ts';
import { ASSETS, readShell } from './assets.ts';

/**
 * Scripts, styles and requests are this origin's, nothing is inline. `data:` images are the icons in Swagger UI's style sheet; `blob:` and
 * `data:` are also how a tool's picture or sound is shown. Trusted Types refuse every string that would be parsed as HTML, so a text of a
 * server cannot become markup even where a component forgot that it is text.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  'media-src data: blob:',
  "font-src 'none'",
  "object-src 'none'",
  "frame-src 'none'",
  "worker-src 'none'",
  "manifest-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const SHELL_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};
/** Kept by browsers and asked about each time: a page never runs with the scripts of another version. */
const HEADERS = {
  'cache-control': 'no-cache',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

/** The ways of signing in, as every 401 tells them too. */
export interface DocsOptions {
  readonly basic: boolean;
  readonly bearer: boolean;
  readonly anonymous: boolean;
}

/** `options` are asked for with each request: they may change. */
export function serveDocs(app: FastifyInstance, options: () => DocsOptions): void {
  /** `assets` is the path to them, relative to the page: what a proxy puts before it is not known here. */
  const shell = (assets: string) => async (request: FastifyRequest, reply: FastifyReply) => {
    const html = await readShell({ assets, 'sign-in': decideSignIn(options()) });
    reply.headers(SHELL_HEADERS);
    if (isCached(request, reply, toEntityTag(html))) return reply.code(304).send();
    return reply.type('text/html; charset=utf-8').send(html);
  };
  serve(app, '/docs', { GET: shell('docs/assets') }, { public: true });
  serve(app, '/docs/:server', { GET: shell('assets') }, { public: true });
  serve(app, '/docs/assets/:file', { GET: sendAsset }, { public: true });
}

/** Words for the page: the ways there are, and whether one must be taken before anything is shown. */
function decideSignIn({ basic, bearer, anonymous }: DocsOptions): string {
  const ways = [...(basic ? ['basic'] : []), ...(bearer ? ['bearer'] : [])];
  return [...ways, ...(ways.length > 0 && !anonymous ? ['required'] : [])].join(' ');
}

async function sendAsset(request: FastifyRequest, reply: FastifyReply) {
  const asset = ASSETS.get((request.params as { file: string }).file);
  if (asset === undefined) throw new GatewayError('NOT_FOUND');
  if (isCached(request, reply, await asset.etag())) return reply.code(304).send();
  cutStalled(reply.raw, STREAM_TIMES.writeDeadlineMs);
  return reply.type(asset.contentType).send(asset.open());
}

/** Names the version, and says whether the browser has it. */
function isCached(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.headers(HEADERS).header('etag', etag);
  return isUnchanged(request.headers['if-none-match'], etag);
}
