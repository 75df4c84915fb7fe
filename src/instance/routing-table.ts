/**
 * Who waits for what on one instance, keyed by ids that the gateway made. A client's id or progress token is only
 * ever looked up within the lease that used it, so an answer cannot reach anybody but its asker.
 */
import type { Exchange } from './upstream.ts';

export type LeaseId = number;

/** A request on its way to the server. */
export interface Route {
  /** The id and the progress token on the wire. */
  readonly key: number;
  readonly lease: LeaseId;
  readonly method: string;
  /** The client's id as its own text; restored byte for byte. */
  readonly clientId: Buffer;
  readonly clientToken: Buffer | undefined;
  readonly exchange: Exchange;
  readonly startedMs: number;
  /** The request asked for log messages (2026-07-28 logging). */
  readonly wantsLogs: boolean;
  deadlineMs: number;
  /** `hashOf` the lease and the client's id. */
  readonly hash: number;
  /** The table's own: the next route of the same bucket. */
  next: Route | undefined;
}

/** A request of the server on its way to a client. */
export interface Question {
  readonly key: number;
  readonly lease: LeaseId;
  readonly method: string;
  readonly serverId: Buffer;
  readonly serverToken: Buffer | undefined;
}

/** Slots of a fresh table, and how many an empty one may keep after a burst. */
const FEW_SLOTS = 16;
const KEPT_SLOTS = 1024;

/**
 * Routes stand in an array at their key modulo its length, and behind one another in a second array by a hash of the
 * client's id: a Map would be laid anew every few dozen calls (see util/linked-list.ts).
 */
export class RoutingTable {
  #slots: (Route | undefined)[] = slots(FEW_SLOTS);
  #byClientId: (Route | undefined)[] = slots(FEW_SLOTS);
  #size = 0;
  readonly #questions = new Map<number, Question>();
  readonly #byServerId = new Map<string, Question>();
  #lastKey = 0;

  get size(): number {
    return this.#size;
  }

  /** Keys given out so far; more than before means that somebody used the instance. */
  get issued(): number {
    return this.#lastKey;
  }

  /** A key whose slot is free until the next one is asked for. */
  nextKey(): number {
    if (this.#size * 2 >= this.#slots.length) this.#resize(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    do this.#lastKey += 1;
    while (this.#slots[this.#lastKey & mask] !== undefined);
    return this.#lastKey;
  }

  *routes(): IterableIterator<Route> {
    for (const route of this.#slots) if (route !== undefined) yield route;
  }

  /** Under a key that `nextKey` has just given. */
  add(route: Route): void {
    this.#slots[this.#slotOf(route.key)] = route;
    this.#chain(route);
    this.#size += 1;
  }

  find(key: number): Route | undefined {
    const route = this.#slots[this.#slotOf(key)];
    return route?.key === key ? route : undefined;
  }

  findByClientId(lease: LeaseId, clientId: Buffer): Route | undefined {
    const hash = hashOf(lease, clientId);
    let route = this.#byClientId[this.#slotOf(hash)];
    while (route !== undefined && !(route.hash === hash && isOf(route, lease, clientId))) route = route.next;
    return route;
  }

  /** Removes the route; a second answer to it then finds nothing. */
  take(key: number): Route | undefined {
    const route = this.find(key);
    if (route === undefined) return undefined;
    this.#slots[this.#slotOf(key)] = undefined;
    this.#unchain(route);
    this.#size -= 1;
    if (this.#size === 0 && this.#slots.length > KEPT_SLOTS) this.#resize(FEW_SLOTS);
    return route;
  }

  addQuestion(question: Question): void {
    this.#questions.set(question.key, question);
    this.#byServerId.set(question.serverId.toString('latin1'), question);
  }

  /** Only the lease that was asked may answer, or report on, a question. */
  findQuestion(lease: LeaseId, key: number): Question | undefined {
    const question = this.#questions.get(key);
    return question?.lease === lease ? question : undefined;
  }

  findQuestionByServerId(serverId: Buffer): Question | undefined {
    return this.#byServerId.get(serverId.toString('latin1'));
  }

  dropQuestion(question: Question): void {
    this.#questions.delete(question.key);
    if (this.#byServerId.get(question.serverId.toString('latin1')) === question) {
      this.#byServerId.delete(question.serverId.toString('latin1'));
    }
  }

  /** Everything of one lease, or of all; the caller fails what it gets. */
  revoke(lease?: LeaseId): { readonly routes: Route[]; readonly questions: Question[] } {
    const routes = [...this.routes()].filter((route) => lease === undefined || route.lease === lease);
    const questions = [...this.#questions.values()].filter(
      (question) => lease === undefined || question.lease === lease,
    );
    for (const route of routes) this.take(route.key);
    for (const question of questions) this.dropQuestion(question);
    return { routes, questions };
  }

  /** Also right for keys beyond 32 bits: the low bits decide. */
  #slotOf(key: number): number {
    return key & (this.#slots.length - 1);
  }

  #chain(route: Route): void {
    const bucket = this.#slotOf(route.hash);
    route.next = this.#byClientId[bucket];
    this.#byClientId[bucket] = route;
  }

  #unchain(route: Route): void {
    const bucket = this.#slotOf(route.hash);
    let before: Route | undefined;
    for (let at = this.#byClientId[bucket]; at !== undefined && at !== route; at = at.next) before = at;
    if (before === undefined) this.#byClientId[bucket] = route.next;
    else before.next = route.next;
    route.next = undefined;
  }

  /** Keys that differ in the low bits of the old length differ in those of a greater one, so slots stay unique. */
  #resize(length: number): void {
    const routes = [...this.routes()];
    this.#slots = slots(length);
    this.#byClientId = slots(length);
    for (const route of routes) {
      this.#slots[this.#slotOf(route.key)] = route;
      this.#chain(route);
    }
  }
}

/** Filled, so that V8 keeps it an array without holes. */
function slots(length: number): (Route | undefined)[] {
  return Array.from({ length }, () => undefined);
}

/** Of a client's id within its lease; a client that makes its ids collide only makes its own calls slower. */
export function hashOf(lease: LeaseId, clientId: Buffer): number {
  let hash = lease | 0;
  for (let at = 0; at < clientId.length; at += 1) hash = (Math.imul(hash, 31) + (clientId[at] ?? 0)) | 0;
  return hash;
}

function isOf(route: Route, lease: LeaseId, clientId: Buffer): boolean {
  return route.lease === lease && route.clientId.equals(clientId);
}

/** The gateway's key in an id or token that a peer sent back; undefined for anything we cannot have made. */
export function keyOf(
  bytes: Buffer,
  span: { readonly start: number; readonly end: number } | undefined,
): number | undefined {
  if (span === undefined || span.end - span.start > 15) return undefined;
  let key = 0;
  for (let at = span.start; at < span.end; at += 1) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    key = key * 10 + digit;
  }
  return key;
}
