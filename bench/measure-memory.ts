/** What stays resident: with no session, with idle ones, and after many that were opened and closed. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Driver, Target } from './driver.ts';
import { residentKbOf } from './load/cpu.mjs';
import type { Running } from './processes.ts';
import type { Measured, Trial } from './samples.ts';

export interface MemorySubject {
  readonly name: string;
  /** A fresh process, whose children weigh next to nothing. */
  readonly start: () => Promise<Running>;
  readonly target: (running: Running) => Target;
}

/** A process settles after its start and after a burst: buffers are freed, code is compiled. */
const SETTLE_MS = 500;
const GROUP = 'memory';
const BATCH = 50;
/** Opened and closed before the slope begins: V8's heap has been collected by then and has found its size. */
const BEFORE_SLOPE = 1000;
const OPENED_AND_CLOSED = BEFORE_SLOPE + 1000;

/** `steps` are numbers of idle sessions in rising order, such as 10, 50, 1000. */
export function idleTrials(
  driver: Driver,
  subjects: readonly MemorySubject[],
  steps: readonly number[],
): Trial[] {
  return subjects.map((subject) => ({
    subject: subject.name,
    run: async (): Promise<Measured> => {
      await using running = await subject.start();
      const emptyKb = await settledKb(running);
      const measured: Record<string, number> = { rss0: emptyKb / 1024 };
      let open = 0;
      for (const step of steps) {
        await driver.open({ group: GROUP, targets: [subject.target(running)], count: step - open });
        open = step;
        const kb = await settledKb(running);
        measured[`rss${step}`] = kb / 1024;
        measured[`perSession${step}`] = (kb - emptyKb) / step;
      }
      await driver.close({ group: GROUP });
      return measured;
    },
  }));
}

/** Growth in KiB for each session that was opened and closed again. */
export function slopeTrials(driver: Driver, subjects: readonly MemorySubject[]): Trial[] {
  return subjects.map((subject) => ({
    subject: subject.name,
    run: async (): Promise<Measured> => {
      await using running = await subject.start();
      const points: [number, number][] = [];
      for (let sessions = BATCH; sessions <= OPENED_AND_CLOSED; sessions += BATCH) {
        await driver.open({ group: GROUP, targets: [subject.target(running)], count: BATCH });
        await driver.close({ group: GROUP });
        if (sessions >= BEFORE_SLOPE) points.push([sessions, residentKbOf(running.pid)]);
      }
      return { slope: slopeOf(points) };
    },
  }));
}

async function settledKb({ pid }: Running): Promise<number> {
  await delay(SETTLE_MS);
  return residentKbOf(pid);
}

/** Least squares. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map(([at]) => at));
  const y = mean(points.map(([, value]) => value));
  const covariance = mean(points.map(([at, value]) => (at - x) * (value - y)));
  return covariance / mean(points.map(([at]) => (at - x) ** 2));
}
