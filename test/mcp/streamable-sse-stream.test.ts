/** Heartbeats, and the end of readers that take nothing, with times short enough to watch. */
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { AnswerCounts } from '../../src/http/answer-counts.ts';
import { cutStalled } from '../../src/http/cut-stalled.ts';
import { SseStream, type StreamTimes } from '../../src/http/sse-stream.ts';
import { deferred } from '../../src/util/deferred.ts';
import { RawExchange } from '../support/raw-exchange.ts';

/** More than the kernel's buffers of both ends of a loopback connection take. */
const HUGE = 24 * 1024 * 1024;
const NEVER_MS = 60_000;
let app: FastifyInstance | undefined;

afterEach(async () => {
  app?.server.closeAllConnections();
  await app?.close();
});

interface Served {
  readonly port: number;
  readonly stream: Promise<SseStream>;
  readonly closed: Promise<void>;
  readonly drained: Promise<void>;
}

async function serve(times: StreamTimes): Promise<Served> {
  const stream = deferred<SseStream>();
  const closed = deferred<void>();
  const drained = deferred<void>();
  app = Fastify();
  app.decorate('answerCounts', new AnswerCounts());
  app.get('/', (_request, reply) => {
    stream.resolve(
      new SseStream(reply, {}, { times, onDrain: () => drained.resolve(), onClose: () => closed.resolve() }),
    );
  });
  app.get('/slow', (_request, reply) => void setTimeout(() => void reply.send('slow'), 50));
  app.get('/json', (_request, reply) => {
    cutStalled(reply.raw, times.writeDeadlineMs);
    reply.raw.once('close', () => closed.resolve());
    reply.send(Buffer.alloc(HUGE, 'x'));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return { port, stream: stream.promise, closed: closed.promise, drained: drained.promise };
}

describe('an event stream', () => {
  it('sends a comment at every beat while nothing else is to be sent', async () => {
    const { port } = await serve({ heartbeatMs: 20, writeDeadlineMs: NEVER_MS });
    const client = new RawExchange(port, { method: 'GET', path: '/' });
    await client.until(() => client.body.length >= 18);
    expect(client.body).toMatch(/^(: ka\n\n){3,}$/);
    expect(client.events).toEqual([]);
    client.close();
  });

  it('stays open for a reader that is told nothing for many deadlines', async () => {
    const { port, stream } = await serve({ heartbeatMs: 30, writeDeadlineMs: 10 });
    const client = new RawExchange(port, { method: 'GET', path: '/' });
    await client.until(() => client.body.length >= 30);
    expect((await stream).write([Buffer.from('data: still here\n\n')])).toBe('sent');
    await client.until(() => client.events[0]?.data === 'still here');
    client.close();
  });

  it('cuts a reader that takes nothing, and says so once', async () => {
    const { port, stream, closed } = await serve({ heartbeatMs: 20, writeDeadlineMs: 100 });
    const client = new RawExchange(port, { method: 'GET', path: '/' });
    await client.head();
    client.socket.pause();
    const open = await stream;
    expect(open.write([Buffer.alloc(HUGE, 'x')])).toBe('full');
    await closed;
    expect(open.open).toBe(false);
    expect(open.write([Buffer.from('x')])).toBe('gone');
    client.close();
  });

  it('spares a slow reader that takes something within each deadline', async () => {
    const deadlineMs = 500;
    const { port, stream, drained } = await serve({ heartbeatMs: 20, writeDeadlineMs: deadlineMs });
    const client = new RawExchange(port, { method: 'GET', path: '/' });
    await client.head();
    client.socket.removeAllListeners('data').pause();
    const startedMs = performance.now();
    expect((await stream).write([Buffer.alloc(HUGE, 'x')])).toBe('full');
    const reading = setInterval(() => void client.socket.read(), 5);
    await drained;
    clearInterval(reading);
    expect(performance.now() - startedMs).toBeGreaterThan(2 * deadlineMs);
    expect((await stream).open).toBe(true);
    client.close();
  });

  it('cuts a reader that takes nothing of a stream that has ended, so that it holds no memory for ever', async () => {
    const { port, stream } = await serve({ heartbeatMs: NEVER_MS, writeDeadlineMs: 100 });
    const client = new RawExchange(port, { method: 'GET', path: '/' });
    await client.head();
    client.socket.pause();
    const open = await stream;
    open.write([Buffer.alloc(HUGE, 'x')]);
    open.end();
    await expectNoConnections();
    client.close();
  });

  it('carries an answer that was pipelined behind another', async () => {
    const { port, stream } = await serve({ heartbeatMs: NEVER_MS, writeDeadlineMs: NEVER_MS });
    const client = new RawExchange(port, { method: 'GET', path: '/slow' }, { method: 'GET', path: '/' });
    const open = await stream;
    expect(open.write([Buffer.from('data: late\n\n')])).toBe('sent');
    open.end();
    await client.until(() => client.raw.endsWith('\r\n0\r\n\r\n'));
    expect(client.raw).toMatch(/slowHTTP\/1\.1 200 OK[\s\S]+data: late\n\n/);
    client.close();
  });
});

describe('a long JSON answer', () => {
  it('is given up when its reader takes nothing', async () => {
    const { port, closed } = await serve({ heartbeatMs: NEVER_MS, writeDeadlineMs: 100 });
    const client = new RawExchange(port, { method: 'GET', path: '/json' });
    await client.head();
    client.socket.pause();
    await closed;
    await expectNoConnections();
    client.close();
  });
});

async function expectNoConnections(): Promise<void> {
  await expect
    .poll(() => new Promise((resolve) => app?.server.getConnections((_error, count) => resolve(count))))
    .toBe(0);
}
