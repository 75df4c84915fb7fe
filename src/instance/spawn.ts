/** Starts a server's process in a group of its own, never through a shell; or says in words why that is impossible. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type * as CrossSpawn from 'cross-spawn';
import { childEnvironment, type ServerSpec } from './spec.ts';

const NO_DESCRIPTORS = 'no file descriptors are left (see ulimit -n)';
const NO_ROOM = 'the system has no room for another process';

/** Whether the machine is at fault, not the server: another start may work at any moment. */
export function isFaultOfMachine(spawnError: string | undefined): boolean {
  return spawnError === NO_DESCRIPTORS || spawnError === NO_ROOM;
}

const require = createRequire(import.meta.url);

/** Loaded where it is used: on Windows. */
function crossSpawn(): typeof CrossSpawn.spawn {
  return (require('cross-spawn') as typeof CrossSpawn).spawn;
}

/** Some faults are known at once, most come as the child's `error` event; `describeSpawnError` words both. */
export function spawnProcess(spec: ServerSpec): ChildProcess | { readonly spawnError: string } {
  const options = {
    cwd: spec.cwd,
    env: childEnvironment(process.env, spec.env),
    stdio: 'pipe',
    shell: false,
    detached: process.platform !== 'win32',
    windowsHide: true,
  } as const;
  try {
    // Windows resolves npx.cmd and quotes its arguments only with help.
    return process.platform === 'win32'
      ? crossSpawn()(spec.command, [...spec.args], options)
      : spawn(spec.command, [...spec.args], options);
  } catch (cause) {
    return { spawnError: describeSpawnError(spec, cause) };
  }
}

/** For the operator: it names paths. The system does not say whether it means the command or the working directory. */
export function describeSpawnError({ command, cwd }: ServerSpec, cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  const folderProblem = cwd === undefined ? undefined : problemOfFolder(cwd);
  if (folderProblem !== undefined)
    return `its working directory ${JSON.stringify(cwd)} ${folderProblem} (path)`;
  const shown = `the command ${JSON.stringify(command)}`;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    if (!command.includes('/')) return `${shown} was not found on PATH; install it, or give its full path`;
    const exists = existsSync(resolve(cwd ?? '.', command));
    return exists ? `the interpreter that ${shown} asks for does not exist` : `${shown} does not exist`;
  }
  if (code === 'EACCES') return `${shown} is not executable`;
  if (code === 'E2BIG') return `the arguments and environment of ${shown} are too long for this system`;
  if (code === 'EMFILE' || code === 'ENFILE') return NO_DESCRIPTORS;
  if (code === 'EAGAIN' || code === 'ENOMEM') return NO_ROOM;
  return `${shown} could not be spawned: ${code ?? String(cause)}`;
}

function problemOfFolder(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 'does not exist';
  if (!stats.isDirectory()) return 'is not a directory';
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch {
    return 'may not be entered';
  }
}
