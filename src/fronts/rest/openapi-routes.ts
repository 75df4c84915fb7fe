/** The live document, narrowed to what the caller may use. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { stringify } from 'yaml';
import { mayUseTool } from '../../auth/authorize.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { serve } from '../../http/server.ts';
import type { Sessions } from '../../session/sessions.ts';
import { describeServers } from './live-document.ts';
import type { OpenApiDocument, OpenApiOptions } from './openapi.ts';

export function serveOpenApi(
  app: FastifyInstance,
  sessions: Sessions,
  catalog: Catalog,
  options: OpenApiOptions,
): void {
  const describe = async ({ principal }: FastifyRequest) => {
    sessions.assertAccepting();
    const servers = sessions.serversOf(principal).map(({ name, tools }) => ({
      name,
      mayUse: (tool: string) => mayUseTool(principal, tools, tool),
    }));
    const { document } = await describeServers(servers, catalog, options);
    return document;
  };
  serve(app, '/api/openapi.json', {
    GET: async (request, reply) =>
      reply.type('application/json; charset=utf-8').send(toJson(await describe(request))),
  });
  serve(app, '/api/openapi.yaml', {
    GET: async (request, reply) =>
      reply.type('application/yaml; charset=utf-8').send(toYaml(await describe(request))),
  });
}

export function toJson(document: OpenApiDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Without anchors, which few readers of OpenAPI follow. */
export function toYaml(document: OpenApiDocument): string {
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 });
}
