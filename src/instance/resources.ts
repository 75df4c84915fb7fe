/** What a server's processes may use up, and by what means that can be held here. Pure. */

/** Of each process of a server with all that it starts. */
export interface ServerResources {
  /** In bytes. */
  readonly memory?: number | undefined;
  /** In processors. */
  readonly cpu?: number | undefined;
  readonly processes?: number | undefined;
  /** Folder of a delegated cgroup, version 2. */
  readonly cgroup?: string | undefined;
}

/** What this system has to hold limits with. */
export interface LimitTools {
  /** Where the program is. */
  readonly prlimit: string | undefined;
  /** RLIMIT_NPROC does not hold a privileged user. */
  readonly isPrivileged: boolean;
  /** Of the configured cgroup; undefined when there is none that can be used. */
  readonly controllers: ReadonlySet<string> | undefined;
}

export interface ResourcePlan {
  /** Options of prlimit; empty when it is not needed. */
  readonly prlimit: readonly string[];
  /** Files of the process's own cgroup and what is written to them; undefined without one. */
  readonly cgroup: readonly (readonly [string, string])[] | undefined;
  /** For the operator: what holds, and by what. */
  readonly applied: readonly string[];
  /** What was asked for and nothing here can hold, and why. */
  readonly absent: readonly Absent[];
}

export interface Absent {
  readonly key: 'memory' | 'cpu' | 'processes' | 'cgroup';
  readonly why: string;
}

const MiB = 1_048_576;
/** The kernel's own period of a CPU quota, in microseconds, and the least quota that it takes. */
const CPU_PERIOD_US = 100_000;
const MIN_CPU_QUOTA_US = 1000;

export function planResources(resources: ServerResources, tools: LimitTools): ResourcePlan {
  const { controllers } = tools;
  const draft: Draft = { prlimit: [], cgroup: [], applied: [], absent: [] };
  planMemory(resources.memory, tools, draft);
  planCpu(resources.cpu, tools, draft);
  planProcesses(resources.processes, tools, draft);
  if (resources.cgroup !== undefined && controllers === undefined)
    draft.absent.push({
      key: 'cgroup',
      why: `${resources.cgroup} is no cgroup that the gateway may write to`,
    });
  if (controllers !== undefined) draft.applied.push('all it starts ends with it (cgroup)');
  return { ...draft, cgroup: controllers === undefined ? undefined : draft.cgroup };
}

interface Draft {
  readonly prlimit: string[];
  readonly cgroup: [string, string][];
  readonly applied: string[];
  readonly absent: Absent[];
}

function planMemory(bytes: number | undefined, { prlimit, controllers }: LimitTools, draft: Draft): void {
  if (bytes === undefined) return;
  const shown = `memory ${Math.round((bytes / MiB) * 10) / 10} MiB`;
  if (controllers?.has('memory') === true) {
    // What exceeds the limit ends as a whole, not in parts that nobody expects to miss.
    draft.cgroup.push(['memory.max', String(bytes)], ['memory.oom.group', '1']);
    draft.applied.push(`${shown} in all (cgroup)`);
  } else if (prlimit === undefined)
    draft.absent.push({
      key: 'memory',
      why: 'there is neither prlimit nor a cgroup with the memory controller',
    });
  else {
    // Not the address space: programs with a virtual machine reserve much more of it than they use.
    draft.prlimit.push(`--data=${bytes}`);
    draft.applied.push(`${shown} for each process (prlimit)`);
  }
}

function planCpu(processors: number | undefined, { controllers }: LimitTools, draft: Draft): void {
  if (processors === undefined) return;
  if (controllers?.has('cpu') !== true)
    return void draft.absent.push({ key: 'cpu', why: 'there is no cgroup with the cpu controller' });
  const quotaUs = Math.max(MIN_CPU_QUOTA_US, Math.round(processors * CPU_PERIOD_US));
  draft.cgroup.push(['cpu.max', `${quotaUs} ${CPU_PERIOD_US}`]);
  draft.applied.push(`cpu ${processors} (cgroup)`);
}

function planProcesses(count: number | undefined, tools: LimitTools, draft: Draft): void {
  if (count === undefined) return;
  const why = 'there is no cgroup with the pids controller';
  if (tools.controllers?.has('pids') === true) {
    draft.cgroup.push(['pids.max', String(count)]);
    draft.applied.push(`processes ${count} in all (cgroup)`);
  } else if (tools.prlimit === undefined) draft.absent.push({ key: 'processes', why: `${why}, nor prlimit` });
  else if (tools.isPrivileged)
    draft.absent.push({ key: 'processes', why: `${why}, and prlimit does not hold a privileged user` });
  else {
    draft.prlimit.push(`--nproc=${count}`);
    draft.applied.push(`processes ${count}, counting all of the gateway's user (prlimit)`);
  }
}
