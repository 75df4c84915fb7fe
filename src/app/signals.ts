/** SIGTERM and SIGINT to stop; a second one, later than a repeat can be, to stop at once. */

export interface Stoppable {
  /** Drains, then ends everything. */
  stop(): Promise<void>;
  /** Kills every process group without grace. */
  stopNow(): Promise<void>;
}

/** Under npm a Ctrl-C arrives twice, from the terminal and from npm: repeats within a second are one. */
const REPEAT_MS = 1000;

/** Resolves with the exit code once stopped: 0, or 1 when it was hurried or failed. Takes its handlers away again. */
export function stopOnSignals(gateway: Stoppable): Promise<number> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    let hurried = false;
    const finish = (failed: boolean): void => {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
      resolve(failed || hurried ? 1 : 0);
    };
    const onSignal = (): void => {
      const now = performance.now();
      if (firstMs === undefined) {
        firstMs = now;
        gateway.stop().then(
          () => finish(false),
          () => finish(true),
        );
      } else if (now - firstMs > REPEAT_MS) {
        hurried = true;
        gateway.stopNow().catch(() => finish(true));
      }
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
