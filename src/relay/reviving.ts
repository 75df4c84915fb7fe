/**
 * An upstream that outlives its process, for clients whose own state is kept outside of it: after the process has ended
 * the next request goes to another one. What was running when it ended has failed, and is not repeated.
 */
import { type ErrorCode, GatewayError, toGatewayError } from '../errors.ts';
import type { InstanceExit } from '../events.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Call, Exchange, ServerFacts } from '../instance/upstream.ts';
import type { Message } from '../protocol/message.ts';

export class Reviving implements Lease {
  readonly era: Lease['era'];
  /** No end of a process is the end of this. */
  readonly ended = new Promise<InstanceExit>(() => undefined);
  readonly #again: () => Promise<Lease>;
  #current: Lease | undefined;
  /** The last one there was. */
  #last: Lease;
  #reviving: Promise<Lease> | undefined;
  #endedWith: ErrorCode | undefined;
  /** Told when another process has taken over. */
  onRevived: (() => void) | undefined;

  /** Owns `first`, and what `again` resolves with. */
  constructor(first: Lease, again: () => Promise<Lease>) {
    this.era = first.era;
    this.#again = again;
    this.#last = first;
    this.#use(first);
  }

  get instance(): number {
    return this.#last.instance;
  }

  get facts(): ServerFacts | undefined {
    return this.#last.facts;
  }

  call(request: Message, exchange: Exchange): Call {
    const current = this.#current;
    return current === undefined ? this.#callRevived(request, exchange) : current.call(request, exchange);
  }

  tell(notification: Message): void {
    this.#current?.tell(notification);
  }

  answer(response: Message): 'taken' | 'unknown' {
    return this.#current?.answer(response) ?? 'unknown';
  }

  resume(): void {
    this.#current?.resume();
  }

  async end(why: ErrorCode): Promise<void> {
    this.#endedWith ??= why;
    await this.#current?.end(why);
    await this.#reviving?.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SESSION_UNKNOWN');
  }

  #use(lease: Lease): void {
    this.#current = lease;
    this.#last = lease;
    void lease.ended.then(() => {
      if (this.#current === lease) this.#current = undefined;
      void lease.end('SERVER_EXITED');
    });
  }

  #callRevived(request: Message, exchange: Exchange): Call {
    let running: Call | undefined;
    let isCancelled = false;
    this.#reviving ??= this.#revive();
    this.#reviving.then(
      (lease) => {
        if (!isCancelled) running = lease.call(request, exchange);
      },
      (cause: unknown) => {
        if (!isCancelled) exchange.fail(toGatewayError(cause));
      },
    );
    return {
      cancel: (reason) => {
        isCancelled = true;
        running?.cancel(reason);
      },
    };
  }

  async #revive(): Promise<Lease> {
    try {
      const lease = await this.#again();
      if (this.#endedWith !== undefined) {
        await lease.end(this.#endedWith);
        throw new GatewayError(this.#endedWith);
      }
      this.#use(lease);
      this.onRevived?.();
      return lease;
    } finally {
      this.#reviving = undefined;
    }
  }
}
