/**
 * Ends a process group: standard input closed, then SIGTERM, then SIGKILL, with a grace between
 * (2025-11-25 lifecycle, stdio shutdown). The group is signalled, not the child, because `npx`, `uvx` and `sh -c`
 * leave the server running when only they die.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a server may take to notice the end of its input, and then SIGTERM: 2 s each, as the official SDK. */
const STOP_GRACE_MS = 2000;
/** How often a group whose leader has gone is looked at. */
const POLL_MS = 50;

export interface GroupToStop {
  readonly child: ChildProcess;
  /** Resolves when the direct child has exited. */
  readonly exited: Promise<unknown>;
}

export async function stopGroup(group: GroupToStop, now: boolean): Promise<void> {
  const { child } = group;
  child.stdin?.end();
  if (child.pid === undefined) return;
  if (process.platform === 'win32') return killTree(child.pid);
  if (!now && (await within(group.exited, STOP_GRACE_MS))) return endLeftovers(child.pid);
  if (now || !signalGroup(child.pid, 'SIGTERM') || !(await within(group.exited, STOP_GRACE_MS))) {
    signalGroup(child.pid, 'SIGKILL');
    await group.exited;
  }
  return endLeftovers(child.pid);
}

/**
 * Ends what a dead leader left in its group. Call it as soon as the exit is known: while the group has members the
 * kernel does not give its number away, and a group without members is never signalled again.
 */
export async function endLeftovers(pid: number): Promise<void> {
  if (process.platform === 'win32' || !signalGroup(pid, 'SIGTERM')) return;
  const deadline = performance.now() + STOP_GRACE_MS / 2;
  while (performance.now() < deadline) {
    await sleep(POLL_MS);
    if (!signalGroup(pid, 0)) return;
  }
  signalGroup(pid, 'SIGKILL');
}

/** @returns false when the group has no member left. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Windows has no groups; its own tool ends a tree. */
async function killTree(pid: number): Promise<void> {
  const killer = spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
  await new Promise<void>((resolve) => {
    killer.once('exit', () => resolve());
    killer.once('error', () => resolve());
  });
}

async function within(settled: Promise<unknown>, graceMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(graceMs, false, { signal: timer.signal }).catch(() => false);
  const inTime = await Promise.race([settled.then(() => true), late]);
  timer.abort();
  return inTime;
}
