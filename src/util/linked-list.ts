/** A place in a list; whoever added the item keeps it to take the item out again. */
export interface Place<T> {
  readonly item: T;
}

interface Link<T> extends Place<T> {
  before: Link<T> | undefined;
  after: Link<T> | undefined;
  inList: boolean;
}

/**
 * Items in the order in which they were added, each taken out at no cost. For what comes and goes with every call: a Map or
 * Set that is added to and deleted from lays a new table every few dozen times, and once V8 has moved one of those to
 * the old generation, it keeps alive every table after it with all that stood in them until the next full collection.
 */
export class LinkedList<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get firstPlace(): Place<T> | undefined {
    return this.#first;
  }

  get last(): T | undefined {
    return this.#last?.item;
  }

  add(item: T): Place<T> {
    const link: Link<T> = { item, before: this.#last, after: undefined, inList: true };
    if (this.#last === undefined) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    this.#size += 1;
    return link;
  }

  /** Safe to call again. The place must be one of this list. */
  remove(place: Place<T>): void {
    const link = place as Link<T>;
    if (!link.inList) return;
    const { before, after } = link;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    // What was taken out must not keep its neighbours alive.
    link.before = undefined;
    link.after = undefined;
    link.inList = false;
    this.#size -= 1;
  }

  /** What is taken out meanwhile must be the item at hand, or one that was already passed. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let link = this.#first; link !== undefined; ) {
      const { after } = link;
      yield link.item;
      link = after;
    }
  }
}
