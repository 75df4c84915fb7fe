/**
 * The answer to one POST, decided as late as can be: JSON when the response comes first, an event stream when a
 * notification or a question does, or when nothing came for a while and the client's headers time-out nears.
 */
import type { FastifyReply } from 'fastify';
import type { GatewayError } from '../../errors.ts';
import { cutStalled } from '../../http/sse-stream.ts';
import type { Delivery } from '../../instance/upstream.ts';
import { gatewayErrorText } from '../../protocol/rpc-text.ts';
import { Patience } from '../../util/patience.ts';
import type { AnswerMode } from './answer-mode.ts';

/** Where an answer goes once it is a stream. */
export interface ReplyStream {
  readonly connected: boolean;
  open(reply: FastifyReply, headers: Record<string, string>, prime: boolean): void;
  send(data: readonly Buffer[]): Delivery;
  /** Nothing more will be sent. */
  finish(): void;
  /** Ends it without a trace. */
  forget(): void;
}

export interface PostReplyOptions {
  readonly mode: AnswerMode;
  /** Requests in the body; the answer ends with the last response. */
  readonly expected: number;
  /** A batch that is answered as JSON is answered with an array. */
  readonly batch: boolean;
  readonly headers: Record<string, string>;
  /** Whether the first event only carries an id. */
  readonly prime: boolean;
  readonly openStream: () => ReplyStream;
  /** A reader that takes nothing at all for this long is cut, in milliseconds. */
  readonly writeDeadlineMs: number;
  /** Everything was answered, or can no longer be. */
  readonly onDone: () => void;
  /** The client went away before it got any byte of the answer. */
  readonly onLost: () => void;
}

/** Silence after which the head is sent, in milliseconds: some clients wait no longer for it. */
const PATIENCE_MS = 2000;
const OPEN_BRACKET = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE_BRACKET = Buffer.from(']');

export class PostReply {
  static readonly #patience = new Patience<PostReply>(PATIENCE_MS, (post) => void post.#toStream());
  readonly #reply: FastifyReply;
  readonly #options: PostReplyOptions;
  readonly #answers: (readonly Buffer[])[] = [];
  #headers: Record<string, string>;
  #stream: ReplyStream | undefined;
  #state: 'waiting' | 'streaming' | 'lost' | 'done' = 'waiting';
  #left: number;

  constructor(reply: FastifyReply, options: PostReplyOptions) {
    this.#reply = reply;
    this.#options = options;
    this.#left = options.expected;
    this.#headers = options.headers;
    reply.raw.once('close', this.#closed);
    if (options.mode === 'sse') this.#stream = this.#toStream();
    else if (options.mode === 'either') PostReply.#patience.add(this);
  }

  /** Whether a notification or a question can still go this way. */
  get carries(): boolean {
    return this.#state === 'streaming' || (this.#state === 'waiting' && this.#options.mode !== 'json');
  }

  /** Whether its client can be told nothing but the response. */
  get mute(): boolean {
    return this.#options.mode === 'json';
  }

  /** Whether somebody is listening right now. */
  get connected(): boolean {
    return this.#state === 'waiting' || (this.#state === 'streaming' && this.#stream?.connected === true);
  }

  /** A message that belongs to this request. A client that takes only JSON does not get it. */
  send(data: readonly Buffer[]): Delivery {
    return this.carries ? (this.#stream ?? this.#toStream()).send(data) : 'sent';
  }

  /** A response. `status` counts only while the head is not sent. */
  settle(data: readonly Buffer[], status = 200): Delivery {
    this.#left -= 1;
    if (this.#state === 'waiting' && !this.#options.batch) this.#reply.code(status);
    if (this.#state === 'waiting') return this.#settleWaiting(data);
    const delivery =
      this.#state === 'streaming' && this.#stream !== undefined ? this.#stream.send(data) : 'sent';
    if (this.#left > 0) return delivery;
    this.#finish();
    // A stream that has ended tells nobody when it drains: asking for a pause now would be for ever.
    return 'sent';
  }

  /** An answer of the gateway. `status` counts only while the head is not sent. */
  fail(id: Buffer, error: GatewayError, status: number): void {
    this.settle([Buffer.from(gatewayErrorText(id, error))], status);
  }

  /** Leaves out the headers of the first answer, which would promise what failed. */
  withhold(): void {
    this.#headers = {};
  }

  /** A request that was cancelled ends without an answer (2025-11-25 cancellation). */
  abandon(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    if (this.#state === 'waiting') return this.#answers.length > 0 ? this.#sendJson() : this.#sendNothing();
    // Nothing is missing that a client could come back for, but answers of a batch.
    if (!this.#options.batch) this.#stream?.forget();
    this.#finish();
  }

  #settleWaiting(data: readonly Buffer[]): Delivery {
    this.#answers.push(data);
    if (this.#left === 0) this.#sendJson();
    return 'sent';
  }

  /** No event either: one with an id would make clients resume for a response. */
  #sendNothing(): void {
    if (this.#options.mode === 'json') this.#reply.code(202).send();
    else this.#toStream(false).forget();
    this.#finish();
  }

  #sendJson(): void {
    this.#state = 'done';
    this.#release();
    cutStalled(this.#reply.raw, this.#options.writeDeadlineMs);
    const pieces = this.#options.batch ? arrayOf(this.#answers) : (this.#answers[0] ?? []);
    this.#reply.headers(this.#headers).type('application/json').send(Buffer.concat(pieces));
    this.#options.onDone();
  }

  #toStream(prime = this.#options.prime): ReplyStream {
    PostReply.#patience.remove(this);
    this.#state = 'streaming';
    const stream = this.#options.openStream();
    this.#stream = stream;
    stream.open(this.#reply, this.#headers, prime);
    for (const answer of this.#answers) stream.send(answer);
    return stream;
  }

  #finish(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    this.#release();
    this.#stream?.finish();
    this.#options.onDone();
  }

  /** Disconnecting is not cancelling: the call runs on, but an answer without a stream cannot be fetched again. */
  readonly #closed = (): void => {
    if (this.#state !== 'waiting') return;
    this.#state = 'lost';
    PostReply.#patience.remove(this);
    this.#options.onLost();
  };

  #release(): void {
    PostReply.#patience.remove(this);
    this.#reply.raw.off('close', this.#closed);
  }
}

function arrayOf(answers: readonly (readonly Buffer[])[]): Buffer[] {
  return [
    OPEN_BRACKET,
    ...answers.flatMap((answer, index) => (index === 0 ? answer : [COMMA, ...answer])),
    CLOSE_BRACKET,
  ];
}
