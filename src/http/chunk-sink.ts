/**
 * The body of a response as chunks of our own (RFC 9112 section 7.1): Node writes a chunk in four parts, which the system
 * takes for about the price of two writes.
 */
import type { ServerResponse } from 'node:http';
import { payloadBytes } from '../protocol/payload.ts';
import type { Sink } from '../util/burst-writer.ts';
import { writeAtOnce } from './answer.ts';

const LINE_END = Buffer.from('\r\n');
const LAST_CHUNK = '0\r\n\r\n';

export class ChunkSink implements Sink {
  readonly #response: ServerResponse;
  /** Not where the client speaks HTTP/1.0: there the end of the connection is the end of the body. */
  readonly #isChunked: boolean;

  /** The head must have been sent. From here on nobody else writes to the response. */
  constructor(response: ServerResponse) {
    this.#response = response;
    this.#isChunked = response.chunkedEncoding;
    response.chunkedEncoding = false;
  }

  get writableLength(): number {
    return this.#response.writableLength;
  }

  /** Not empty: a chunk of no bytes is the end of the body. */
  write(text: string): void {
    writeAtOnce(this.#response, this.#isChunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text);
  }

  writePieces(pieces: readonly Buffer[]): void {
    const { socket } = this.#response;
    socket?.cork();
    if (this.#isChunked) this.#response.write(`${payloadBytes(pieces).toString(16)}\r\n`, 'latin1');
    for (const piece of pieces) this.#response.write(piece);
    if (this.#isChunked) this.#response.write(LINE_END);
    socket?.uncork();
  }

  /** Ends the body. */
  end(): void {
    if (this.#isChunked) this.#response.end(LAST_CHUNK, 'latin1');
    else this.#response.end();
  }
}
