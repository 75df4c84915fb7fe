/** What happened in a run, for people. */
import { type Census, mebibytes, memoryOf } from './census.ts';
import type { Ledger } from './ledger.ts';
import type { LogCheck } from './log-check.ts';
import type { Peaks } from './metrics.ts';

export interface Outcome {
  readonly ledger: Ledger;
  readonly clients: number;
  readonly peaks: Peaks;
  readonly before: Census;
  readonly after: Census;
  readonly log: LogCheck;
}

export function toSummary({ ledger, clients, peaks, before, after, log }: Outcome): string {
  const counts = [...ledger.calls].flatMap(([front, outcomes]) => [
    `  ${front}: ${sum(outcomes)}`,
    ...toLines(outcomes, '    '),
  ]);
  const levels = after.levels ?? peaks;
  const { inside } = after;
  return [
    `clients: ${clients}; nonces that came back to their asker: ${ledger.heard}`,
    'calls by front and outcome:',
    ...counts,
    `faults: ${sum(ledger.faults)}`,
    ...toLines(ledger.faults, '  '),
    'log lines of the gateway at warn and error:',
    ...toLines(log.grave, '  '),
    `sessions: ${levels.sessionsOpened} opened, at most ${peaks.sessions} at once, ${levels.sessions} left`,
    `processes: ${levels.starts} started, ${levels.exits} ended, at most ${peaks.instances} at once, ${levels.instances} left`,
    `heap and external memory after collection: ${mebibytes(memoryOf(before.inside))} before, ${mebibytes(memoryOf(inside))} after`,
    `resident memory: ${mebibytes(before.inside.rss)} before, ${mebibytes(inside.rss)} after, at most ${mebibytes(peaks.residentBytes)}`,
    `left on the heap: ${Object.entries(inside.left)
      .map(([kind, count]) => `${kind} ${before.inside.left[kind] ?? 0} -> ${count}`)
      .join(', ')}`,
    `descriptors: ${sum(before.descriptors)} before, ${sum(after.descriptors)} after`,
    `worst delay of the event loop: ${inside.worstDelayMs.toFixed(0)} ms`,
  ].join('\n');
}

function toLines(counts: ReadonlyMap<string, number>, indent: string): string[] {
  return [...counts].sort(([, a], [, b]) => b - a).map(([what, count]) => `${indent}${count} ${what}`);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
