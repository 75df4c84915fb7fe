/** The OpenAPI document of what the servers offer right now; one that cannot be asked is reported and left out. */
import type { Catalog } from '../../catalog/catalog.ts';
import { toGatewayError } from '../../errors.ts';
import { type OpenApiOptions, type OpenApiResult, type ServerTools, toOpenApi } from './openapi.ts';

export interface DescribedServer {
  readonly name: string;
  mayUse(tool: string): boolean;
}

export interface LiveDocument extends OpenApiResult {
  readonly failed: readonly { readonly server: string; readonly why: string }[];
}

/** Never rejects. Servers are asked at the same time; the pool decides how many start at once. */
export async function describeServers(
  servers: readonly DescribedServer[],
  catalog: Catalog,
  options: OpenApiOptions,
): Promise<LiveDocument> {
  const failed: { server: string; why: string }[] = [];
  const asked = await Promise.all(
    servers.map(async ({ name, ...server }): Promise<ServerTools | undefined> => {
      try {
        const { tools, instructions, version } = await catalog.offer(name);
        return {
          server: name,
          tools: tools.filter((tool) => server.mayUse(tool.name)),
          ...(instructions === undefined ? {} : { instructions }),
          ...(version === undefined ? {} : { version }),
        };
      } catch (cause) {
        failed.push({ server: name, why: toGatewayError(cause).message });
        return undefined;
      }
    }),
  );
  const described = asked.filter((server) => server !== undefined);
  return { ...toOpenApi(described, options), failed };
}
