/** What `npm run bench` was asked for. */
import { parseArgs } from 'node:util';

export interface Options {
  readonly rounds: number;
  readonly quick: boolean;
  /** With 1,000 sessions too. */
  readonly full: boolean;
  readonly peers: boolean;
}

export const USAGE = `Usage: npm run bench -- [--rounds n] [--full] [--peers] | --quick
  --rounds n  rounds of each figure (default 7; with --quick 3)
  --full      also with 1,000 sessions: takes about half an hour instead of ten minutes
  --peers     also supergateway and mcp-proxy, installed by npm into a temporary folder
  --quick     a minute, printed only; else docs/performance.md and .svg are written`;

const MAX_ROUNDS = 101;

/** @throws Error with a sentence for whoever typed it */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS)
    throw new Error(`--rounds takes a number from 1 to ${MAX_ROUNDS}`);
  if (values.quick && values.full) throw new Error('--quick and --full exclude each other');
  return { rounds, quick: values.quick, full: values.full, peers: values.peers };
}
