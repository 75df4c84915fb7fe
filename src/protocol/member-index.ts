/**
 * Where the members of an object stand, noted while a message was scanned, so that nothing is read twice: flat, four numbers
 * for each member.
 */
import { stringAt, stringIs } from './json-string.ts';
import type { Span } from './span.ts';

const STEP = 4;
/** An object with more members than the envelope of any revision has is looked into when it is asked for. */
const MAX_MEMBERS = 16;
const NONE: readonly string[] = [];

export class MemberIndex {
  readonly #places: number[] = [];
  #isWhole = true;

  open(keyStart: number, keyEnd: number, valueStart: number): void {
    if (this.#places.length === STEP * MAX_MEMBERS) this.#isWhole = false;
    else this.#places.push(keyStart, keyEnd, valueStart, 0);
  }

  close(valueEnd: number): void {
    if (this.#isWhole) this.#places[this.#places.length - 1] = valueEnd;
  }

  /** Whether every member was noted. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The value of the last member of that name, which is the one JSON.parse keeps; names are compared decoded. */
  find(bytes: Buffer, name: string): Span | undefined {
    const places = this.#places;
    for (let at = places.length - STEP; at >= 0; at -= STEP) {
      if (stringIs(bytes, places[at] as number, places[at + 1] as number, name))
        return { start: places[at + 2] as number, end: places[at + 3] as number };
    }
    return undefined;
  }

  count(bytes: Buffer, name: string): number {
    const places = this.#places;
    let count = 0;
    for (let at = 0; at < places.length; at += STEP)
      if (stringIs(bytes, places[at] as number, places[at + 1] as number, name)) count += 1;
    return count;
  }

  /** The keys that equal the name but for upper and lower case, decoded. */
  lookalikes(bytes: Buffer, name: string): readonly string[] {
    const places = this.#places;
    let found: string[] | undefined;
    for (let at = 0; at < places.length; at += STEP) {
      const start = places[at] as number;
      const end = places[at + 1] as number;
      // Shorter than the name, quotes included, no key decodes to it.
      if (end - start < name.length + 2) continue;
      const key = stringAt(bytes, { start, end }) ?? '';
      if (key.toLowerCase() === name.toLowerCase()) (found ??= []).push(key);
    }
    return found ?? NONE;
  }
}
