/** Starts a process within the limits of its server, and less worth keeping than the gateway when memory runs out. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Events } from '../events.ts';
import { Cgroup } from './cgroup.ts';
import { spawnChild } from './child.ts';
import { findLimitTools, findProgram } from './limit-tools.ts';
import { planResources, type ResourcePlan } from './resources.ts';
import { childEnvironment, type ServerSpec } from './spec.ts';
import type { Wire } from './wire.ts';

export interface ConfinedStart {
  readonly wire: Wire;
  /** What was asked for and how it is held; undefined when nothing was. */
  readonly plan: ResourcePlan | undefined;
  /** Once the process group has ended: ends what has left it, too. */
  readonly release: () => Promise<void>;
}

/** Above the gateway's own score: the kernel ends a server first, however small it is (see proc(5)). */
const OOM_SCORE_ABOVE = 300;
const MAX_OOM_SCORE = 1000;
const NOTHING = (): Promise<void> => Promise.resolve();

export function startConfined(spec: ServerSpec, instance: number, events: Events): ConfinedStart {
  const { resources } = spec;
  if (resources === undefined)
    return { wire: spawned(spec, instance, events), plan: undefined, release: NOTHING };
  const tools = findLimitTools(resources);
  const wished = planResources(resources, tools);
  const cgroup = wished.cgroup && makeCgroup(resources.cgroup ?? '', instance, wished.cgroup);
  const isRefused = wished.cgroup !== undefined && cgroup === undefined;
  const plan = isRefused ? planResources(resources, { ...tools, controllers: undefined }) : wished;
  const wire = spawned(withPrlimit(spec, tools.prlimit, plan.prlimit), instance, events);
  const { pid } = wire;
  if (cgroup !== undefined && pid !== undefined) tryTo(() => cgroup.add(pid));
  return { wire, plan, release: () => cgroup?.end() ?? NOTHING() };
}

function spawned(spec: ServerSpec, instance: number, events: Events): Wire {
  const wire = spawnChild(spec, instance, events);
  if (wire.pid !== undefined && process.platform === 'linux') {
    const score = String(Math.min(MAX_OOM_SCORE, ownOomScore() + OOM_SCORE_ABOVE));
    tryTo(() => writeFileSync(`/proc/${wire.pid}/oom_score_adj`, score));
  }
  return wire;
}

/** A program that cannot be run is left to fail in its own words, not in those of prlimit. */
function withPrlimit(spec: ServerSpec, prlimit: string | undefined, options: readonly string[]): ServerSpec {
  const { command, cwd, env, args } = spec;
  if (prlimit === undefined || options.length === 0) return spec;
  if (findProgram(command, cwd, childEnvironment(process.env, env)['PATH']) === undefined) return spec;
  return { ...spec, command: prlimit, args: [...options, '--', command, ...args] };
}

/** Undefined when the system does not let it be made that way. */
function makeCgroup(folder: string, instance: number, values: readonly (readonly [string, string])[]) {
  try {
    return new Cgroup(folder, instance, values);
  } catch {
    return undefined;
  }
}

function ownOomScore(): number {
  try {
    return Number(readFileSync('/proc/self/oom_score_adj', 'latin1'));
  } catch {
    return 0;
  }
}

/** What the system does not permit is done without. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // A process that has gone already, or may not be touched.
  }
}
