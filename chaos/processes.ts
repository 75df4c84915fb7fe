/** The processes of a run, found in /proc by a mark in their environment: whoever started them, whoever adopted them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export const MARK = 'MCP_GATEWAY_CHAOS';

export interface Found {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Those with the mark that still run; what only waits to be reaped does not. */
export function markedProcesses(mark: string): Found[] {
  const wanted = `${MARK}=${mark}`;
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const pid = Number(name);
    if (!read(`/proc/${pid}/environ`).split('\0').includes(wanted)) return [];
    const stat = read(`/proc/${pid}/stat`);
    const [state = 'X', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return [];
    return [{ pid, parent: Number(parent), command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ') }];
  });
}

export function endMarked(mark: string): void {
  for (const { pid } of markedProcesses(mark)) signalIfThere(pid, 'SIGKILL');
}

export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Open descriptors by kind: how many sockets, pipes and so on, and each file by its name. */
export function descriptorsOf(pid: number): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const kind = kindOf(`/proc/${pid}/fd/${fd}`);
    if (kind !== undefined) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}

function kindOf(path: string): string | undefined {
  try {
    return readlinkSync(path).replace(/:?\[.*$/, '');
  } catch {
    return undefined;
  }
}

/** Nothing for what has ended or is not ours to read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
