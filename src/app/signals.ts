/** SIGTERM and SIGINT to stop; a second one, later than a repeat can be, to stop at once. */

export interface Stoppable {
  /** Drains, then ends everything. */
  stop(): Promise<void>;
  /** Kills every process group without grace. */
  stopNow(): Promise<void>;
}

/** Under npm a Ctrl-C arrives twice, from the terminal and from npm: repeats within a second are one. */
const REPEAT_MS = 1000;

/** Resolves with the exit code once stopped. Takes its handlers away again. */
export function stopOnSignals(gateway: Stoppable): Promise<number> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const finish = (code: number): void => {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
      resolve(code);
    };
    const onSignal = (): void => {
      const now = performance.now();
      if (firstMs === undefined) {
        firstMs = now;
        gateway.stop().then(
          () => finish(0),
          () => finish(1),
        );
      } else if (now - firstMs > REPEAT_MS) {
        void gateway.stopNow().finally(() => finish(1));
      }
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
