/**
 * The live documents, narrowed to what the caller may use: of all servers, and of each. What writes them is loaded with
 * the first: most gateways are never asked for one.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mayUseTool } from '../../auth/authorize.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { isUnchanged } from '../../http/entity-tag.ts';
import { serve, serveGet } from '../../http/server.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';
import { parseWish } from './document-wish.ts';
import type { OpenApiOptions } from './openapi.ts';
import { type DocumentFormat, toText } from './openapi-text.ts';
import { Renditions } from './renditions.ts';

const MEDIA_TYPES: Readonly<Record<DocumentFormat, string>> = {
  json: 'application/json; charset=utf-8',
  yaml: 'application/yaml; charset=utf-8',
};

export function serveOpenApi(
  app: FastifyInstance,
  sessions: Sessions,
  catalog: Catalog,
  options: () => OpenApiOptions,
): void {
  const documents = new Documents(sessions, catalog, options);
  for (const format of ['json', 'yaml'] as const) {
    serve(app, `/api/openapi.${format}`, {
      GET: (request, reply) => documents.send(request, reply, format, undefined),
    });
    // A tool may be called like that, and is then called by POST.
    serveGet(app, `/api/:server/openapi.${format}`, (request, reply) => {
      const { server } = request.params as { server: string };
      return documents.send(request, reply, format, sessions.server(request.principal, server));
    });
  }
}

class Documents {
  readonly #sessions: Sessions;
  readonly #catalog: Catalog;
  readonly #options: () => OpenApiOptions;
  readonly #renditions = new Renditions();

  constructor(sessions: Sessions, catalog: Catalog, options: () => OpenApiOptions) {
    this.#sessions = sessions;
    this.#catalog = catalog;
    this.#options = options;
  }

  /** @throws GatewayError what the server could not be asked for, where the document would be of it alone */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    format: DocumentFormat,
    only: ServedServer | undefined,
  ): Promise<FastifyReply> {
    this.#sessions.assertAccepting();
    const { principal } = request;
    const options = this.#options();
    const wish = parseWish(request.query as Record<string, unknown>);
    const { askServers, describeServers } = await import('./live-document.ts');
    const served = only === undefined ? this.#sessions.serversOf(principal) : [only];
    const asked = await askServers(
      served.map(({ name, tools }) => ({
        name,
        mayUse: (tool: string) => mayUseTool(principal, tools, tool),
      })),
      this.#catalog,
    );
    if (only !== undefined && asked[0]?.outcome instanceof Error) throw asked[0].outcome;
    const { text, etag } = this.#renditions.get(
      JSON.stringify([principal.id, only?.name, wish, format]),
      // What a caller may use is decided by objects that are made anew when the configuration changes.
      [
        principal.grants,
        ...asked.map(({ outcome }) => outcome),
        ...served.map(({ tools }) => tools),
        options,
      ],
      () => toText(describeServers(asked, { ...options, onlyServer: only?.name }, wish).document, format),
    );
    // Kept by whoever asked, and asked about before each use: it changes with the servers.
    reply.headers({ etag, 'cache-control': 'private, no-cache', vary: 'Authorization, Origin' });
    if (isUnchanged(request.headers['if-none-match'], etag)) return reply.code(304).send();
    return reply.type(MEDIA_TYPES[format]).send(text);
  }
}
