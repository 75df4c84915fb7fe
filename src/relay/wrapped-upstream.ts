/** What a wrapper around an upstream does not change; each overrides what it is there for. */
import type { ErrorCode, GatewayError } from '../errors.ts';
import type { InstanceExit } from '../events.ts';
import type { Call, Delivery, Exchange, ServerFacts, Upstream } from '../instance/upstream.ts';
import type { Era } from '../protocol/era.ts';
import type { Message } from '../protocol/message.ts';

/** Owns `inner`: both end together. */
export class WrappedUpstream implements Upstream {
  protected readonly inner: Upstream;

  constructor(inner: Upstream) {
    this.inner = inner;
  }

  get instance(): number {
    return this.inner.instance;
  }

  get era(): Era {
    return this.inner.era;
  }

  get facts(): ServerFacts | undefined {
    return this.inner.facts;
  }

  get ended(): Promise<InstanceExit> {
    return this.inner.ended;
  }

  call(request: Message, exchange: Exchange): Call {
    return this.inner.call(request, exchange);
  }

  tell(notification: Message): void {
    this.inner.tell(notification);
  }

  answer(response: Message): 'taken' | 'unknown' {
    return this.inner.answer(response);
  }

  resume(): void {
    this.inner.resume();
  }

  end(why: ErrorCode): Promise<void> {
    return this.inner.end(why);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.end('SESSION_UNKNOWN');
  }
}

export class WrappedExchange implements Exchange {
  protected readonly inner: Exchange;

  constructor(inner: Exchange) {
    this.inner = inner;
  }

  notify(message: Message): Delivery {
    return this.inner.notify(message);
  }

  ask(question: Message): Delivery {
    return this.inner.ask(question);
  }

  settle(message: Message): Delivery {
    return this.inner.settle(message);
  }

  fail(error: GatewayError): void {
    this.inner.fail(error);
  }
}
