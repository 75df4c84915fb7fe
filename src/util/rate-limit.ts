/**
 * How often something may happen, for each of many keys: so many a minute, at once or spread, and then as they come
 * back. One number for each key (the generic cell rate algorithm), no timer and no promise.
 */

/** Keys that are remembered; the one that was used longest ago is forgotten first, and may then begin anew. */
const MAX_KEYS = 50_000;
const MINUTE_MS = 60_000;

export class RateLimit {
  /** When each key will have all of its allowance again; in the order of their use. */
  readonly #fullMs = new Map<string, number>();
  #lastKey: string | undefined;

  /** Time comes in as a value. @returns 0 when it may happen, else how long to wait, in milliseconds */
  take(key: string, perMinute: number, nowMs: number): number {
    const everyMs = MINUTE_MS / perMinute;
    const fullMs = Math.max(this.#fullMs.get(key) ?? 0, nowMs);
    const waitMs = fullMs + everyMs - nowMs - MINUTE_MS;
    // What one rounding adds must not cost a request.
    if (waitMs > 0.001) return waitMs;
    // The last one is the last already: a Map that is deleted from all the time makes garbage (see util/linked-list.ts).
    if (key !== this.#lastKey) this.#fullMs.delete(key);
    this.#lastKey = key;
    this.#fullMs.set(key, fullMs + everyMs);
    const [oldest] = this.#fullMs.size > MAX_KEYS ? this.#fullMs.keys() : [];
    if (oldest !== undefined) this.#fullMs.delete(oldest);
    return 0;
  }

  get size(): number {
    return this.#fullMs.size;
  }
}
