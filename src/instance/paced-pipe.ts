/**
 * A pipe of a server that is read no faster than a budget allows: what is more stays in it, and whoever writes to it
 * waits. So a server that floods slows itself, and nobody else.
 */
import type { Readable } from 'node:stream';

export interface Pace {
  /** What may be spent in a second, in whatever unit it is spent in. */
  readonly perSecond: number;
  /** What may be spent at once after a time of rest. */
  readonly burst: number;
}

/** What was asked for and never came must not let a flood pass some day. */
const MAX_CREDIT = 10_000;

export class PacedPipe {
  readonly #pipe: Readable;
  readonly #pace: Pace;
  /** What may be spent now; less than nothing while the pipe rests. */
  #left: number;
  #atMs = performance.now();
  /** Spent since it was looked at. */
  #spent = 0;
  #isPaused = false;
  #rest: NodeJS.Timeout | undefined;
  #isDraining = false;
  /** Told each time when the pipe begins to rest. */
  onRest: (() => void) | undefined;

  constructor(pipe: Readable, pace: Pace) {
    this.#pipe = pipe;
    this.#pace = pace;
    this.#left = pace.burst;
  }

  /** What was asked for is no flood when it comes. */
  credit(amount: number): void {
    if (this.#spent > -MAX_CREDIT) this.#spent -= amount;
  }

  /** After each read. */
  spend(amount: number): void {
    this.#spent += amount;
    // Nothing that was not asked for.
    if (this.#spent <= 0 || this.#isDraining) return;
    const nowMs = performance.now();
    const { perSecond, burst } = this.#pace;
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#atMs) * perSecond) / 1000) - this.#spent;
    this.#atMs = nowMs;
    this.#spent = 0;
    if (this.#left < 0) this.#restFor((-this.#left * 1000) / perSecond);
  }

  /** Its reader wants nothing more for now. */
  pause(): void {
    this.#isPaused = true;
    this.#pipe.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#rest === undefined) this.#pipe.resume();
  }

  /** From now on it is read as fast as can be, whatever its reader wants: its server is ending. */
  drain(): void {
    this.#isDraining = true;
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.resume();
  }

  #restFor(ms: number): void {
    if (this.#rest !== undefined) return;
    this.#pipe.pause();
    this.onRest?.();
    this.#rest = setTimeout(
      () => {
        this.#rest = undefined;
        if (!this.#isPaused) this.#pipe.resume();
      },
      Math.max(1, Math.ceil(ms)),
    );
  }
}
