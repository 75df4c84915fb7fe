import { LinkedList } from './linked-list.ts';

/**
 * Something that ends once, and those who want to know. Unlike a promise it forgets whoever no longer does: what is
 * told of the end of something that lives long must not live as long itself.
 */
export class Ending<T> {
  readonly #listeners = new LinkedList<(value: T) => void>();
  #ended: { readonly value: T } | undefined;

  /** Told once, later or at once. @returns a function that takes the listener away; safe to call again */
  add(listener: (value: T) => void): () => void {
    if (this.#ended !== undefined) {
      listener(this.#ended.value);
      return () => undefined;
    }
    const place = this.#listeners.add(listener);
    return () => this.#listeners.remove(place);
  }

  /** The first value counts. */
  end(value: T): void {
    if (this.#ended !== undefined) return;
    this.#ended = { value };
    for (let next = this.#listeners.firstPlace; next !== undefined; next = this.#listeners.firstPlace) {
      this.#listeners.remove(next);
      next.item(value);
    }
  }
}
