/**
 * Processes that are started before anybody needs them. Each is given out once, to one caller, and never comes back;
 * what is given out, dies or gets old is replaced in the background, after everybody who waits for a process.
 */
import type { Era } from '../../protocol/era.ts';
import type { Timer } from '../../util/clock.ts';
import type { Instance } from '../instance.ts';
import type { ServerSpec } from '../spec.ts';
import { Shelf, type ShelfHost, type SpareKind } from './spare-shelf.ts';

export interface SparesHost extends ShelfHost {
  /** A spare is replaced at this age, in milliseconds. */
  maxAgeMs(): number;
}

export class Spares {
  readonly #host: SparesHost;
  readonly #shelves = new Map<ServerSpec, Shelf>();
  #timer: Timer | undefined;

  constructor(host: SparesHost) {
    this.#host = host;
  }

  /** Spares that wait for somebody. */
  get count(): number {
    let sum = 0;
    for (const shelf of this.#shelves.values()) sum += shelf.count;
    return sum;
  }

  /** Keeps spares of these servers from now on, and of no others; a server that is another object is another server. */
  keep(specs: Iterable<ServerSpec>): void {
    const wanted = new Set([...specs].filter(({ warm }) => warm > 0));
    for (const [spec, shelf] of this.#shelves) {
      if (wanted.has(spec)) continue;
      this.#shelves.delete(spec);
      shelf.end();
    }
    for (const spec of wanted)
      if (!this.#shelves.has(spec)) this.#shelves.set(spec, new Shelf(spec, this.#host));
    if (this.#timer === undefined) this.#watchAge();
    this.fill();
  }

  /** Whoever takes one owns it. */
  take(spec: ServerSpec, kind: SpareKind): Instance | undefined {
    return this.#shelves.size === 0 ? undefined : this.#shelves.get(spec)?.take(kind);
  }

  /** Starts what is missing, as far as there is room. */
  fill(): void {
    for (const shelf of this.#shelves.values()) shelf.fill();
  }

  /** A process of the server got ready for somebody. */
  works(spec: ServerSpec, era: Era): void {
    this.#shelves.get(spec)?.works(era);
  }

  /**
   * Ends a spare, of this server where one is given, for a process that somebody waits for. Resolves when it has ended;
   * undefined when there is none.
   */
  giveWay(spec?: ServerSpec): Promise<void> | undefined {
    if (spec !== undefined) return this.#shelves.get(spec)?.giveWay();
    const shelves = [...this.#shelves.values()].toSorted((a, b) => b.count - a.count);
    return shelves[0]?.giveWay();
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const shelf of this.#shelves.values()) shelf.end();
    this.#shelves.clear();
  }

  /** Looks at all of them from time to time; a spare may outlive its time by a tenth, and by a minute at most. */
  #watchAge(): void {
    this.#timer = undefined;
    if (this.#shelves.size === 0) return;
    const everyMs = Math.min(60_000, Math.max(50, this.#host.maxAgeMs() / 10));
    this.#timer = this.#host.clock.setTimer(everyMs, () => {
      for (const shelf of this.#shelves.values()) shelf.recycle(this.#host.maxAgeMs());
      this.#watchAge();
    });
  }
}
