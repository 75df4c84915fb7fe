/** What one modern caller holds of a legacy process. */
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { InstanceExit } from '../events.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Call, Delivery, Exchange, ServerFacts, Upstream } from '../instance/upstream.ts';
import type { Message } from '../protocol/message.ts';

/** A lease that its upstream and the parked calls of it hold together; given back by the last of them. */
export class LeaseHold {
  readonly lease: Lease;
  #holders = 1;

  constructor(lease: Lease) {
    this.lease = lease;
  }

  take(): this {
    this.#holders += 1;
    return this;
  }

  async release(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders === 0) await this.lease.end('CALL_CANCELLED');
  }
}

export interface Calls {
  call(request: Message, exchange: Exchange, hold: LeaseHold, principal: string): Call;
  abandon(hold: LeaseHold, reason: string): void;
  dropped(why: string): void;
}

export class LegacyUpstream implements Upstream {
  readonly era = 'modern';
  readonly #group: Calls;
  readonly #hold: LeaseHold;
  readonly #principal: string;
  readonly #keeps: boolean;
  readonly #open = new Map<OpenExchange, Call>();
  #ended: Promise<void> | undefined;

  constructor(group: Calls, lease: Lease, principal: string, keeps: boolean) {
    this.#group = group;
    this.#hold = new LeaseHold(lease);
    this.#principal = principal;
    this.#keeps = keeps;
  }

  get instance(): number {
    return this.#hold.lease.instance;
  }

  get facts(): ServerFacts | undefined {
    return this.#hold.lease.facts;
  }

  get ended(): Promise<InstanceExit> {
    return this.#hold.lease.ended;
  }

  call(request: Message, exchange: Exchange): Call {
    const { frame } = request;
    if (frame.id === undefined || frame.method === undefined) throw new TypeError('not a request');
    if (this.#ended !== undefined) {
      exchange.fail(new GatewayError('SERVER_EXITED'));
      return { cancel: () => undefined };
    }
    const open = new OpenExchange(exchange, () => this.#open.delete(open));
    const call = this.#group.call(request, open, this.#hold, this.#principal);
    if (!open.isOver) this.#open.set(open, call);
    // Once the exchange is settled the call may go on without it, parked; it is no longer this one's to cancel.
    return { cancel: (reason) => this.#cancel(open, call, reason) };
  }

  /** A process that many share takes no notifications that name no call. */
  tell(): void {
    this.#group.dropped('a notification of a client without a session');
  }

  /** Answers to questions come with the retry of the call. */
  answer(): 'unknown' {
    return 'unknown';
  }

  /** A slow reader does not stop a process that others read from. */
  resume(): void {}

  end(why: ErrorCode): Promise<void> {
    this.#ended ??= this.#giveBack(why);
    return this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SESSION_UNKNOWN');
  }

  #giveBack(why: ErrorCode): Promise<void> {
    for (const [open, call] of this.#open) {
      this.#cancel(open, call, 'the client has gone');
      open.inner.fail(new GatewayError(why));
    }
    if (this.#keeps) this.#group.abandon(this.#hold, 'the session has ended');
    return this.#hold.release();
  }

  #cancel(open: OpenExchange, call: Call, reason: string): void {
    if (open.isOver) return;
    open.close();
    call.cancel(reason);
  }
}

/** An exchange that knows when it is over. */
class OpenExchange implements Exchange {
  readonly inner: Exchange;
  readonly #onOver: () => void;
  isOver = false;

  constructor(inner: Exchange, onOver: () => void) {
    this.inner = inner;
    this.#onOver = onOver;
  }

  close(): void {
    this.isOver = true;
    this.#onOver();
  }

  notify(message: Message): Delivery {
    return this.isOver ? 'gone' : this.inner.notify(message);
  }

  ask(): Delivery {
    return 'gone';
  }

  settle(message: Message): Delivery {
    if (this.isOver) return 'gone';
    this.close();
    return this.inner.settle(message);
  }

  fail(error: GatewayError): void {
    if (this.isOver) return;
    this.close();
    this.inner.fail(error);
  }
}
