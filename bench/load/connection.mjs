/**
 * One keep-alive HTTP/1.1 connection, one request at a time. Hand-written because the load must cost less than what is
 * measured: a request is one string and one write, and of an answer only its first bytes are kept.
 */
import { connect } from 'node:net';

/** What is kept of a body: enough for the checks of an answer and for small documents. */
export const MAX_KEPT_BYTES = 4096;
const HEAD_END = '\r\n\r\n';

export class Connection {
  #socket;
  #state = 'head';
  #carry;
  #leftBytes = 0;
  #answer;
  #settle = () => undefined;
  #onBody;
  #onError = () => undefined;

  /** Rejects when nobody listens. */
  static open(port) {
    return new Promise((resolve, reject) => {
      const connection = new Connection();
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      connection.#socket = socket;
      connection.#onError = reject;
      socket.on('error', (cause) => connection.#onError(cause));
      socket.on('close', () => connection.#onError(new Error('the connection was closed')));
      socket.on('data', (chunk) => connection.#read(chunk));
      socket.once('connect', () => resolve(connection));
    });
  }

  /** Calls `settle` once with `{ status, head, start }` when the answer is there whole. Text must be latin1. */
  send(text, settle, onError) {
    this.#settle = settle;
    this.#onError = onError;
    this.#socket.write(text, 'latin1');
  }

  /** Like `send`, for a body without end: `onBody(chunk, start, end)` has each part of it. Resolves with the head. */
  stream(text, onBody, onError) {
    return new Promise((resolve, reject) => {
      this.#onBody = (...part) => onBody(...part);
      this.#onError = (cause) => {
        reject(cause);
        onError(cause);
      };
      this.#settle = () => this.#onError(new Error('the stream ended'));
      this.onHead = resolve;
      this.#socket.write(text, 'latin1');
    });
  }

  /** @returns {Promise<{status: number, head: string, start: string}>} */
  request(text) {
    return new Promise((resolve, reject) => this.send(text, resolve, reject));
  }

  close() {
    this.#onError = () => undefined;
    this.#socket.destroy();
  }

  #read(part) {
    const chunk = this.#carry === undefined ? part : Buffer.concat([this.#carry, part]);
    this.#carry = undefined;
    let at = 0;
    while (at < chunk.length) {
      const next = this.#step(chunk, at);
      if (next < 0) {
        this.#carry = chunk.subarray(at);
        return;
      }
      at = next;
    }
  }

  /** @returns where to go on, or -1 when more is needed. */
  #step(chunk, at) {
    if (this.#state === 'head') return this.#head(chunk, at);
    if (this.#state === 'size') return this.#size(chunk, at);
    if (this.#state === 'length') return this.#body(chunk, at, 0);
    if (this.#state === 'chunk') return this.#body(chunk, at, 2);
    // The empty line after the last chunk.
    if (chunk.length - at < 2) return -1;
    this.#finish();
    return at + 2;
  }

  #head(chunk, at) {
    const end = chunk.indexOf(HEAD_END, at);
    if (end < 0) return -1;
    const head = chunk.latin1Slice(at, end);
    this.#answer = { status: Number(head.slice(9, 12)), head, start: '' };
    this.onHead?.(this.#answer);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (length !== null) this.#leftBytes = Number(length[1]);
    if (length === null && /\r\ntransfer-encoding: *chunked/i.test(head)) this.#state = 'size';
    else if (length === null || this.#leftBytes === 0) this.#finish();
    else this.#state = 'length';
    return end + HEAD_END.length;
  }

  #size(chunk, at) {
    const end = chunk.indexOf('\r\n', at);
    if (end < 0) return -1;
    const bytes = Number.parseInt(chunk.latin1Slice(at, end), 16);
    this.#state = bytes === 0 ? 'last' : 'chunk';
    // With the line break that ends the chunk.
    this.#leftBytes = bytes + 2;
    return end + 2;
  }

  /** The last `frame` bytes of what is left are no content. */
  #body(chunk, at, frame) {
    const taken = Math.min(this.#leftBytes, chunk.length - at);
    const content = Math.min(taken, this.#leftBytes - frame);
    if (content > 0) this.#content(chunk, at, at + content);
    this.#leftBytes -= taken;
    if (this.#leftBytes === 0) {
      if (frame === 0) this.#finish();
      else this.#state = 'size';
    }
    return at + taken;
  }

  #content(chunk, start, end) {
    if (this.#onBody !== undefined) return this.#onBody(chunk, start, end);
    const room = MAX_KEPT_BYTES - this.#answer.start.length;
    if (room > 0) this.#answer.start += chunk.latin1Slice(start, Math.min(end, start + room));
  }

  #finish() {
    this.#state = 'head';
    const settle = this.#settle;
    settle(this.#answer);
  }
}
