/** From nothing to the first result: one new session at a time, and fifty at once. */
import type { Driver, Target } from './driver.ts';
import { type Measured, medianOf, type Trial } from './samples.ts';

export interface BirthScale {
  /** New sessions in a round, one after another. */
  readonly oneByOne: number;
  /** New sessions at once; 0 leaves them out. */
  readonly atOnce: number;
}

export function birthTrials(
  driver: Driver,
  subjects: readonly { readonly name: string; readonly target: Target }[],
  scale: BirthScale,
): Trial[] {
  return subjects.map(({ name, target }) => ({
    subject: name,
    run: async (): Promise<Measured> => {
      const times: number[] = [];
      for (let index = 0; index < scale.oneByOne; index += 1)
        times.push((await driver.birth({ target, count: 1 })).wallMs);
      const birth = medianOf(times) ?? Number.NaN;
      if (scale.atOnce === 0) return { birth };
      return { birth, birthMany: (await driver.birth({ target, count: scale.atOnce })).wallMs };
    },
  }));
}
