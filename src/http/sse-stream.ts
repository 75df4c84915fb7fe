/**
 * A response as an event stream, on the raw socket: our own back-pressure, heartbeats, and an end for readers that
 * take nothing. Heartbeat 15 s (2026-07-28 streamable HTTP, note on keep-alive comments).
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { SSE_HEARTBEAT } from '../protocol/sse-codec.ts';

export interface StreamTimes {
  readonly heartbeatMs: number;
  /** A reader that takes nothing at all for this long is cut; a slow one that takes something is not. */
  readonly writeDeadlineMs: number;
}

export const STREAM_TIMES: StreamTimes = { heartbeatMs: 15_000, writeDeadlineMs: 30_000 };

/** Bytes that may wait for a slow reader before its server is paused: 1 MiB, a burst of ordinary results. */
/** Bytes beyond which a reader is cut at once: a server that several clients share is not paused for one of them. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
const HIGH_WATER_BYTES = 1024 * 1024;
/** Up to here copying an event is cheaper than framing its pieces. */
const JOINED_BYTES = 32 * 1024;
const TCP_KEEPALIVE_MS = 60_000;

export interface StreamOptions {
  readonly times: StreamTimes;
  /** The reader caught up after a write said `full`. */
  readonly onDrain: () => void;
  /** Told once, whoever closed. */
  readonly onClose: () => void;
}

export class SseStream {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  readonly #heartbeat: NodeJS.Timeout;
  #open = true;

  /** Takes the reply over from Fastify; headers set on it so far are sent along. */
  constructor(reply: FastifyReply, headers: Record<string, string>, options: StreamOptions) {
    const own = {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-store, no-transform',
      'x-accel-buffering': 'no',
      ...headers,
    };
    reply.hijack();
    this.#response = reply.raw;
    this.#options = options;
    // Of the request: a response to a pipelined one has no socket before its turn comes.
    const { socket } = reply.request.raw;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
    cutStalled(this.#response, options.times.writeDeadlineMs);
    this.#response.writeHead(200, own);
    this.#response.flushHeaders();
    this.#response.on('drain', options.onDrain);
    this.#response.on('error', () => this.#closed());
    this.#response.on('close', () => this.#closed());
    this.#heartbeat = setInterval(() => this.#beat(), options.times.heartbeatMs);
    // The client may have gone before there was anybody to hear it.
    if (this.#response.destroyed || socket.destroyed) this.#closed();
  }

  get open(): boolean {
    return this.#open;
  }

  /** Everything is taken while the stream is open; `full` asks for no more until `onDrain`. */
  write(pieces: readonly Buffer[]): 'sent' | 'full' | 'gone' {
    if (!this.#open) return 'gone';
    // Every write is a chunk of its own on the wire: small pieces are joined, large ones are not copied.
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const chunks = bytes <= JOINED_BYTES ? [Buffer.concat(pieces, bytes)] : pieces;
    this.#response.cork();
    for (let index = 0; index < chunks.length - 1; index += 1) this.#response.write(chunks[index]);
    this.#response.write(chunks.at(-1) ?? '');
    this.#response.uncork();
    const waiting = this.#response.writableLength;
    if (waiting > MAX_WAITING_BYTES) this.#response.destroy();
    return waiting > HIGH_WATER_BYTES ? 'full' : 'sent';
  }

  /** Ends the stream after what was written. */
  end(): void {
    if (this.#open) this.#response.end();
    this.#closed();
  }

  #beat(): void {
    if (this.#response.writableLength === 0) this.#response.write(SSE_HEARTBEAT);
  }

  #closed(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#heartbeat);
    this.#options.onClose();
  }
}

/**
 * Destroys a response whose reader takes nothing for that long, after `end()` too. The socket's own clock runs: it
 * starts anew with each byte that the kernel takes, where the callback of a write waits for the whole of it.
 */
export function cutStalled(response: ServerResponse, writeDeadlineMs: number): void {
  response.setTimeout(writeDeadlineMs, () => {
    if (response.writableLength > 0) response.destroy();
  });
}
