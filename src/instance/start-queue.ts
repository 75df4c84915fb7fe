import { GatewayError } from '../errors.ts';

/**
 * Admits a bounded number of starts at a time, first come first served: a hundred processes that start at once all
 * time out, eight at a time do not.
 */
export class StartQueue {
  #concurrent: number;
  /** Starts that may wait; beyond it the caller is told to come again (a thundering herd after a restart). */
  #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Starts that nobody waits for. */
  readonly #late: (() => void)[] = [];
  #lateRunning = 0;

  constructor(concurrent: number, maxWaiting: number) {
    this.#concurrent = concurrent;
    this.#maxWaiting = maxWaiting;
  }

  /** More places are filled at once; fewer are as places are given back. */
  resize(concurrent: number, maxWaiting: number): void {
    this.#concurrent = concurrent;
    this.#maxWaiting = maxWaiting;
    while (this.#running < this.#concurrent && this.#waiting.length > 0) {
      this.#running += 1;
      this.#waiting.shift()?.();
    }
    this.#admitLate();
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** @returns a function that gives the place back. @throws GatewayError STARTS_FULL, or SESSION_UNKNOWN when the signal aborts. */
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
      this.#admitLate();
    };
  }

  /**
   * For a start that nobody waits for: admitted when nobody else wants to start and there is room, and takes no place
   * from those who come meanwhile. @throws GatewayError STOPPING when the signal aborts
   */
  async enterLate(signal: AbortSignal): Promise<() => void> {
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        const at = this.#late.indexOf(admit);
        if (at >= 0) this.#late.splice(at, 1);
        reject(new GatewayError('STOPPING'));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#late.push(admit);
      if (signal.aborted) giveUp();
      else this.#admitLate();
    });
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#lateRunning -= 1;
      this.#admitLate();
    };
  }

  #admitLate(): void {
    const most = Math.max(1, Math.floor(this.#concurrent / 2));
    while (
      this.#waiting.length === 0 &&
      this.#lateRunning < most &&
      this.#running + this.#lateRunning < this.#concurrent
    ) {
      const next = this.#late.shift();
      if (next === undefined) return;
      this.#lateRunning += 1;
      next();
    }
  }

  /** The place of the one who leaves passes to the first who waits. */
  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) throw new GatewayError('STARTS_FULL');
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
