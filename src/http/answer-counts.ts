/** How many answers have begun, by the class of their status: counted in passing, read when somebody asks. */
export class AnswerCounts {
  /** By first digit; answers that are none of HTTP stay uncounted. */
  readonly #counts = [0, 0, 0, 0, 0, 0];

  add(status: number): void {
    const digit = Math.floor(status / 100);
    if (digit < this.#counts.length) this.#counts[digit] = (this.#counts[digit] ?? 0) + 1;
  }

  /** Such as `2xx`. */
  *[Symbol.iterator](): IterableIterator<readonly [status: string, count: number]> {
    for (const digit of [2, 3, 4, 5]) yield [`${digit}xx`, this.#counts[digit] ?? 0];
  }
}
