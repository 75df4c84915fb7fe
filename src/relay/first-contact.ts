/**
 * The first handshake with a server of which it is not known whether it takes one. The client's initialize goes out
 * at once, as if there were nothing to find out; only when it fails is the server asked whether it is modern.
 */
import type { ErrorCode, GatewayError } from '../errors.ts';
import type { InstanceExit } from '../events.ts';
import { NOT_SPAWNED } from '../instance/instance.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Call, Delivery, Exchange, ServerFacts } from '../instance/upstream.ts';
import type { Message } from '../protocol/message.ts';
import { deferred } from '../util/deferred.ts';

export interface FirstContactOptions {
  readonly legacy: Lease;
  /** The handshake was answered: the server is legacy. */
  readonly onLegacy: () => void;
  /** Resolves with a bridge when the server is modern after all; undefined when it is not. */
  readonly tryModern: () => Promise<Lease | undefined>;
}

/** A lease that may change what is behind it once, while initialize is under way. */
export class FirstContact implements Lease {
  readonly era = 'legacy';
  readonly #options: FirstContactOptions;
  readonly #ended = deferred<InstanceExit>();
  #current: Lease;
  #switching = false;
  #decided = false;
  #endedWith: ErrorCode | undefined;

  constructor(options: FirstContactOptions) {
    this.#options = options;
    this.#current = options.legacy;
    // While it is being tried, the end of the first process is not the end of this lease.
    void options.legacy.ended.then((exit) => {
      if (!this.#switching && this.#current === options.legacy) this.#ended.resolve(exit);
    });
  }

  get instance(): number {
    return this.#current.instance;
  }

  get facts(): ServerFacts | undefined {
    return this.#current.facts;
  }

  get ended(): Promise<InstanceExit> {
    return this.#ended.promise;
  }

  call(request: Message, exchange: Exchange): Call {
    if (this.#decided || request.frame.method !== 'initialize') return this.#current.call(request, exchange);
    this.#decided = true;
    this.#switching = true;
    return this.#options.legacy.call(
      request,
      new Trial(this.#options.onLegacy, exchange, {
        kept: () => {
          this.#switching = false;
        },
        failed: (report) => void this.#try(request, exchange, report),
      }),
    );
  }

  tell(notification: Message): void {
    this.#current.tell(notification);
  }

  answer(response: Message): 'taken' | 'unknown' {
    return this.#current.answer(response);
  }

  resume(): void {
    this.#current.resume();
  }

  async end(why: ErrorCode): Promise<void> {
    this.#endedWith = why;
    await this.#current.end(why);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SESSION_UNKNOWN');
  }

  /** `report` tells the client how the handshake failed. */
  async #try(request: Message, exchange: Exchange, report: () => void): Promise<void> {
    const modern = await this.#options.tryModern().catch(() => undefined);
    this.#switching = false;
    if (modern === undefined || this.#endedWith !== undefined) {
      await modern?.end(this.#endedWith ?? 'SESSION_UNKNOWN');
      report();
      void this.#options.legacy.ended.then((exit) => this.#ended.resolve(exit));
      return;
    }
    this.#current = modern;
    void modern.ended.then((exit) => this.#ended.resolve(exit));
    void this.#options.legacy.end('SESSION_UNKNOWN');
    modern.call(request, exchange);
  }
}

interface TrialOutcome {
  readonly kept: () => void;
  readonly failed: (report: () => void) => void;
}

class Trial implements Exchange {
  readonly #onLegacy: () => void;
  readonly #inner: Exchange;
  readonly #outcome: TrialOutcome;

  constructor(onLegacy: () => void, inner: Exchange, outcome: TrialOutcome) {
    this.#onLegacy = onLegacy;
    this.#inner = inner;
    this.#outcome = outcome;
  }

  notify(message: Message): Delivery {
    return this.#inner.notify(message);
  }

  ask(question: Message): Delivery {
    return this.#inner.ask(question);
  }

  settle(message: Message): Delivery {
    if (message.frame.kind === 'error') {
      this.#outcome.failed(() => this.#inner.settle(message));
      return 'sent';
    }
    this.#onLegacy();
    this.#outcome.kept();
    return this.#inner.settle(message);
  }

  fail(error: GatewayError): void {
    if (error.cause !== NOT_SPAWNED) return this.#outcome.failed(() => this.#inner.fail(error));
    this.#outcome.kept();
    this.#inner.fail(error);
  }
}
