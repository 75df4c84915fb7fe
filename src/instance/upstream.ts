/** All that a front may do with a server, and what it must be able to take. A lease is an upstream; so is a bridge. */
import type { ErrorCode, GatewayError } from '../errors.ts';
import type { InstanceExit } from '../events.ts';
import type { Era } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';
import type { Message } from '../protocol/message.ts';

/**
 * What became of a message handed to a client. `full`: taken, but hand over no more until the reader calls
 * `Upstream.resume()`. `gone`: nobody is there to take it.
 */
export type Delivery = 'sent' | 'full' | 'gone';

/** One client request, waiting for what belongs to it. Settled exactly once, by `settle` or by `fail`. */
export interface Exchange {
  /** A notification that belongs to this request. */
  notify(message: Message): Delivery;
  /** A question of the server that belongs to this request; `gone` when its client cannot be asked this way. */
  ask(question: Message): Delivery;
  /** The response, its id the client's own again. */
  settle(message: Message): Delivery;
  fail(error: GatewayError): void;
}

export interface Call {
  /** Tells the server; nothing is delivered afterwards and the exchange is not settled. */
  cancel(reason: string): void;
}

/** Messages of the server that name no call. Owned by the session, bounded. */
export interface Outbox {
  offer(message: Message): Delivery;
}

export interface ServerFacts {
  readonly protocolVersion: string;
  /** The answer in which the server described itself: to initialize, or to server/discover. */
  readonly frame: Frame;
}

export interface Upstream extends AsyncDisposable {
  /** Number of the process behind it, for the operator. */
  readonly instance: number;
  readonly era: Era;
  /** What the server said of itself; undefined until the handshake is through. */
  readonly facts: ServerFacts | undefined;
  /** Never throws: what goes wrong is told to the exchange. */
  call(request: Message, exchange: Exchange): Call;
  tell(notification: Message): void;
  /** Answers a question of the server; only this lease's own questions are known. */
  answer(response: Message): 'taken' | 'unknown';
  /** The reader that was `full` takes messages again. */
  resume(): void;
  /** Gives the upstream back; calls still open fail with `why`. Safe to call twice, never rejects. */
  end(why: ErrorCode): Promise<void>;
  /** Resolves when the server process has ended, or the lease was given back before. */
  readonly ended: Promise<InstanceExit>;
}
