/**
 * Log messages of a legacy server for modern clients, who want them request by request. The server knows one level
 * for all and its messages name no request, so they are delivered only where there can be no doubt.
 */
import { ask } from '../instance/ask.ts';
import type { Upstream } from '../instance/upstream.ts';
import { findMember } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import type { Clock } from '../util/clock.ts';
import { deferred } from '../util/deferred.ts';

/** From the least severe on (RFC 5424, as in 2025-11-25 logging). */
export const LOG_LEVELS: readonly string[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];
/** How long a call waits for the server to take a level, in milliseconds. */
const MAX_CHANGE_MS = 5000;

export interface LogReader {
  /** The least severe level it wants; undefined for none. */
  readonly logLevel: string | undefined;
  log(message: Message): void;
}

export class LegacyLogs {
  readonly #server: Upstream;
  readonly #clock: Clock;
  /** What the server was last told. */
  #level: string | undefined;
  #changing: Promise<void> | undefined;

  readonly #isPrivate: boolean;

  /** `isPrivate`: the process works for one principal. Where it does not, nothing it logs can be told to anybody. */
  constructor(server: Upstream, clock: Clock, isPrivate: boolean) {
    this.#server = server;
    this.#clock = clock;
    this.#isPrivate = isPrivate;
  }

  /** Has the server log what a new call and those that run want; undefined when it does already. Never rejects. */
  prepare(wanted: string | undefined, running: Iterable<LogReader>): Promise<void> | undefined {
    if (!this.#isPrivate || wanted === undefined || !LOG_LEVELS.includes(wanted) || !this.#canLog())
      return undefined;
    const levels = [wanted, ...[...running].map(({ logLevel }) => logLevel)].map((level) =>
      LOG_LEVELS.indexOf(level ?? ''),
    );
    const lowest = LOG_LEVELS[Math.min(...levels.filter((level) => level >= 0))];
    if (lowest === undefined || lowest === this.#level) return this.#changing;
    this.#level = lowest;
    // One after the other: a server that runs requests in parallel could otherwise end up with the earlier one.
    const change = this.#change(lowest, this.#changing);
    this.#changing = change;
    return change;
  }

  /** `alone`: one single request is in flight on the whole process. */
  deliver(message: Message, running: Iterable<LogReader>, alone: boolean): 'delivered' | 'dropped' {
    const { bytes, body } = message.frame;
    const span = body && findMember(bytes, body, 'level');
    const level = LOG_LEVELS.indexOf((span && stringAt(bytes, span)) ?? '');
    const [reader, second] = running;
    if (!this.#isPrivate || !alone || reader === undefined || second !== undefined) return 'dropped';
    const wanted = LOG_LEVELS.indexOf(reader.logLevel ?? '');
    if (wanted < 0 || level < wanted) return 'dropped';
    reader.log(message);
    return 'delivered';
  }

  #canLog(): boolean {
    const facts = this.#server.facts?.frame;
    const capabilities = facts?.body && findMember(facts.bytes, facts.body, 'capabilities');
    return (
      facts !== undefined &&
      capabilities !== undefined &&
      findMember(facts.bytes, capabilities, 'logging') !== undefined
    );
  }

  async #change(level: string, previous: Promise<void> | undefined): Promise<void> {
    await previous;
    await within(ask(this.#server, 'logging/setLevel', { level }), MAX_CHANGE_MS, this.#clock);
    if (this.#level === level) this.#changing = undefined;
  }
}

/** Resolves when the promise is settled, however, or when the time is up. */
export async function within(promise: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
  const time = deferred<void>();
  const timer = clock.setTimer(ms, () => time.resolve());
  await Promise.race([promise.catch(() => undefined), time.promise]);
  timer.cancel();
}
