/** What a call costs: one at a time, 32 in one session, 32 sessions with one each, and with large results. */
import type { CallTimes, Driver, Target } from './driver.ts';
import type { Measured, Trial } from './samples.ts';

export interface CallSubject {
  readonly name: string;
  /** Whose processor time is counted; the pipe has nobody. */
  readonly pid: number | undefined;
  readonly target: Target;
  /** Where 32 sessions go, in turn. */
  readonly spread: readonly Target[];
}

/** Calls in a round. */
export interface CallScale {
  readonly oneByOne: number;
  readonly concurrent: number;
  /** In MiB, of results of 1 MiB; 0 leaves them out. */
  readonly large: number;
}

export const CONCURRENCY = 32;
const MiB = 1_048_576;
const HUGE_MIB = 16;
/** Calls before the first round, and large ones: V8 has compiled what runs by then. */
export const WARM_UP = 10_000;
const WARM_UP_SPREAD = 3000;
const WARM_UP_LARGE = 400;

/**
 * Opens the sessions of each subject, which stay until the load ends, and warms the paths. In a round each figure is
 * measured of all subjects before the next figure, so that what is compared lies close together in time.
 */
export async function callTrials(
  driver: Driver,
  subjects: readonly CallSubject[],
  scale: CallScale,
): Promise<Trial[]> {
  for (const { name, target, spread } of subjects) {
    await driver.open({ group: name, targets: [target], count: 1 });
    await driver.open({ group: spreadOf(name), targets: spread, count: CONCURRENCY });
    await driver.call({ group: name, lanes: CONCURRENCY, calls: WARM_UP, bytes: 0 });
    await driver.call({ group: spreadOf(name), lanes: 1, calls: WARM_UP_SPREAD, bytes: 0 });
    if (scale.large > 0) await driver.call({ group: name, lanes: 1, calls: WARM_UP_LARGE, bytes: MiB });
  }
  const measures: Measure[] = [measureLatency, measureOne, measureMany];
  if (scale.large > 0) measures.push(measureLarge);
  return measures.flatMap((measure) => trialsOf(measure, driver, subjects, scale));
}

/** Of sessions that `callTrials` has opened; by themselves, because what they leave behind is collected in later ones. */
export function hugeTrials(driver: Driver, subjects: readonly CallSubject[], scale: CallScale): Trial[] {
  return trialsOf(measureHuge, driver, subjects, scale);
}

type Measure = (driver: Driver, subject: CallSubject, scale: CallScale) => Promise<Measured>;

function trialsOf(
  measure: Measure,
  driver: Driver,
  subjects: readonly CallSubject[],
  scale: CallScale,
): Trial[] {
  return subjects.map((subject) => ({
    subject: subject.name,
    run: () => measure(driver, subject, scale),
  }));
}

async function measureLatency(driver: Driver, { name }: CallSubject, scale: CallScale): Promise<Measured> {
  const { p50Ms } = await driver.call({ group: name, lanes: 1, calls: scale.oneByOne, bytes: 0 });
  return { latency: p50Ms };
}

async function measureOne(driver: Driver, { name, pid }: CallSubject, scale: CallScale): Promise<Measured> {
  const calls = scale.concurrent;
  const times = await driver.call({ group: name, lanes: CONCURRENCY, calls, bytes: 0, pid });
  return { throughputOne: rate(times, calls), ...(pid && { cpuOne: per10000(times, calls) }) };
}

async function measureMany(driver: Driver, { name, pid }: CallSubject, scale: CallScale): Promise<Measured> {
  const calls = scale.concurrent;
  const times = await driver.call({ group: spreadOf(name), lanes: 1, calls, bytes: 0, pid });
  return { throughputMany: rate(times, calls), ...(pid && { cpuMany: per10000(times, calls) }) };
}

async function measureLarge(driver: Driver, { name, pid }: CallSubject, scale: CallScale): Promise<Measured> {
  if (pid === undefined) return {};
  const calls = scale.large;
  const { cpuSeconds } = await driver.call({ group: name, lanes: 1, calls, bytes: MiB, pid });
  return { cpuMb: (1000 * cpuSeconds) / calls };
}

async function measureHuge(driver: Driver, { name, pid }: CallSubject, scale: CallScale): Promise<Measured> {
  if (pid === undefined) return {};
  const calls = Math.max(2, Math.round(scale.large / HUGE_MIB));
  const bytes = HUGE_MIB * MiB;
  const { cpuSeconds } = await driver.call({ group: name, lanes: 1, calls, bytes, pid });
  // The child serves on.
  await driver.call({ group: name, lanes: 1, calls: 1, bytes: 0 });
  return { cpuHugeMb: (1000 * cpuSeconds) / (calls * HUGE_MIB) };
}

function spreadOf(name: string): string {
  return `${name} ×32`;
}

function rate({ wallMs }: CallTimes, calls: number): number {
  return (1000 * calls) / wallMs;
}

function per10000({ cpuSeconds }: CallTimes, calls: number): number {
  return (10_000 * cpuSeconds) / calls;
}
