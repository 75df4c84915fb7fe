/** What a gateway holds when nobody uses it, and what of that is more than before. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Inside, RunningGateway } from './gateway.ts';
import { type Levels, readLevels } from './metrics.ts';
import { descriptorsOf, type Found, markedProcesses } from './processes.ts';

export interface Census {
  readonly levels: Levels | undefined;
  readonly processes: readonly Found[];
  readonly descriptors: ReadonlyMap<string, number>;
  readonly inside: Inside;
}

/** Sessions become idle, processes are asked to end and at last told to, and what a server offers is fresh for a minute. */
const SETTLE_MS = 90_000;
const FORGET_MS = 5000;
const LOOK_MS = 200;
/** Connections of this program, and of those that were reset, are closed a moment later. */
const CALM_MS = 1500;
const MEMORY_SHARE = 0.1;

/** Waits until everything that ends has ended, and what is forgotten is forgotten, then counts. */
export async function takeCensus(gateway: RunningGateway, mark: string, before?: Census): Promise<Census> {
  const deadline = performance.now() + SETTLE_MS;
  let levels: Levels | undefined;
  for (;;) {
    levels = await readLevels(gateway.port);
    const isEmpty = levels !== undefined && levels.sessions + levels.instances + levels.waiting === 0;
    if (isEmpty && markedProcesses(mark).length === 0) break;
    if (performance.now() > deadline || gateway.ending !== undefined) break;
    await delay(LOOK_MS);
  }
  await delay(CALM_MS);
  const first = await gateway.inside();
  let inside = first;
  // Some things are kept for a minute after their last use, such as what a server offers.
  const earlier = before?.inside;
  for (;;) {
    const isForgotten = earlier === undefined || whatIsLeftInside(earlier, inside).length === 0;
    if (isForgotten || performance.now() > deadline || gateway.ending !== undefined) break;
    await delay(FORGET_MS);
    inside = await gateway.inside();
  }
  // Later ones tell of the looks at the heap, not of the load.
  const { worstDelayMs } = first;
  return {
    levels,
    processes: markedProcesses(mark),
    descriptors: descriptorsOf(gateway.pid),
    inside: { ...inside, worstDelayMs },
  };
}

/** Sentences on what was left behind; none for a gateway that gave everything back. */
export function whatIsLeft(before: Census, after: Census): string[] {
  const { levels, processes } = after;
  const left: string[] = [];
  for (const name of ['sessions', 'instances', 'waiting'] as const)
    if (levels === undefined || levels[name] > 0)
      left.push(`${levels?.[name] ?? 'unknown'} ${name} are left`);
  for (const { pid, command } of processes) left.push(`process ${pid} is left: ${command}`);
  for (const [kind, count] of after.descriptors)
    compare(left, `descriptors (${kind})`, before.descriptors.get(kind) ?? 0, count);
  return left;
}

/** The same of what is on the heap. */
export function whatIsLeftInside(before: Inside, after: Inside): string[] {
  const left: string[] = [];
  for (const [kind, count] of Object.entries(after.left))
    compare(left, `${kind} on the heap`, before.left[kind] ?? 0, count);
  const [least, most] = [memoryOf(before), memoryOf(after)];
  if (most > least * (1 + MEMORY_SHARE))
    left.push(`memory grew from ${mebibytes(least)} to ${mebibytes(most)}, by more than 10 %`);
  return left;
}

export function memoryOf({ heapUsed, external }: Inside): number {
  return heapUsed + external;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function compare(left: string[], what: string, before: number, after: number): void {
  if (after > before) left.push(`${what}: ${after}, ${before} before`);
}
