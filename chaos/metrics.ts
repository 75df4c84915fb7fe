/** What the gateway says of itself at /metrics. */
import { setTimeout as delay } from 'node:timers/promises';
import { OPERATOR } from './config-file.ts';

export interface Levels {
  readonly sessions: number;
  readonly instances: number;
  readonly spares: number;
  readonly waiting: number;
  readonly sessionsOpened: number;
  readonly starts: number;
  readonly exits: number;
  readonly residentBytes: number;
}

const NAMES: Readonly<Record<keyof Levels, string>> = {
  sessions: 'mcp_gateway_sessions',
  instances: 'mcp_gateway_instances',
  spares: 'mcp_gateway_spares',
  waiting: 'mcp_gateway_starts_waiting',
  sessionsOpened: 'mcp_gateway_sessions_opened_total',
  starts: 'mcp_gateway_instance_starts_total',
  exits: 'mcp_gateway_instance_exits_total',
  residentBytes: 'mcp_gateway_process_resident_memory_bytes',
};

/** Resolves with undefined while the gateway does not answer. */
export async function readLevels(port: number): Promise<Levels | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: OPERATOR });
    if (response.status !== 200) return undefined;
    const text = await response.text();
    const entries = Object.entries(NAMES).map(([level, name]) => [level, sumOf(text, name)]);
    return Object.fromEntries(entries) as Levels;
  } catch {
    return undefined;
  }
}

/** The highest of each level, as seen every now and then. */
export type Peaks = Levels & { readonly readings: number };

const EVERY_MS = 1000;

/** Resolves when it is over. */
export async function watchLevels(port: number, over: AbortSignal): Promise<Peaks> {
  let peaks: Record<string, number> = { readings: 0 };
  while (!over.aborted) {
    const levels = await readLevels(port);
    if (levels !== undefined) {
      const higher = Object.entries(levels).map(([name, value]) => [name, Math.max(value, peaks[name] ?? 0)]);
      peaks = { ...Object.fromEntries(higher), readings: (peaks['readings'] ?? 0) + 1 };
    }
    await delay(EVERY_MS, undefined, { signal: over }).catch(() => undefined);
  }
  return peaks as unknown as Peaks;
}

/** Over all labels. */
function sumOf(text: string, name: string): number {
  let sum = 0;
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm')))
    sum += Number(value);
  return sum;
}
