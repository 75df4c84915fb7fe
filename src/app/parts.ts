/** What serving and describing have in common: the servers of a configuration, ready to run. */
import { compileToolPolicy } from '../auth/authorize.ts';
import type { Config } from '../config/schema.ts';
import { createEvents, type Events } from '../events.ts';
import { createPerSessionPool } from '../instance/pool/per-session.ts';
import type { Pool } from '../instance/pool/pool.ts';
import type { ServedServer } from '../session/sessions.ts';
import { VERSION } from '../util/version.ts';

export interface Parts {
  readonly events: Events;
  readonly pool: Pool;
  readonly servers: ReadonlyMap<string, ServedServer>;
}

export function createParts(config: Config, events: Events = createEvents()): Parts {
  const specs = new Map(
    [...config.servers].map(([name, { path, ...server }]) => [name, { ...server, name, cwd: path }]),
  );
  const pool = createPerSessionPool({
    servers: specs,
    events,
    clientInfo: { name: 'mcp-gateway', version: VERSION },
    maxInstances: config.limits.instances,
    concurrentStarts: config.limits.concurrentStarts,
  });
  const served = [...config.servers].map(([name, server]): [string, ServedServer] => [
    name,
    { name, policy: server.policy, tools: compileToolPolicy(server.tools) },
  ]);
  return { events, pool, servers: new Map(served) };
}
