/** What this system has to hold limits with, and where programs are. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { controllersOf } from './cgroup.ts';
import type { LimitTools, ServerResources } from './resources.ts';

export function findLimitTools({ cgroup }: ServerResources): LimitTools {
  const isLinux = process.platform === 'linux';
  return {
    prlimit: isLinux ? findProgram('prlimit', undefined, process.env['PATH']) : undefined,
    isPrivileged: process.geteuid?.() === 0,
    controllers: isLinux && cgroup !== undefined ? controllersOf(cgroup) : undefined,
  };
}

/** Where the system would find a command; undefined when it would not. */
export function findProgram(
  command: string,
  cwd: string | undefined,
  path: string | undefined,
): string | undefined {
  if (command.includes('/')) return runnable(resolve(cwd ?? '.', command));
  for (const folder of (path ?? '').split(delimiter)) {
    const found = folder === '' ? undefined : runnable(join(folder, command));
    if (found !== undefined) return found;
  }
  return undefined;
}

function runnable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}
