/**
 * The answer to one POST, decided as late as can be: JSON when the response comes first, an event stream when a
 * notification or a question does, or when nothing came for a while and the client's headers time-out nears.
 */
import type { FastifyReply } from 'fastify';
import type { GatewayError } from '../../errors.ts';
import { sendAnswer } from '../../http/answer.ts';
import { type ClientWatch, type ClientWatcher, unwatchClient, watchClient } from '../../http/client-watch.ts';
import { mayRetry, retryAfterS } from '../../http/error-response.ts';
import type { Delivery } from '../../instance/upstream.ts';
import { type Payload, textPayload, toBuffers } from '../../protocol/payload.ts';
import { gatewayErrorText } from '../../protocol/rpc-text.ts';
import { Patience, type Wait } from '../../util/patience.ts';
import type { AnswerMode } from './answer-mode.ts';

/** Where an answer goes once it is a stream. */
export interface ReplyStream {
  readonly connected: boolean;
  open(reply: FastifyReply, headers: Readonly<Record<string, string>>, prime: boolean): void;
  send(data: Payload): Delivery;
  /** Nothing more will be sent. */
  finish(): void;
  /** Ends it without a trace. */
  forget(): void;
}

/** Whoever makes replies to POSTs; one for all of them, so that a call makes no functions. */
export interface PostHost {
  /** A reader that takes nothing at all for this long is cut, in milliseconds. */
  readonly writeDeadlineMs: number;
  openStream(post: PostReply): ReplyStream;
  /** Everything was answered, or can no longer be. */
  done(post: PostReply): void;
  /** The client went away before it got any byte of the answer; told only when `watched`. */
  lost(post: PostReply): void;
}

export interface PostReplyOptions {
  readonly mode: AnswerMode;
  /** Requests in the body; the answer ends with the last response. */
  readonly expected: number;
  /** A batch that is answered as JSON is answered with an array. */
  readonly batch: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the first event only carries an id. */
  readonly prime: boolean;
  /** Whether the host is told when the client goes away early. */
  readonly watched: boolean;
}

/** Silence after which the head is sent, in milliseconds: some clients wait no longer for it. */
const PATIENCE_MS = 2000;
const NO_HEADERS = {};
const OPEN_BRACKET = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE_BRACKET = Buffer.from(']');

export class PostReply implements ClientWatcher {
  static readonly #patience = new Patience<PostReply>(PATIENCE_MS, (post) => post.#losePatience());
  readonly #reply: FastifyReply;
  readonly #host: PostHost;
  readonly #options: PostReplyOptions;
  #wait: Wait<PostReply> | undefined;
  /** Of a batch, while nothing of it was sent. */
  #answers: Payload[] | undefined;
  #headers: Readonly<Record<string, string>>;
  #stream: ReplyStream | undefined;
  #state: 'waiting' | 'streaming' | 'lost' | 'done' = 'waiting';
  #left: number;
  #watch: ClientWatch | undefined;

  constructor(reply: FastifyReply, host: PostHost, options: PostReplyOptions) {
    this.#reply = reply;
    this.#host = host;
    this.#options = options;
    this.#left = options.expected;
    this.#headers = options.headers;
    if (options.watched) this.#watch = watchClient(reply, this);
    if (options.mode === 'sse') this.#stream = this.#toStream();
    else if (options.mode === 'either') this.#wait = PostReply.#patience.add(this);
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
    if (this.#state === 'waiting') return !this.#reply.raw.destroyed;
    return this.#state === 'streaming' && this.#stream?.connected === true;
  }

  /** A message that belongs to this request. A client that takes only JSON does not get it. */
  send(data: Payload): Delivery {
    return this.carries ? (this.#stream ?? this.#toStream()).send(data) : 'sent';
  }

  /** A response. `status` counts only while the head is not sent. */
  settle(data: Payload, status = 200): Delivery {
    this.#left -= 1;
    if (this.#state === 'waiting') return this.#settleWaiting(data, status);
    const delivery =
      this.#state === 'streaming' && this.#stream !== undefined ? this.#stream.send(data) : 'sent';
    if (this.#left > 0) return delivery;
    this.#finish();
    // A stream that has ended tells nobody when it drains: asking for a pause now would be for ever.
    return 'sent';
  }

  /** An answer of the gateway. `status` counts only while the head is not sent. */
  fail(id: Buffer, error: GatewayError, status: number): void {
    if (status === error.row.status && mayRetry(error)) this.retryLater(error);
    this.settle(textPayload(gatewayErrorText(id, error)), status);
  }

  /** The head of a refusal says when to come again. */
  retryLater(error: GatewayError): void {
    this.#headers = { ...this.#headers, 'retry-after': String(retryAfterS(error)) };
  }

  /** Leaves out the headers of the first answer, which would promise what failed. */
  withhold(): void {
    this.#headers = NO_HEADERS;
  }

  /** A request that was cancelled ends without an answer (2025-11-25 cancellation). */
  abandon(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    if (this.#state === 'waiting')
      return this.#answers === undefined ? this.#sendNothing() : this.#sendJson(arrayOf(this.#answers), 200);
    // Nothing is missing that a client could come back for, but answers of a batch.
    if (!this.#options.batch) this.#stream?.forget();
    this.#finish();
  }

  /** Disconnecting is not cancelling: the call runs on, but an answer without a stream cannot be fetched again. */
  clientGone(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'lost';
    this.#stopWaiting();
    this.#host.lost(this);
  }

  #settleWaiting(data: Payload, status: number): Delivery {
    if (!this.#options.batch) {
      this.#sendJson(data, status);
      return 'sent';
    }
    (this.#answers ??= []).push(data);
    if (this.#left === 0) this.#sendJson(arrayOf(this.#answers), 200);
    return 'sent';
  }

  /** No event either: one with an id would make clients resume for a response. */
  #sendNothing(): void {
    if (this.#options.mode === 'json') this.#reply.code(202).send();
    else this.#toStream(false).forget();
    this.#finish();
  }

  #sendJson(payload: Payload, status: number): void {
    this.#state = 'done';
    this.#release();
    sendAnswer(this.#reply, {
      status,
      type: 'application/json',
      payload,
      headers: this.#headers,
      writeDeadlineMs: this.#host.writeDeadlineMs,
    });
    this.#host.done(this);
  }

  #losePatience(): void {
    // The call of a client that has gone runs on, but its answer cannot be fetched.
    if (this.#reply.raw.destroyed) this.#state = 'lost';
    else this.#toStream();
  }

  #toStream(prime = this.#options.prime): ReplyStream {
    this.#stopWaiting();
    this.#state = 'streaming';
    const stream = this.#host.openStream(this);
    this.#stream = stream;
    stream.open(this.#reply, this.#headers, prime);
    for (const answer of this.#answers ?? []) stream.send(answer);
    return stream;
  }

  #finish(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    this.#release();
    this.#stream?.finish();
    this.#host.done(this);
  }

  #release(): void {
    this.#stopWaiting();
    if (this.#watch !== undefined) unwatchClient(this.#watch);
  }

  #stopWaiting(): void {
    if (this.#wait !== undefined) PostReply.#patience.remove(this.#wait);
  }
}

function arrayOf(answers: readonly Payload[]): Payload {
  const pieces: Buffer[] = [];
  for (const answer of answers) pieces.push(pieces.length === 0 ? OPEN_BRACKET : COMMA, ...toBuffers(answer));
  return [...pieces, CLOSE_BRACKET];
}
