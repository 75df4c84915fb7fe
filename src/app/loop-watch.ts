/**
 * Notices that the event loop stood still, which everybody waits for: the gateway is not ready until it has run freely
 * for a while, and the operator is told which server had most to say meanwhile.
 */
import type { Events } from '../events.ts';
import { type Clock, systemClock, type Timer } from '../util/clock.ts';

export interface LoopWatchOptions {
  readonly events: Events;
  /** Bytes to and from the running processes of each server so far. */
  readonly bytesByServer: () => ReadonlyMap<string, number>;
  readonly clock?: Clock;
}

const LOOK_MS = 500;
/** Later than this, in milliseconds, somebody has noticed. */
const BLOCKED_MS = 1000;
/** A loop that runs freely for so long is taken to go on doing so. */
const CALM_MS = 2000;

/** Owns a timer from the start to `stop`. */
export class LoopWatch {
  readonly #options: LoopWatchOptions;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #lookedMs = 0;
  #blockedMs = Number.NEGATIVE_INFINITY;
  #bytes: ReadonlyMap<string, number> = new Map();

  constructor(options: LoopWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  start(): void {
    this.#lookedMs = this.#clock.now();
    this.#timer = this.#clock.setTimer(LOOK_MS, () => this.#look());
  }

  /** Also right after it stood still, before the timer could fire. */
  get isBlocked(): boolean {
    if (this.#timer === undefined) return false;
    const nowMs = this.#clock.now();
    return nowMs - this.#lookedMs - LOOK_MS > BLOCKED_MS || nowMs - this.#blockedMs < CALM_MS;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    const nowMs = this.#clock.now();
    const lateMs = nowMs - this.#lookedMs - LOOK_MS;
    const bytes = this.#options.bytesByServer();
    if (lateMs > BLOCKED_MS) {
      this.#blockedMs = nowMs;
      const server = busiest(this.#bytes, bytes);
      this.#options.events.emit({ type: 'gateway.blocked', blockedMs: lateMs, server });
    }
    this.#bytes = bytes;
    this.start();
  }
}

function busiest(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): string | undefined {
  let most = 0;
  let name: string | undefined;
  for (const [server, bytes] of after) {
    const grown = bytes - (before.get(server) ?? 0);
    if (grown > most) [most, name] = [grown, server];
  }
  return name;
}
