/** Whether a call costs more when there is more of everything: sessions open, servers configured. */
import type { Driver, Target } from './driver.ts';
import { CONCURRENCY, WARM_UP } from './measure-calls.ts';
import type { Trial } from './samples.ts';

export interface GrowthCase {
  /** Figure that is measured. */
  readonly figure: string;
  readonly name: string;
  readonly pid: number;
  /** Whose calls are counted. */
  readonly target: Target;
  /** Sessions that are open beside them. */
  readonly idle: { readonly target: Target; readonly count: number } | undefined;
}

/** Sessions are opened once and stay until the load ends. */
export async function growthTrials(
  driver: Driver,
  cases: readonly GrowthCase[],
  calls: number,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const { figure, name, pid, target, idle } of cases) {
    const group = `${figure} ${name}`;
    await driver.open({ group, targets: [target], count: 1 });
    if (idle !== undefined)
      await driver.open({ group: `${group} idle`, targets: [idle.target], count: idle.count });
    await driver.call({ group, lanes: CONCURRENCY, calls: WARM_UP, bytes: 0 });
    trials.push({
      subject: name,
      run: async () => {
        const { cpuSeconds } = await driver.call({ group, lanes: CONCURRENCY, calls, bytes: 0, pid });
        return { [figure]: (10_000 * cpuSeconds) / calls };
      },
    });
  }
  return trials;
}
