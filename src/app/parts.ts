/** What serving and describing have in common: the servers of a configuration, ready to run. */
import { compileToolPolicy } from '../auth/authorize.ts';
import type { Config } from '../config/schema.ts';
import { createEvents, type Events } from '../events.ts';
import { OrphanGuard } from '../instance/orphan-guard.ts';
import type { Pool, PoolSettings } from '../instance/pool/pool.ts';
import { createPool } from '../instance/pool/processes.ts';
import type { ServerSpec } from '../instance/spec.ts';
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
  readonly plan: ServerPlan;
}

/** The servers of a configuration as the rooms know them. */
export interface ServerPlan {
  readonly pool: PoolSettings;
  readonly served: ReadonlyMap<string, ServedServer>;
}

export function createParts(config: Config, events: Events = createEvents()): Parts {
  const plan = planServers(config);
  const guard = new OrphanGuard(events);
  const clientInfo = { name: 'mcp-gateway', version: VERSION };
  const pool = createPool({ ...plan.pool, guard, events, clientInfo });
  const verdicts = new Verdicts();
  const modern = new ModernAccess(pool, verdicts, new StateSeal());
  const legacy = new LegacyAccess(pool, verdicts, modern, events);
  return { events, pool, guard, legacy, modern, plan };
}

/** Servers that are in `kept` and not in `changed` keep their spec: a pool compares them by identity. */
export function planServers(
  config: Config,
  kept: ReadonlyMap<string, ServerSpec> = new Map(),
  changed: readonly string[] = [],
): ServerPlan {
  const specs = [...config.servers].map(([name, { path, ...server }]): [string, ServerSpec] => {
    const former = changed.includes(name) ? undefined : kept.get(name);
    return [name, former ?? { ...server, name, cwd: path }];
  });
  const served = [...config.servers].map(([name, server]): [string, ServedServer] => [
    name,
    { name, policy: server.policy, tools: compileToolPolicy(server.tools) },
  ]);
  return {
    pool: {
      servers: new Map(specs),
      maxInstances: config.limits.instances,
      concurrentStarts: config.limits.concurrentStarts,
      idleMs: config.limits.sessionIdleMs,
      queuedStarts: config.limits.queuedStarts,
      instanceMaxAgeMs: config.limits.instanceMaxAgeMs,
      spareMaxAgeMs: config.limits.spareMaxAgeMs,
    },
    served: new Map(served),
  };
}
