/** Streams that are opened and then only stay open: bounded, refused clearly beyond the bound, and all gone when they close. */
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fixture, startGateway } from '../support/gateway.ts';
import { holdings } from '../support/no-leaks.ts';

const STREAMS = 2000;
const REFUSED = 50;
const AT_ONCE = 50;
/** What a stream that does nothing may cost, both of its ends in this process, in bytes. */
const BYTES_EACH = 100_000;
const TINY = { command: 'sh', args: [fixture('tiny-server.sh')] };
const REQUEST = 'GET /tiny HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n\r\n';

interface Opened {
  readonly socket: Socket;
  /** What came up to the first event, or the whole refusal. */
  readonly text: string;
}

function open(port: number): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(REQUEST));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (/event: endpoint[^]*\n\n|"reason":/.test(text)) resolve({ socket, text });
    });
    socket.on('error', reject);
  });
}

async function openMany(port: number, count: number): Promise<Opened[]> {
  const opened: Opened[] = [];
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      opened.push(await open(port));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return opened;
}

describe('idle HTTP+SSE streams', () => {
  it(`are held, ${STREAMS} of them, and more are refused with 503 and Retry-After`, {
    timeout: 120_000,
  }, async () => {
    await using gateway = await startGateway({
      http: { sseGraceMs: 50 },
      limits: { sessions: STREAMS, sessionsPerPrincipal: 2 * STREAMS },
      servers: { tiny: TINY },
    });
    const before = holdings(gateway.gateway);
    const memory = process.memoryUsage.rss();
    const streams = await openMany(gateway.port, STREAMS);
    expect(streams.filter(({ text }) => text.startsWith('HTTP/1.1 200'))).toHaveLength(STREAMS);
    // Nothing is started for a stream that only listens.
    expect(gateway.gateway.inspect()).toMatchObject({ sessions: STREAMS, instances: 0 });
    expect((process.memoryUsage.rss() - memory) / STREAMS).toBeLessThan(BYTES_EACH);
    const refused = await openMany(gateway.port, REFUSED);
    for (const { text } of refused) {
      expect(text).toMatch(/^HTTP\/1\.1 503 /);
      expect(text).toMatch(/\r\nretry-after: \d+\r\n/i);
    }
    for (const { socket } of [...streams, ...refused]) socket.destroy();
    await expect.poll(() => holdings(gateway.gateway), { timeout: 20_000 }).toEqual(before);
  });
});
