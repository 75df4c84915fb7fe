import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { RawExchange } from '../support/raw-exchange.ts';
import { inSession, type RestGateway, startRest } from './rest-support.ts';

const MiB = 1024 * 1024;
let gateway: RestGateway;
beforeAll(async () => {
  gateway = await startRest({
    http: { drainMs: 100 },
    servers: { flood: runs(HOSTILE_SERVER, '--flood-stdout'), good: runs(HOSTILE_SERVER) },
  });
});
afterAll(() => gateway.stop());

/** A stream of a call that never ends on a server that never stops talking, and how much has come from that server. */
async function flooded(query: string) {
  const count = { bytes: 0 };
  gateway.gateway.events.subscribe(
    (event) => {
      if (event.type === 'message' && event.server === 'flood' && event.direction === 'from-server')
        count.bytes += event.bytes.reduce((sum, piece) => sum + piece.length, 0);
    },
    { messages: true },
  );
  const stream = new RawExchange(gateway.port, {
    path: `/api/flood/sleep${query}`,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: { ms: 600_000 },
  });
  await stream.until(() => stream.raw.includes('event: log'));
  stream.socket.pause();
  // The work of a neighbour is the clock: the flood has stopped when ten of its calls see nothing more.
  for (let quiet = 0, last = -1; quiet < 10; ) {
    quiet = count.bytes === last ? quiet + 1 : 0;
    last = count.bytes;
    expect((await gateway.post('/api/good/count?sessionId=neighbour')).status).toBe(200);
  }
  return { stream, count };
}

describe('[fault 4] a reader of a call that does not read', () => {
  it('pauses the server of its session, in bounded memory, and misses nothing when it reads again', async () => {
    const query = inSession();
    const { stream, count } = await flooded(query);
    expect(count.bytes).toBeLessThan(64 * MiB);
    const before = stream.received;
    stream.socket.resume();
    await stream.until(() => stream.received > before + 4 * MiB);
    const seen = [...stream.raw.matchAll(/"flood (\d+) /g)].map(([, n]) => Number(n));
    expect(seen.length).toBeGreaterThan(1000);
    expect(seen.every((n, index) => index === 0 || n === (seen[index - 1] ?? 0) + 1)).toBe(true);
    stream.close();
    await gateway.delete(`/api/sessions/${query.slice('?sessionId='.length)}`);
  });

  it('frees the server of its session when it goes', async () => {
    const query = inSession();
    const { stream } = await flooded(query);
    stream.close();
    const after = await gateway.post(`/api/flood/count${query}`);
    expect([after.status, after.json.content[0].text]).toEqual([200, '1']);
  });
});
