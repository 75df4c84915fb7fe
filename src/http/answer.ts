/** Answers that are written straight to the response: a call passes none of Fastify's hooks on its way out. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Payload, payloadBytes } from '../protocol/payload.ts';
import type { AnswerCounts } from './answer-counts.ts';
import { cutStalled } from './cut-stalled.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly answerCounts: AnswerCounts;
  }
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly payload: Payload;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A reader that takes nothing at all for this long is cut, in milliseconds. */
  readonly writeDeadlineMs: number;
}

/** Headers of every answer; one that may be kept says so itself. */
export function markAnswer(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id);
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  reply.header('x-content-type-options', 'nosniff');
}

/** Takes the reply over. One write for a small payload, one system call for a large one. */
export function sendAnswer(
  reply: FastifyReply,
  { status, type, payload, headers, writeDeadlineMs }: Answer,
): void {
  const { raw, request } = reply;
  const all = [
    'x-request-id',
    request.id,
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    'content-type',
    type,
    'content-length',
    String(payloadBytes(payload)),
  ];
  // Only a web page's request has been given further ones.
  if (request.headers.origin !== undefined) addAll(all, reply.getHeaders() as Record<string, string>);
  if (headers !== undefined) addAll(all, headers);
  reply.hijack();
  request.server.answerCounts.add(status);
  if (raw.destroyed) return;
  raw.writeHead(status, all);
  if (typeof payload === 'string') endWithText(raw, payload);
  else endWithPieces(raw, payload);
  if (raw.writableLength > 0) cutStalled(raw, writeDeadlineMs);
}

function addAll(flat: string[], headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) flat.push(name, value);
}

/** Head and text leave as one string. `end(text)` would add an empty write behind it, and so make two of one. */
function endWithText(raw: ServerResponse, text: string): void {
  writeAtOnce(raw, text);
  raw.end();
}

/** A text of one character for each byte. Of a socket that is not corked a response makes one that is until the next turn. */
export function writeAtOnce(raw: ServerResponse, text: string): void {
  const { socket } = raw;
  socket?.cork();
  raw.write(text, 'latin1');
  socket?.uncork();
}

function endWithPieces(raw: ServerResponse, pieces: readonly Buffer[]): void {
  raw.cork();
  for (const piece of pieces) raw.write(piece);
  raw.end();
}
