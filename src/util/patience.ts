import { LinkedList, type Place } from './linked-list.ts';

interface Waiting<T> {
  readonly item: T;
  /** When it is late, in milliseconds. */
  readonly dueMs: number;
}

/** What ends a wait; handed out by `add`. */
export type Wait<T> = Place<Waiting<T>>;

/**
 * Waits equally long for each of many things, with one timer for all: what was added first is due first, so nothing
 * is armed or cleared when most of them are done in time. The timer keeps no process alive and ends when nothing waits.
 */
export class Patience<T> {
  readonly #ms: number;
  readonly #onLate: (item: T) => void;
  readonly #waiting = new LinkedList<Waiting<T>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, onLate: (item: T) => void) {
    this.#ms = ms;
    this.#onLate = onLate;
  }

  add(item: T): Wait<T> {
    if (this.#timer === undefined) this.#timer = this.#arm(this.#ms);
    return this.#waiting.add({ item, dueMs: performance.now() + this.#ms });
  }

  /** Safe to call for what waits no more. */
  remove(wait: Wait<T>): void {
    this.#waiting.remove(wait);
  }

  #arm(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#look(), Math.ceil(ms)).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (let next = this.#waiting.firstPlace; next !== undefined; next = this.#waiting.firstPlace) {
      const { item, dueMs } = next.item;
      if (dueMs > now) {
        this.#timer ??= this.#arm(dueMs - now);
        return;
      }
      this.#waiting.remove(next);
      this.#onLate(item);
    }
  }
}
