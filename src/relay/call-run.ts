/** One request and the process that is there for it alone: whatever ends one ends the other. */
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Call, Delivery, Exchange } from '../instance/upstream.ts';
import type { Message } from '../protocol/message.ts';
import { withoutTask } from './task-edits.ts';
import { WrappedExchange } from './wrapped-upstream.ts';

export class CallRun extends WrappedExchange {
  readonly #onOver: () => void;
  #lease: Lease | undefined;
  #call: Call | undefined;
  #isOver = false;

  constructor(inner: Exchange, onOver: () => void) {
    super(inner);
    this.#onOver = onOver;
  }

  /** Takes the lease over. A task would need the process for longer than its request. */
  start(lease: Lease, { frame, edits }: Message): void {
    this.#lease = lease;
    if (this.#isOver) return void lease.end('CALL_CANCELLED');
    const plain = frame.method === 'tools/call' ? [...edits, ...withoutTask(frame)] : edits;
    this.#call = lease.call({ frame, edits: plain }, this);
  }

  override settle(message: Message): Delivery {
    const delivery = this.inner.settle(message);
    this.#finish('CALL_CANCELLED');
    return delivery;
  }

  override fail(error: GatewayError): void {
    if (this.#isOver) return;
    this.#finish(error.code);
    this.inner.fail(error);
  }

  cancel(reason: string): void {
    this.#call?.cancel(reason);
    this.#finish('CALL_CANCELLED');
  }

  /** The client cancels, in its own words. */
  abort(notification: Message): void {
    // The lease then fails this, unless the request has not been sent yet.
    this.#lease?.tell(notification);
    this.fail(new GatewayError('CALL_CANCELLED'));
  }

  #finish(why: ErrorCode): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver();
    void this.#lease?.end(why);
  }
}
