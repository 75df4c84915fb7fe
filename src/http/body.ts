/**
 * Reads the body of a POST, counted while it comes. Ours and not Fastify's, which makes several objects and a copy for
 * each body, in order to support parsers that no route of ours has.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';

const EMPTY = Buffer.alloc(0);

/**
 * `done` is called once, synchronously where there is no body: with the bytes, which belong to whoever gets them, or with
 * BODY_TOO_LARGE as soon as that is certain, or BAD_HTTP when the client went away before the end.
 */
export function readBody(
  request: FastifyRequest,
  maxBytes: number,
  done: (error: GatewayError | undefined, body: Buffer) => void,
): void {
  const { raw, headers } = request;
  const announced = headers['content-length'];
  if (announced === undefined && headers['transfer-encoding'] === undefined) return done(undefined, EMPTY);
  if (announced !== undefined && Number(announced) > maxBytes)
    return done(new GatewayError('BODY_TOO_LARGE'), EMPTY);
  new BodyReader(raw, maxBytes, done).start();
}

class BodyReader {
  readonly #raw: IncomingMessage;
  readonly #maxBytes: number;
  readonly #done: (error: GatewayError | undefined, body: Buffer) => void;
  /** The first chunk; nearly every body is one. */
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #bytes = 0;

  constructor(
    raw: IncomingMessage,
    maxBytes: number,
    done: (error: GatewayError | undefined, body: Buffer) => void,
  ) {
    this.#raw = raw;
    this.#maxBytes = maxBytes;
    this.#done = done;
  }

  start(): void {
    this.#raw.on('data', this.#onData);
    this.#raw.on('end', this.#onEnd);
    this.#raw.on('error', this.#onError);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) return this.#finish(new GatewayError('BODY_TOO_LARGE'), EMPTY);
    if (this.#first === undefined) this.#first = chunk;
    else (this.#more ??= [this.#first]).push(chunk);
  };

  readonly #onEnd = (): void => {
    const body = this.#more === undefined ? this.#first : Buffer.concat(this.#more, this.#bytes);
    this.#finish(undefined, body ?? EMPTY);
  };

  readonly #onError = (cause: unknown): void => {
    this.#finish(new GatewayError('BAD_HTTP', undefined, { cause }), EMPTY);
  };

  #finish(error: GatewayError | undefined, body: Buffer): void {
    this.#raw.off('data', this.#onData);
    this.#raw.off('end', this.#onEnd);
    this.#raw.off('error', this.#onError);
    // What still comes is read and dropped; an error of a body that nobody reads must have a listener.
    if (error !== undefined) this.#raw.on('error', ignore).resume();
    this.#done(error, body);
  }
}

function ignore(): void {}
