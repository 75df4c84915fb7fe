/** Time as a value, so that tests own it. Monotonic: a change of the wall clock moves no deadline. */

export interface Clock {
  /** Milliseconds since an arbitrary moment; never goes back. */
  now(): number;
  /** Calls `fn` once after `ms` milliseconds. Keeps the process alive until then; the caller owns the timer and cancels it. */
  setTimer(ms: number, fn: () => void): Timer;
}

export interface Timer {
  /** Safe to call twice, and after the timer has fired. */
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(ms, fn) {
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, MAX_TIMEOUT_MS);
      handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : fn()), stepMs);
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** The longest delay that `setTimeout` knows, 24.8 days; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
