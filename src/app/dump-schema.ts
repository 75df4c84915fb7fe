/** The OpenAPI document without serving anything: starts each server once, asks, and ends it. */
import { compileToolPolicy, mayUseTool } from '../auth/authorize.ts';
import { ANONYMOUS } from '../auth/principal.ts';
import { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/schema.ts';
import type { Events } from '../events.ts';
import { askServers, describeServers, type LiveDocument } from '../fronts/rest/live-document.ts';
import { toText } from '../fronts/rest/openapi-text.ts';
import { openApiOptions } from './openapi-options.ts';
import { createParts } from './parts.ts';

export interface SchemaDump extends Pick<LiveDocument, 'report'> {
  readonly text: string;
}

/** No process is left when this resolves. */
export async function dumpSchema(
  config: Config,
  format: 'json' | 'yaml',
  events: Events,
): Promise<SchemaDump> {
  const { pool, guard, legacy } = createParts(config, events);
  const catalog = new Catalog(legacy, events);
  try {
    const servers = [...config.servers].map(([name, { tools }]) => {
      const policy = compileToolPolicy(tools);
      return { name, mayUse: (tool: string) => mayUseTool(ANONYMOUS, policy, tool) };
    });
    const asked = await askServers(servers, catalog);
    const { document, report } = describeServers(asked, openApiOptions(config), {
      version: '3.1',
      profile: undefined,
    });
    return { report, text: toText(document, format) };
  } finally {
    catalog.stop();
    await pool.stop();
    await guard.stop();
  }
}
