/** What serving and describing have in common: the servers of a configuration, ready to run. */
import { compileToolPolicy } from '../auth/authorize.ts';
import type { Config } from '../config/schema.ts';
import { createEvents, type Events } from '../events.ts';
import { OrphanGuard } from '../instance/orphan-guard.ts';
import type { Pool } from '../instance/pool/pool.ts';
import { createPool } from '../instance/pool/processes.ts';
import { LegacyAccess } from '../relay/connect.ts';
import { ModernAccess } from '../relay/modern-access.ts';
import { StateSeal } from '../relay/sealed-state.ts';
import { Verdicts } from '../relay/verdicts.ts';
import type { ServedServer } from '../session/sessions.ts';
import { VERSION } from '../util/version.ts';

export interface Parts {
  readonly events: Events;
  readonly pool: Pool;
  /** Stopped once the pool has. */
  readonly guard: OrphanGuard;
  readonly legacy: LegacyAccess;
  readonly modern: ModernAccess;
  readonly servers: ReadonlyMap<string, ServedServer>;
}

export function createParts(config: Config, events: Events = createEvents()): Parts {
  const specs = new Map(
    [...config.servers].map(([name, { path, ...server }]) => [name, { ...server, name, cwd: path }]),
  );
  const guard = new OrphanGuard(events);
  const pool = createPool({
    guard,
    servers: specs,
    events,
    clientInfo: { name: 'mcp-gateway', version: VERSION },
    maxInstances: config.limits.instances,
    concurrentStarts: config.limits.concurrentStarts,
    idleMs: config.limits.sessionIdleMs,
  });
  const served = [...config.servers].map(([name, server]): [string, ServedServer] => [
    name,
    { name, policy: server.policy, tools: compileToolPolicy(server.tools) },
  ]);
  const verdicts = new Verdicts();
  const modern = new ModernAccess(pool, verdicts, new StateSeal());
  const legacy = new LegacyAccess(pool, verdicts, modern);
  return { events, pool, guard, legacy, modern, servers: new Map(served) };
}
