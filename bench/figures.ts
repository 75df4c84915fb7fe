/** The figures of a run: what each is a ratio of, and what it must be. */
import type { Samples } from './samples.ts';

export const PIPE = 'pipe';
export const FLOOR = 'floor';
export const FLOOR_AGAIN = 'floor again';
/** Names of our subjects, by protocol. */
export const NAMES = {
  streamable: 'Streamable HTTP',
  sse: 'HTTP+SSE',
  modern: '2026-07-28',
  rest: 'REST',
} as const;

export interface FigureSpec {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** What a ratio is taken over: one subject, or another figure of the same subject; neither gives plain values. */
  readonly overSubject?: string;
  readonly overFigure?: string;
  readonly must?: {
    readonly max?: number;
    readonly min?: number;
    readonly except?: Readonly<Record<string, number>>;
  };
}

export interface Cell {
  /** Median, in the unit of the figure. */
  readonly value: number;
  /** Median of the ratios of the rounds; undefined for plain values and for the reference itself. */
  readonly ratio: number | undefined;
}

export interface Figure {
  readonly spec: FigureSpec;
  readonly cells: ReadonlyMap<string, Cell>;
}

const overFloor = { overSubject: FLOOR };

export const SPECS: readonly FigureSpec[] = [
  {
    id: 'cpuOne',
    title: 'gateway CPU, 32 in one session',
    unit: 's per 10,000 calls',
    ...overFloor,
    must: { max: 1.6, except: { [NAMES.sse]: 2 } },
  },
  { id: 'cpuMany', title: 'gateway CPU, 32 sessions × 1', unit: 's per 10,000 calls', ...overFloor },
  {
    id: 'throughputOne',
    title: 'throughput, 32 in one session',
    unit: 'calls/s',
    ...overFloor,
    must: { min: 0.65 },
  },
  {
    id: 'throughputMany',
    title: 'throughput, 32 sessions × 1',
    unit: 'calls/s',
    ...overFloor,
    must: { min: 0.65 },
  },
  { id: 'latency', title: 'latency one at a time, p50', unit: 'ms', ...overFloor, must: { max: 1.35 } },
  { id: 'birth', title: 'new session to first result', unit: 'ms', overSubject: PIPE, must: { max: 1.1 } },
  {
    id: 'warmBirth',
    title: 'new session to first result, `warm: 1`',
    unit: 'ms',
    overSubject: PIPE,
    must: { max: 0.15 },
  },
  {
    id: 'warmBirthMs',
    title: 'the same (ms)',
    unit: 'ms',
    must: { max: 5 },
  },
  {
    id: 'warmSlow',
    title: 'the same on a server that starts in 1 s, over a call in an old session (ms)',
    unit: 'ms',
    must: { max: 15 },
  },
  { id: 'birthMany', title: '50 new sessions at once', unit: 'ms', overSubject: PIPE },
  { id: 'cpuMb', title: 'gateway CPU per MiB, 1 MiB results', unit: 'ms', ...overFloor, must: { max: 1.6 } },
  {
    id: 'cpuHugeMb',
    title: 'gateway CPU per MiB, 16 MiB results, over its own at 1 MiB',
    unit: 'ms',
    overFigure: 'cpuMb',
    must: { max: 1.5 },
  },
  { id: 'rss0', title: 'RSS with no session', unit: 'MiB', ...overFloor, must: { max: 1.7 } },
  { id: 'rss10', title: 'RSS with 10 idle sessions (MiB)', unit: 'MiB' },
  { id: 'rss50', title: 'RSS with 50 idle sessions (MiB)', unit: 'MiB' },
  { id: 'rss1000', title: 'RSS with 1,000 idle sessions (MiB)', unit: 'MiB' },
  { id: 'perSession50', title: 'RSS per idle session, of 50 (KiB)', unit: 'KiB' },
  { id: 'perSession1000', title: 'RSS per idle session, of 1,000 (KiB)', unit: 'KiB', must: { max: 150 } },
  { id: 'slope', title: 'RSS growth per session opened and closed (KiB)', unit: 'KiB' },
  {
    id: 'sessionsMany',
    title: 'CPU of a call with many sessions open, over that with one',
    unit: 's per 10,000 calls',
    overFigure: 'sessionsOne',
    must: { max: 1.15 },
  },
  {
    id: 'serversMany',
    title: 'CPU of a call with 100 servers configured, over that with one',
    unit: 's per 10,000 calls',
    overFigure: 'serversOne',
    must: { max: 1.15 },
  },
];

/** Only figures that were measured. */
export function toFigures(samples: Samples, subjects: readonly string[]): Figure[] {
  return SPECS.map((spec) => ({ spec, cells: cellsOf(spec, samples, subjects) })).filter(
    ({ cells }) => cells.size > 0,
  );
}

function cellsOf(spec: FigureSpec, samples: Samples, subjects: readonly string[]): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const subject of subjects) {
    const value = samples.median(spec.id, subject);
    if (value !== undefined) cells.set(subject, { value, ratio: ratioOf(spec, samples, subject) });
  }
  return cells;
}

function ratioOf(
  { id, overSubject, overFigure }: FigureSpec,
  samples: Samples,
  subject: string,
): number | undefined {
  if (overFigure !== undefined) return samples.ratio(id, subject, { figure: overFigure, subject });
  if (overSubject === undefined || overSubject === subject) return undefined;
  return samples.ratio(id, subject, { figure: id, subject: overSubject });
}

/** The bounds are promises of the gateway; the others are held to nothing. */
export function boundOf(
  { must }: FigureSpec,
  subject: string,
): { max: number } | { min: number } | undefined {
  if (must === undefined || !Object.values<string>(NAMES).includes(subject)) return undefined;
  if (must.min !== undefined) return { min: must.min };
  const max = must.except?.[subject] ?? must.max;
  return max === undefined ? undefined : { max };
}

export function isMet(spec: FigureSpec, subject: string, { value, ratio }: Cell): boolean {
  const bound = boundOf(spec, subject);
  const judged = ratio ?? value;
  if (bound === undefined) return true;
  return 'max' in bound ? judged <= bound.max : judged >= bound.min;
}
