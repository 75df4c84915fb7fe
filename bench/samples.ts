/** Rounds and what they measured: every trial once in each round, so that what else the machine does meets all alike. */

/** Figures by name, of one subject in one round. */
export type Measured = Readonly<Record<string, number>>;

export interface Trial {
  readonly subject: string;
  readonly run: () => Promise<Measured>;
}

/** Values of each round by figure and subject. */
export class Samples {
  readonly #values = new Map<string, number[]>();

  add(subject: string, measured: Measured): void {
    for (const [figure, value] of Object.entries(measured)) {
      const key = keyOf(figure, subject);
      this.#values.set(key, [...(this.#values.get(key) ?? []), value]);
    }
  }

  median(figure: string, subject: string): number | undefined {
    return medianOf(this.#values.get(keyOf(figure, subject)) ?? []);
  }

  /** The median of the ratios of each round, which a slow round does not move as it does a ratio of medians. */
  ratio(figure: string, subject: string, over: { figure: string; subject: string }): number | undefined {
    const values = this.#values.get(keyOf(figure, subject)) ?? [];
    const references = this.#values.get(keyOf(over.figure, over.subject)) ?? [];
    return medianOf(
      values.flatMap((value, round) => {
        const reference = references[round];
        return reference === undefined ? [] : [value / reference];
      }),
    );
  }
}

export interface Interleaving {
  readonly rounds: number;
  readonly samples: Samples;
  readonly trials: readonly Trial[];
}

/** Every other round goes backwards, so that nobody always comes after the same neighbour. */
export async function interleave({ rounds, samples, trials }: Interleaving): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const { subject, run } of round % 2 === 0 ? trials : trials.toReversed())
      samples.add(subject, await run());
    console.error(`  round ${round + 1} of ${rounds}`);
  }
}

export function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

function keyOf(figure: string, subject: string): string {
  return `${figure} of ${subject}`;
}
