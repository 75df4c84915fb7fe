/** The OpenAPI document without serving anything: starts each server once, asks, and ends it. */
import { compileToolPolicy, mayUseTool } from '../auth/authorize.ts';
import { ANONYMOUS } from '../auth/principal.ts';
import { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/schema.ts';
import type { Events } from '../events.ts';
import type { DocumentWish } from '../fronts/rest/document-wish.ts';
import { askServers, describeServers, type LiveDocument } from '../fronts/rest/live-document.ts';
import { type DocumentFormat, toText } from '../fronts/rest/openapi-text.ts';
import { openApiOptions } from './openapi-options.ts';
import { createParts } from './parts.ts';

export interface DumpRequest extends DocumentWish {
  /** Names from the configuration; empty for all. One alone gets the document of one server. */
  readonly servers: readonly string[];
  readonly format: DocumentFormat;
  /** Hears of each server as soon as it has answered or failed. */
  readonly onAsked?: (server: string, outcome: number | Error) => void;
}

export interface SchemaDump extends Pick<LiveDocument, 'report'> {
  readonly text: string;
  /** How many servers are described. */
  readonly described: number;
}

/** No process is left when this resolves. */
export async function dumpSchema(config: Config, request: DumpRequest, events: Events): Promise<SchemaDump> {
  const { pool, guard, legacy } = createParts(config, events);
  const catalog = new Catalog(legacy, events, (name) => config.servers.get(name)?.policy);
  const { servers, format, onAsked, ...wish } = request;
  try {
    const named = [...config.servers].filter(([name]) => servers.length === 0 || servers.includes(name));
    const asked = await askServers(
      named.map(([name, { tools }]) => {
        const policy = compileToolPolicy(tools);
        return { name, mayUse: (tool: string) => mayUseTool(ANONYMOUS, policy, tool) };
      }),
      catalog,
      ({ server, outcome }) =>
        onAsked?.(server.name, outcome instanceof Error ? outcome : outcome.tools.length),
    );
    const onlyServer = servers.length === 1 ? servers[0] : undefined;
    const { document, report } = describeServers(asked, { ...openApiOptions(config), onlyServer }, wish);
    const described = asked.filter(({ outcome }) => !(outcome instanceof Error)).length;
    return { report, text: toText(document, format), described };
  } finally {
    catalog.stop();
    await pool.stop();
    await guard.stop();
  }
}
