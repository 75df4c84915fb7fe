/**
 * A cgroup (version 2) for one process and all that it starts. The folder is one that an operator has delegated to the
 * gateway; nothing outside of it is touched.
 */
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processRow } from './process-birth.ts';

/** A group is there until its last process was reaped. */
const REMOVE_MS = 2000;
const POLL_MS = 20;
/** `gateway-<pid>-<birth of the gateway>-<instance>`. */
const NAME = /^gateway-(\d{1,15})-(\d{1,15})-\d+$/;

/** The controllers that groups in the folder get; undefined when it is none that can be used. */
export function controllersOf(folder: string): ReadonlySet<string> | undefined {
  try {
    accessSync(folder, constants.W_OK);
    return new Set(readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8').split(/\s+/));
  } catch {
    return undefined;
  }
}

export class Cgroup {
  readonly #path: string;

  /** @throws the system's error when it cannot be made as the values say */
  constructor(folder: string, instance: number, values: readonly (readonly [string, string])[]) {
    removeForsaken(folder);
    this.#path = join(folder, `gateway-${process.pid}-${processRow(process.pid)?.born ?? 0}-${instance}`);
    mkdirSync(this.#path);
    try {
      for (const [file, value] of values) writeFileSync(join(this.#path, file), value);
    } catch (cause) {
      tryRemove(this.#path);
      throw cause;
    }
  }

  /** From here on all that the process starts is in the group. @throws the system's error */
  add(pid: number): void {
    writeFileSync(join(this.#path, 'cgroup.procs'), String(pid));
  }

  /** Ends whatever is still in it, however it has detached itself. Never rejects. */
  async end(): Promise<void> {
    killAll(this.#path);
    const deadline = performance.now() + REMOVE_MS;
    while (!tryRemove(this.#path) && performance.now() < deadline) await sleep(POLL_MS);
  }
}

/** Groups of gateways that were killed, with what is left in them. */
function removeForsaken(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid, born] = NAME.exec(name) ?? [];
    if (pid === undefined || processRow(Number(pid))?.born === Number(born)) continue;
    killAll(join(folder, name));
    tryRemove(join(folder, name));
  }
}

function killAll(path: string): void {
  try {
    writeFileSync(join(path, 'cgroup.kill'), '1', { flag: 'r+' });
  } catch {
    // Before Linux 5.14 there is no such file; the process group was ended all the same.
  }
}

function tryRemove(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
