/** What a process has used so far, as Linux counts it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** `sysconf(_SC_CLK_TCK)` of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Whether the kernel keeps the time of each thread in nanoseconds; ticks are coarse for a short round. */
const IN_NANOSECONDS = existsSync('/proc/self/schedstat');

/** User and system time of all threads, without children, in seconds. */
export function cpuSecondsOf(pid) {
  return IN_NANOSECONDS ? schedulerSeconds(pid) : tickSeconds(pid);
}

function schedulerSeconds(pid) {
  const times = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1e9;
}

function tickSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in parentheses may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory in KiB. */
export function residentKbOf(pid) {
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
