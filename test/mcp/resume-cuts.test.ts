/** Streams cut at any byte, as often as it takes: nothing is lost, nothing comes twice, and all is in order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import type { RpcMessage } from '../support/sse-client.ts';
import { callOf, StreamableClient } from '../support/streamable-client.ts';

const CUTS = 200;
const STEPS = 60;
let gateway: TestGateway;

beforeAll(async () => {
  // A split server writes byte by byte with pauses: cuts fall between live events, not only into replayed ones.
  gateway = await startGateway({
    servers: { burst: runs(HOSTILE_SERVER), trickle: runs(HOSTILE_SERVER, '--split') },
  });
});
afterAll(() => gateway.stop());

describe.each([
  ['burst', '2025-11-25', 20_26],
  ['burst', '2025-06-18', 7],
  ['trickle', '2025-11-25', 42],
])('a call on %s, %s, seed %i', (server, version, seed) => {
  it(`survives ${CUTS} cuts at random bytes`, async () => {
    const random = randomFrom(seed);
    const client = await StreamableClient.open(gateway.port, `/${server}`, { version });
    let cuts = 0;
    for (let call = 0; cuts < CUTS; call += 1) cuts += await callWithCuts(client, `call-${call}`, random);
    expect(JSON.parse(await client.text('cancelledIds'))).toEqual([]);
  });
});

/** Makes one call whose every connection is cut until its response has come. @returns the number of cuts */
async function callWithCuts(client: StreamableClient, id: string, random: () => number): Promise<number> {
  const messages: RpcMessage[] = [];
  const seen = new Set<string>();
  let connection = client.post(callOf('progress', { steps: STEPS }, id, id), { accept: 'text/event-stream' });
  // Before its first event a stream has no name to come back to.
  await connection.until(() => connection.events.length > 0);
  let from = connection.raw.indexOf('\n\n', connection.raw.indexOf('data: ')) + 2;
  let lastId = '';
  for (let cuts = 0; ; cuts += 1) {
    connection.cutAfter(from + Math.floor(random() ** 2 * 3000));
    await connection.until(() => connection.socket.destroyed || connection.complete);
    for (const event of connection.events) {
      expect(seen.has(event.id ?? '')).toBe(false);
      lastId = event.id ?? '';
      seen.add(lastId);
      if (event.data !== '') messages.push(JSON.parse(event.data) as RpcMessage);
    }
    connection.close();
    if (messages.at(-1)?.id === id) {
      const steps = Array.from({ length: STEPS }, (_, step) => step + 1);
      expect(messages.map((message) => message.params?.['progress'] ?? message.id)).toEqual([...steps, id]);
      return cuts;
    }
    connection = client.listen({ 'last-event-id': lastId });
    from = 0;
  }
}

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
