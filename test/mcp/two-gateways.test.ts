import { describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';
import { answerOf, StreamableClient } from '../support/streamable-client.ts';

describe('[fault 123] a session of one gateway at another, as behind a load balancer that does not stick', () => {
  it('is answered with 404, byte for byte as any unknown one, so that its client starts anew', async () => {
    const servers = { it: runs(HOSTILE_SERVER) };
    await using one = await startGateway({ servers });
    await using other = await startGateway({ servers });
    const client = await StreamableClient.open(one.port, '/it');
    const ask = async (sessionId: string): Promise<[number, string]> => {
      const response = await fetch(`${other.url}/it`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-session-id': sessionId,
        },
        body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      });
      return [response.status, await response.text()];
    };
    const [status, body] = await ask(client.sessionId);
    expect([status, body]).toEqual([404, (await ask('nobody-has-this-one'))[1]]);
    const anew = await StreamableClient.open(other.port, '/it');
    const call = anew.call('count');
    await call.done();
    expect(answerOf(call).result).toMatchObject({ content: [{ text: '1' }] });
    // The first one is not touched by it.
    const still = client.call('count');
    expect((await still.done()).status).toBe(200);
  });
});
