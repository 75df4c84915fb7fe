/**
 * Whether a server may be started, judged by how its last starts went. Pure: time and chance come in as values, and
 * whoever acts on it keeps the history.
 *
 * The first failure costs nothing, the next ones a wait that doubles; at the limit the server has failed, and after a
 * longer wait a single start is let through to find out whether it still does (half-open).
 */

export interface RestartTimes {
  /** The wait after the second failure in a row; each further one doubles it. */
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
  /** So many failures within `windowMs` make a server a failed one. */
  readonly limit: number;
  readonly windowMs: number;
  /** The wait of a failed server; doubled each time that its trial fails, too. */
  readonly firstTrialMs: number;
  readonly maxTrialMs: number;
  /** A process that ends by itself sooner than this after it was ready has failed to start as well. */
  readonly soonMs: number;
}

/** Five in a minute, as systemd's start limit with a longer window: servers take seconds to fail. */
export const RESTART_TIMES: RestartTimes = {
  firstWaitMs: 500,
  maxWaitMs: 30_000,
  limit: 5,
  windowMs: 60_000,
  firstTrialMs: 30_000,
  maxTrialMs: 300_000,
  soonMs: 10_000,
};

export type ServerState = 'ok' | 'backing-off' | 'failed';

/** When the next start may begin; `trial` is set while one start of a failed server is out to find out. */
type Gate =
  | { readonly state: 'ok' }
  | { readonly state: 'backing-off'; readonly untilMs: number }
  | { readonly state: 'failed'; readonly untilMs: number; readonly trial: boolean };

export interface StartHistory {
  /** When starts failed, oldest first, as far back as the window reaches. */
  readonly failuresMs: readonly number[];
  /** How often in a row the server was found failed. */
  readonly rounds: number;
  readonly gate: Gate;
}

export const NO_HISTORY: StartHistory = { failuresMs: [], rounds: 0, gate: { state: 'ok' } };

export type StartDecision =
  | { readonly kind: 'start'; readonly trial: boolean }
  | { readonly kind: 'refuse'; readonly state: 'backing-off' | 'failed'; readonly waitMs: number };

export function decideStart({ gate }: StartHistory, nowMs: number, times: RestartTimes): StartDecision {
  if (gate.state === 'ok') return { kind: 'start', trial: false };
  const waitMs = gate.untilMs - nowMs;
  if (waitMs > 0) return { kind: 'refuse', state: gate.state, waitMs };
  if (gate.state === 'backing-off') return { kind: 'start', trial: false };
  // How long the trial takes is not known.
  return gate.trial
    ? { kind: 'refuse', state: 'failed', waitMs: times.firstWaitMs }
    : { kind: 'start', trial: true };
}

/** A start of a failed server was let through; until its end is known no other is. */
export function afterTrialBegan(history: StartHistory): StartHistory {
  return withTrial(history, true);
}

/** It was given up before it could tell anything. */
export function afterTrialLost(history: StartHistory): StartHistory {
  return withTrial(history, false);
}

/** A process got ready: the door is open. What failed before still counts until one has lasted. */
export function afterReady(history: StartHistory): StartHistory {
  return { ...history, gate: { state: 'ok' } };
}

/** A process has lasted: whatever was wrong is over. */
export function afterLasting(): StartHistory {
  return NO_HISTORY;
}

export interface StartFailure {
  readonly startedMs: number;
  readonly nowMs: number;
  /** From 0 up to, not including, 1: spreads what would otherwise come back at the same moment. */
  readonly chance: number;
}

export function afterFailure(
  history: StartHistory,
  { startedMs, nowMs, chance }: StartFailure,
  times: RestartTimes,
): StartHistory {
  // Starts that were under way together fail together: that is one failure.
  if (startedMs <= (history.failuresMs.at(-1) ?? Number.NEGATIVE_INFINITY)) return history;
  const recentMs = history.failuresMs.filter((atMs) => nowMs - atMs < times.windowMs);
  const failuresMs = [...recentMs, nowMs].slice(-times.limit);
  const wasTrial = history.gate.state === 'failed' && history.gate.trial;
  // A quiet window ends the row.
  const rounds = wasTrial || recentMs.length > 0 ? history.rounds : 0;
  if (wasTrial || failuresMs.length >= times.limit) {
    const waitMs = spread(doubled(times.firstTrialMs, rounds, times.maxTrialMs), chance);
    return {
      failuresMs,
      rounds: rounds + 1,
      gate: { state: 'failed', untilMs: nowMs + waitMs, trial: false },
    };
  }
  if (failuresMs.length === 1) return { failuresMs, rounds, gate: { state: 'ok' } };
  const waitMs = spread(doubled(times.firstWaitMs, failuresMs.length - 2, times.maxWaitMs), chance);
  return { failuresMs, rounds, gate: { state: 'backing-off', untilMs: nowMs + waitMs } };
}

function withTrial(history: StartHistory, trial: boolean): StartHistory {
  const { gate } = history;
  return gate.state === 'failed' ? { ...history, gate: { ...gate, trial } } : history;
}

function doubled(firstMs: number, times: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** times, maxMs);
}

/** Between half of the wait and all of it. */
function spread(waitMs: number, chance: number): number {
  return waitMs * (1 - chance / 2);
}
