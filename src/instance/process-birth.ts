/** When a process was born: with its number the only thing that tells it from a later one of the same number. */
import { readFileSync } from 'node:fs';

export interface ProcessRow {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks since the machine started (field 22 of /proc/pid/stat). */
  readonly born: number;
}

/** Undefined where there is no such process, or no /proc. A process that only waits to be reaped counts. */
export function processRow(pid: number): ProcessRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may contain anything, so fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const born = Number(fields[19]);
    if (!Number.isSafeInteger(born)) return undefined;
    return { pid, group: Number(fields[2]), session: Number(fields[3]), born };
  } catch {
    return undefined;
  }
}
