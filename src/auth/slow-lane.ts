/** Expensive work a few at a time, with a bounded queue: a flood of guesses must not take the thread pool or the memory. */

export interface SlowLane {
  /** Undefined, at once, when the queue is full. */
  run<T>(job: () => Promise<T>): Promise<T> | undefined;
}

export function createSlowLane(limits: { readonly running: number; readonly waiting: number }): SlowLane {
  const waiting: (() => void)[] = [];
  let running = 0;
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  const runNow = async <T>(job: () => Promise<T>): Promise<T> => {
    try {
      return await job();
    } finally {
      leave();
    }
  };
  return {
    run(job) {
      if (running < limits.running) {
        running += 1;
        return runNow(job);
      }
      if (waiting.length >= limits.waiting) return undefined;
      return new Promise<void>((resolve) => waiting.push(resolve)).then(() => runNow(job));
    },
  };
}
