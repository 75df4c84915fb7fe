/**
 * Waits equally long for each of many things, with one timer for all: what was added first is due first, so nothing
 * is armed or cleared when most of them are done in time. The timer keeps no process alive and ends when nothing waits.
 */
export class Patience<T> {
  readonly #ms: number;
  readonly #onLate: (item: T) => void;
  /** When each is due, in milliseconds; in the order in which they were added. */
  readonly #due = new Map<T, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, onLate: (item: T) => void) {
    this.#ms = ms;
    this.#onLate = onLate;
  }

  add(item: T): void {
    this.#due.set(item, performance.now() + this.#ms);
    if (this.#timer === undefined) this.#timer = this.#arm(this.#ms);
  }

  /** Safe to call for what is not waiting. */
  remove(item: T): void {
    this.#due.delete(item);
  }

  #arm(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#look(), Math.ceil(ms)).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [item, due] of this.#due) {
      if (due > now) {
        if (this.#timer === undefined) this.#timer = this.#arm(due - now);
        return;
      }
      this.#due.delete(item);
      this.#onLate(item);
    }
  }
}
