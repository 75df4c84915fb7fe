import { GatewayError } from '../errors.ts';

/** Starts that may wait; beyond it the caller is told to come again (a thundering herd after a restart). */
const MAX_WAITING = 1000;

/**
 * Admits a bounded number of starts at a time, first come first served: a hundred processes that start at once all
 * time out, eight at a time do not.
 */
export class StartQueue {
  #concurrent: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(concurrent: number) {
    this.#concurrent = concurrent;
  }

  /** More places are filled at once; fewer are as places are given back. */
  resize(concurrent: number): void {
    this.#concurrent = concurrent;
    while (this.#running < this.#concurrent && this.#waiting.length > 0) {
      this.#running += 1;
      this.#waiting.shift()?.();
    }
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** @returns a function that gives the place back. @throws GatewayError INSTANCES_FULL, or SESSION_UNKNOWN when the signal aborts. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw new GatewayError('SESSION_UNKNOWN');
    if (this.#running >= this.#concurrent) await this.#wait(signal);
    else this.#running += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = this.#running > this.#concurrent ? undefined : this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    };
  }

  /** The place of the one who leaves passes to the first who waits. */
  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING)
      throw new GatewayError('INSTANCES_FULL', 'Too many starts are waiting.');
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        reject(new GatewayError('SESSION_UNKNOWN'));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(admit);
    });
  }
}
