/** What the gateway holds of the machine, and the promise that it gives everything back. Linux only: it reads /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Gateway } from '../../src/app/gateway.ts';
import { groupAlive } from './gateway.ts';

export interface Holdings {
  /** Live descendants of this process. */
  readonly children: number;
  /** Open file descriptors of this process. */
  readonly descriptors: number;
  readonly sessions: number;
  readonly instances: number;
  readonly waiting: number;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

export function holdings(gateway: Gateway): Holdings {
  const { sessions, instances, waiting } = gateway.inspect();
  const children = descendants(process.pid).length;
  return { children, descriptors: descriptors(), sessions, instances, waiting };
}

/** Without those of the watchdog, a pipe and a journal, which a gateway keeps from its first server on. */
function descriptors(): number {
  const open = readdirSync('/proc/self/fd').filter((fd) => !linkOf(`/proc/self/fd/${fd}`).endsWith('.run'));
  return open.length - watchdogsOf(process.pid).length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Runs the body, then waits until nothing is held that was not held before. Rejects with what still is. */
export async function expectNoLeaks(
  gateway: Gateway,
  body: () => Promise<void>,
  withinMs = 6000,
): Promise<void> {
  const before = holdings(gateway);
  await body();
  const deadline = performance.now() + withinMs;
  for (;;) {
    const after = holdings(gateway);
    const leaks = (Object.keys(before) as (keyof Holdings)[]).filter((what) => after[what] > before[what]);
    if (leaks.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(
        `leaked: ${leaks.map((what) => `${what} ${before[what]} -> ${after[what]}`).join(', ')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Pids of everything below a process that still runs, but for its watchdog. */
export function descendants(root: number): number[] {
  const all = processes();
  const found = new Set([root]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  found.delete(root);
  for (const pid of watchdogsOf(root)) found.delete(pid);
  return [...found];
}

/** A gateway has one from its first server on, until it has stopped. */
export function watchdogsOf(gateway: number): number[] {
  return processes().flatMap(({ pid, parent }) =>
    parent === gateway && commandOf(pid).includes('mcp-gateway-watchdog') ? [pid] : [],
  );
}

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

/** Pids of a process group that still run. Unlike `kill(-pid, 0)` it does not count what only waits to be reaped. */
export function groupMembers(group: number): number[] {
  // Cheap, and right when it says no.
  if (!groupAlive(group)) return [];
  return processes().flatMap((each) => (each.group === group ? [each.pid] : []));
}

/** Resolves when none of the processes runs any more; rejects when one outlives `withinMs`. */
export async function processesGone(pids: readonly number[], withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  const left = (): number[] => pids.filter((pid) => readProcess(pid).length > 0);
  while (left().length > 0) {
    if (performance.now() > deadline) throw new Error(`still alive: ${left().join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
}

/** Nothing for a process that has ended, reaped or not. The command name in parentheses may contain anything, so fields are counted from its end. */
function readProcess(pid: number): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? [] : [{ pid, parent: Number(parent), group: Number(group) }];
  } catch {
    return [];
  }
}
