import type { Route, RoutingTable } from './routing-table.ts';

export interface DeadlineTimes {
  readonly callTimeoutMs: number;
  readonly maxCallMs: number;
}

/**
 * One timer for all calls of an instance. Progress moves a call's deadline without touching the timer, which looks
 * again when it fires; owned by the instance and ended with it.
 */
export class CallDeadlines {
  readonly #table: RoutingTable;
  readonly #times: DeadlineTimes;
  readonly #expire: (route: Route) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(table: RoutingTable, times: DeadlineTimes, expire: (route: Route) => void) {
    this.#table = table;
    this.#times = times;
    this.#expire = expire;
  }

  /** The first deadline of a call that starts at `nowMs`; arms the timer when none runs. */
  start(nowMs: number): number {
    this.#timer ??= setTimeout(() => this.#look(), this.#times.callTimeoutMs);
    return nowMs + this.#times.callTimeoutMs;
  }

  /** Progress extends a call, up to `maxCallMs` after its start. */
  extend(route: Route): void {
    const now = performance.now();
    route.deadlineMs = Math.min(now + this.#times.callTimeoutMs, route.startedMs + this.#times.maxCallMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const route of this.#table.routes()) {
      if (route.deadlineMs <= now) this.#expire(route);
      else next = Math.min(next, route.deadlineMs);
    }
    if (next !== Number.POSITIVE_INFINITY && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(next - now)));
    }
  }
}
