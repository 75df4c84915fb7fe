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
}

/** A request of the server on its way to a client. */
export interface Question {
  readonly key: number;
  readonly lease: LeaseId;
  readonly method: string;
  readonly serverId: Buffer;
  readonly serverToken: Buffer | undefined;
}

export class RoutingTable {
  readonly #routes = new Map<number, Route>();
  readonly #byClientId = new Map<string, Route>();
  readonly #questions = new Map<number, Question>();
  readonly #byServerId = new Map<string, Question>();
  #lastKey = 0;

  get size(): number {
    return this.#routes.size;
  }

  nextKey(): number {
    this.#lastKey += 1;
    return this.#lastKey;
  }

  routes(): IterableIterator<Route> {
    return this.#routes.values();
  }

  add(route: Route): void {
    this.#routes.set(route.key, route);
    this.#byClientId.set(clientKey(route.lease, route.clientId), route);
  }

  find(key: number): Route | undefined {
    return this.#routes.get(key);
  }

  findByClientId(lease: LeaseId, clientId: Buffer): Route | undefined {
    return this.#byClientId.get(clientKey(lease, clientId));
  }

  /** Removes the route; a second answer to it then finds nothing. */
  take(key: number): Route | undefined {
    const route = this.#routes.get(key);
    if (route !== undefined) {
      this.#routes.delete(key);
      this.#byClientId.delete(clientKey(route.lease, route.clientId));
    }
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
    const routes = [...this.#routes.values()].filter((route) => lease === undefined || route.lease === lease);
    const questions = [...this.#questions.values()].filter(
      (question) => lease === undefined || question.lease === lease,
    );
    for (const route of routes) this.take(route.key);
    for (const question of questions) this.dropQuestion(question);
    return { routes, questions };
  }
}

function clientKey(lease: LeaseId, clientId: Buffer): string {
  return `${lease} ${clientId.toString('latin1')}`;
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
