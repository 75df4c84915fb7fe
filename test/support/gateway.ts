/** A gateway in this process, made from YAML as a user writes it, on a port of its own; ended by `await using`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ConfigDiff } from '../../src/app/config-diff.ts';
import { createGateway, type Gateway } from '../../src/app/gateway.ts';
import { formatIssue } from '../../src/config/issues.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import type { GatewayEvent } from '../../src/events.ts';

export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly gateway: Gateway;
  /** Every event so far, oldest first. */
  readonly events: readonly GatewayEvent[];
  /** Resolves with the first event, past or future, that satisfies. */
  event<T extends GatewayEvent['type']>(
    type: T,
    satisfies?: (event: Extract<GatewayEvent, { type: T }>) => boolean,
  ): Promise<Extract<GatewayEvent, { type: T }>>;
  /** Replaces the configuration; hostname and port are as at the start. */
  reload(config: Record<string, unknown>): Promise<ConfigDiff>;
  stop(): Promise<void>;
  /** Pids of all server processes that were started so far. */
  pids(): number[];
}

export const HOSTILE_SERVER = fixture('hostile-server.mjs');

export function fixture(name: string): string {
  return new URL(`../fixtures/${name}`, import.meta.url).pathname;
}

/** A server entry that runs a fixture. */
export function runs(script: string, ...args: string[]): Record<string, unknown> {
  return { command: process.execPath, args: [script, ...args] };
}

export async function startGateway(
  config: Record<string, unknown>,
  env: NodeJS.ProcessEnv = {},
): Promise<TestGateway> {
  const gateway = createGateway(await load(config, env));
  const events: GatewayEvent[] = [];
  const waiting = new Set<() => void>();
  gateway.events.subscribe((event) => {
    events.push(event);
    for (const look of waiting) look();
  });
  const port = await gateway.listen();
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    gateway,
    events,
    event: (type, satisfies = () => true) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = events.find(
            (event): event is Extract<GatewayEvent, { type: typeof type }> =>
              event.type === type && satisfies(event as never),
          );
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    pids: () => events.flatMap((event) => (event.type === 'instance.started' ? [event.pid] : [])),
    reload: async (next) => gateway.reload(await load(next, env)),
    stop: () => gateway.stop(),
    [Symbol.asyncDispose]: () => gateway.stop(),
  };
}

/** As a user would have it read from a file. */
export async function load(config: Record<string, unknown>, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-gateway-test-'));
  const path = join(folder, 'config.yaml');
  await writeFile(path, stringify({ hostname: '127.0.0.1', port: 0, ...config }));
  const loaded = await loadConfig(path, env);
  await rm(folder, { recursive: true });
  if (!loaded.ok) throw new Error(loaded.issues.map(formatIssue).join('\n'));
  return loaded.config;
}

/** Whether any process of the group is left. */
export function groupAlive(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** Resolves when no process of any of the groups is left; rejects when one outlives `withinMs`. */
export async function groupsGone(pids: readonly number[], withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (pids.some(groupAlive)) {
    if (performance.now() > deadline) throw new Error(`still alive: ${pids.filter(groupAlive).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
