/** The OpenAPI document without serving anything: starts each server once, asks, and ends it. */
import { compileToolPolicy, mayUseTool } from '../auth/authorize.ts';
import { ANONYMOUS } from '../auth/principal.ts';
import { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/schema.ts';
import type { Events } from '../events.ts';
import { describeServers, type LiveDocument } from '../fronts/rest/live-document.ts';
import { toJson, toYaml } from '../fronts/rest/openapi-routes.ts';
import { openApiOptions } from './openapi-options.ts';
import { createParts } from './parts.ts';

export interface SchemaDump extends Omit<LiveDocument, 'document'> {
  readonly text: string;
}

/** No process is left when this resolves. */
export async function dumpSchema(
  config: Config,
  format: 'json' | 'yaml',
  events: Events,
): Promise<SchemaDump> {
  const { pool, legacy } = createParts(config, events);
  try {
    const servers = [...config.servers].map(([name, { tools }]) => {
      const policy = compileToolPolicy(tools);
      return { name, mayUse: (tool: string) => mayUseTool(ANONYMOUS, policy, tool) };
    });
    const { document, ...rest } = await describeServers(
      servers,
      new Catalog(legacy, events),
      openApiOptions(config),
    );
    return { ...rest, text: format === 'json' ? toJson(document) : toYaml(document) };
  } finally {
    await pool.stop();
  }
}
