/**
 * A response as an event stream, on the raw socket: our own back-pressure, heartbeats, and an end for readers that
 * take nothing. Heartbeat 15 s (2026-07-28 streamable HTTP, note on keep-alive comments).
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Payload } from '../protocol/payload.ts';
import { SSE_HEARTBEAT } from '../protocol/sse-codec.ts';
import { BurstWriter } from '../util/burst-writer.ts';
import { markAnswer } from './answer.ts';
import { ChunkSink } from './chunk-sink.ts';
import { cutStalled } from './cut-stalled.ts';

export interface StreamTimes {
  readonly heartbeatMs: number;
  /** A reader that takes nothing at all for this long is cut; a slow one that takes something is not. */
  readonly writeDeadlineMs: number;
}

export const STREAM_TIMES: StreamTimes = { heartbeatMs: 15_000, writeDeadlineMs: 30_000 };

/** Bytes that may wait for a slow reader before its server is paused: 1 MiB, a burst of ordinary results. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** Bytes beyond which a reader is cut at once: a server that several clients share is not paused for one of them. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
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
  readonly #sink: ChunkSink;
  readonly #writer: BurstWriter;
  readonly #options: StreamOptions;
  readonly #heartbeat: NodeJS.Timeout;
  #open = true;

  /** Takes the reply over from Fastify; headers set on it so far are sent along. */
  constructor(reply: FastifyReply, headers: Record<string, string>, options: StreamOptions) {
    markAnswer(reply.request, reply);
    const own = {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-store, no-transform',
      'x-accel-buffering': 'no',
      ...headers,
    };
    reply.hijack();
    reply.request.server.answerCounts.add(200);
    this.#response = reply.raw;
    this.#options = options;
    // Of the request: a response to a pipelined one has no socket before its turn comes.
    const { socket } = reply.request.raw;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
    cutStalled(this.#response, options.times.writeDeadlineMs);
    this.#response.writeHead(200, own);
    this.#response.flushHeaders();
    this.#sink = new ChunkSink(this.#response);
    this.#writer = new BurstWriter(this.#sink);
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

  /**
   * Everything is taken while the stream is open; `full` asks for no more until `onDrain`. `isLone`: no other is
   * expected soon, nothing is waited for.
   */
  write(payload: Payload, isLone = false): 'sent' | 'full' | 'gone' {
    if (!this.#open) return 'gone';
    if (typeof payload === 'string') this.#writer.write(payload, isLone);
    else this.#writer.writePieces(payload);
    const waiting = this.#writer.waitingBytes;
    if (waiting > MAX_WAITING_BYTES) this.#response.destroy();
    return waiting > HIGH_WATER_BYTES ? 'full' : 'sent';
  }

  /** Ends the stream after what was written. */
  end(): void {
    if (this.#open) {
      this.#writer.flush();
      this.#sink.end();
    }
    this.#closed();
  }

  #beat(): void {
    if (this.#writer.waitingBytes === 0) this.#sink.write(SSE_HEARTBEAT);
  }

  #closed(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#heartbeat);
    this.#options.onClose();
  }
}
