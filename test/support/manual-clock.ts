import type { Clock, Timer } from '../../src/util/clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly fn: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #pending = new Set<Pending>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(ms: number, fn: () => void): Timer {
    const entry = { dueMs: this.#nowMs + Math.max(0, ms), fn };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  /** Timers that have neither fired nor been cancelled. */
  get timers(): number {
    return this.#pending.size;
  }

  /** Runs what falls due within `ms`, in order of time, timers set meanwhile included; `now()` is each one's own moment. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#nextDue(untilMs); next !== undefined; next = this.#nextDue(untilMs)) {
      this.#pending.delete(next);
      this.#nowMs = next.dueMs;
      next.fn();
    }
    this.#nowMs = untilMs;
  }

  #nextDue(untilMs: number): Pending | undefined {
    let next: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.dueMs <= untilMs && (next === undefined || entry.dueMs < next.dueMs)) next = entry;
    }
    return next;
  }
}
