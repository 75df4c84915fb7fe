/**
 * Calls of legacy servers that stay pending while their modern client answers a question, and the sealed words by
 * which it comes back to them. One for the whole gateway: a retry finds its call whatever process it was led to.
 */
import type { Clock } from '../util/clock.ts';
import type { StateSeal } from './sealed-state.ts';

/** Parked calls of one principal, and on one server: each keeps a process busy and a result in memory. */
const MAX_PER_PRINCIPAL = 16;
const MAX_PER_SERVER = 64;

export interface Parked {
  readonly server: string;
  readonly principal: string;
}

export interface Asker {
  readonly server: string;
  readonly principal: string;
  /** Of the retried call; asked for only when the seal held. */
  readonly digest: () => string;
}

/** `park`: a call waits for this. `resend`: nothing waits, the call is made again. */
export type RequestState =
  | { readonly kind: 'park'; readonly park: number; readonly instance: number; readonly round: number }
  | { readonly kind: 'resend' };

export interface Terms {
  readonly server: string;
  readonly principal: string;
  readonly digest: string;
  readonly ttlMs: number;
}

export class Parks<P extends Parked> {
  readonly clock: Clock;
  readonly #seal: StateSeal;
  readonly #parked = new Map<number, P>();
  readonly #live = new Set<number>();
  #lastId = 0;

  constructor(seal: StateSeal, clock: Clock) {
    this.#seal = seal;
    this.clock = clock;
  }

  get size(): number {
    return this.#parked.size;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** False when a bound is reached. */
  add(id: number, call: P): boolean {
    const all = [...this.#parked.values()];
    if (all.filter(({ principal }) => principal === call.principal).length >= MAX_PER_PRINCIPAL) return false;
    if (all.filter(({ server }) => server === call.server).length >= MAX_PER_SERVER) return false;
    this.#parked.set(id, call);
    return true;
  }

  find(id: number): P | undefined {
    return this.#parked.get(id);
  }

  remove(id: number): void {
    this.#parked.delete(id);
  }

  /** Instances whose calls may still be parked; what names another one names a process that has ended. */
  opened(instance: number): void {
    this.#live.add(instance);
  }

  ended(instance: number): void {
    this.#live.delete(instance);
  }

  isLive(instance: number): boolean {
    return this.#live.has(instance);
  }

  seal(state: RequestState, { ttlMs, ...terms }: Terms): string {
    return this.#seal.seal({ ...state, ...terms, untilMs: this.clock.now() + ttlMs });
  }

  /** Undefined unless this gateway sealed it for this very call of this principal, not too long ago. */
  open(token: string, { server, principal, digest }: Asker): RequestState | undefined {
    const state = this.#seal.open(token);
    if (state === undefined || state['server'] !== server || state['principal'] !== principal)
      return undefined;
    const { kind, untilMs } = state;
    if (
      (kind !== 'park' && kind !== 'resend') ||
      !(typeof untilMs === 'number' && untilMs > this.clock.now())
    )
      return undefined;
    // What the seal opened was written above.
    return state['digest'] === digest() ? (state as unknown as RequestState) : undefined;
  }
}
