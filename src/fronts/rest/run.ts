/** One request of a REST caller while it runs: takes a place, starts, checks, asks the server, and leaves the place. */
import { GatewayError, toGatewayError } from '../../errors.ts';
import type { Problem } from '../../http/error-response.ts';
import type { Delivery, Upstream } from '../../instance/upstream.ts';
import type { Message } from '../../protocol/message.ts';
import type { CapabilityClass } from '../../relay/capability-class.ts';
import { type Carried, carry } from './carry.ts';
import { type Aim, type Outcome, toOutcome } from './outcome.ts';
import type { Place } from './places.ts';
import { type Members, toRequest } from './rest-request.ts';

export interface RunOptions {
  readonly place: Place;
  readonly method: string;
  readonly params: Members;
  readonly aim: Aim;
  readonly capabilities: CapabilityClass | undefined;
  /** The call is given up after this long; undefined leaves it to the server's own bounds. */
  readonly timeoutMs: number | undefined;
  /** Hears what the server says of the call. */
  readonly listener: RunListener | undefined;
  /** Looks at what would be sent, and says why it is not. */
  readonly check: ((upstream: Upstream) => Promise<Problem | undefined>) | undefined;
}

export interface RunListener {
  /** The server is there and gets the call now. */
  started(): void;
  heard(message: Message): Delivery;
}

export class Run {
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
  readonly #options: RunOptions;
  #upstream: Upstream | undefined;
  #carried: Carried | undefined;
  #stopped: GatewayError | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    this.outcome = this.#run();
  }

  /** Safe to call at any time. */
  stop(error: GatewayError): void {
    this.#stopped ??= error;
    this.#carried?.stop(error);
  }

  /** The listener takes messages again. */
  resume(): void {
    this.#upstream?.resume();
  }

  async #run(): Promise<Outcome> {
    const { place, timeoutMs } = this.#options;
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => this.stop(new GatewayError('CALL_TIMEOUT')), timeoutMs);
    try {
      const outcome = await this.#ask();
      if (outcome.kind === 'question' && this.#options.capabilities === undefined)
        throw new GatewayError('QUESTION_UNSUPPORTED');
      return outcome;
    } catch (cause) {
      return { kind: 'failed', error: toGatewayError(cause) };
    } finally {
      clearTimeout(timer);
      place.leave();
    }
  }

  async #ask(): Promise<Outcome> {
    const { place, method, params, aim, capabilities, listener, check } = this.#options;
    const upstream = await place.open();
    this.#upstream = upstream;
    this.#assertWanted();
    const problem = await check?.(upstream);
    if (problem !== undefined) return { kind: 'problem', problem };
    this.#assertWanted();
    const terms = { era: upstream.era, capabilities, listens: listener !== undefined };
    const request = toRequest(method, params, terms);
    if (listener === undefined) {
      this.#carried = carry(upstream, request);
      return toOutcome(await this.#carried.answer, upstream, aim);
    }
    const silence = place.listen((message) => listener.heard(message));
    try {
      listener.started();
      this.#carried = carry(upstream, request, (message) => listener.heard(message));
      return await toOutcome(await this.#carried.answer, upstream, aim);
    } finally {
      silence();
    }
  }

  #assertWanted(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }
}
