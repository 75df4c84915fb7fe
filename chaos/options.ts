/** What a run was asked for. */
import { parseArgs } from 'node:util';

export interface Options {
  readonly minutes: number;
  readonly seed: number;
  /** At once. */
  readonly clients: number;
}

export const USAGE = `Usage: npm run chaos -- [--minutes n] [--seed n] [--clients n], or npm run soak -- …
  --minutes n  how long clients come (default 2)
  --seed n     repeats who comes and what they do (default: another one each time, which is printed)
  --clients n  at once (default 24)`;

const MAX_MINUTES = 100_000;
const MAX_SEED = 2 ** 32 - 1;
const MAX_CLIENTS = 1000;

/** @throws Error with a sentence for whoever typed it */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, clients: { type: 'string' } },
  });
  return {
    minutes: numberIn('minutes', values.minutes ?? '2', 0.1, MAX_MINUTES),
    seed: Math.floor(
      numberIn('seed', values.seed ?? String(Math.floor(Math.random() * MAX_SEED)), 0, MAX_SEED),
    ),
    clients: Math.floor(numberIn('clients', values.clients ?? '24', 1, MAX_CLIENTS)),
  };
}

function numberIn(name: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (!(value >= low && value <= high)) throw new Error(`--${name} takes a number from ${low} to ${high}`);
  return value;
}
