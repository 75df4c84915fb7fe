import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { JSON_TYPE, told } from './edge-support.ts';

const ALICE = { authorization: `Basic ${Buffer.from('alice:password-of-alice').toString('base64')}` };
const TOKEN = { authorization: 'Bearer token-of-somebody-else' };
/** The same person by name, through the other scheme. */
const BEARER_ALICE = { authorization: 'Bearer token-named-alice' };
const OTHERS = [
  ['another token', TOKEN],
  ['the same name in the other scheme', BEARER_ALICE],
] as const;
const UNKNOWN_ID = '0'.repeat(38);
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    servers: { echo: runs(HOSTILE_SERVER) },
    auth: {
      basic: { credentials: [{ username: 'alice', password: 'password-of-alice' }] },
      bearer: { tokens: ['token-of-somebody-else', { name: 'alice', token: 'token-named-alice' }] },
    },
  });
});
afterAll(() => gateway.stop());

function post(
  url: string,
  headers: Record<string, string>,
  body = '{"jsonrpc":"2.0","id":1,"method":"ping"}',
) {
  return told(fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body }));
}

async function pidOf(sessionId: string, headers: Record<string, string>): Promise<string> {
  const { status, body } = await post(`${gateway.url}/api/echo/pid?sessionId=${sessionId}`, headers, '{}');
  expect(status).toBe(200);
  return (JSON.parse(body) as { content: { text: string }[] }).content[0]?.text ?? '';
}

function end(id: string, headers: Record<string, string>) {
  return told(fetch(`${gateway.url}/api/sessions/${id}`, { method: 'DELETE', headers }));
}

/** All that a caller can compare, but for the request id and the time of day. */
function comparable({ status, headers, body }: { status: number; headers: Headers; body: string }) {
  return {
    status,
    body,
    headers: [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'),
  };
}

describe.each(OTHERS)('[fault 83] the session of another principal (%s)', (_who, stranger) => {
  it('answers a POST to it as to an id that never was, to the byte', async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`, {}, ALICE);
    const endpoint = await client.endpoint();
    const nowhere = endpoint.replace(/sessionId=.*/, `sessionId=${UNKNOWN_ID}`);
    for (const body of [
      '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
      'not json',
      '',
    ]) {
      const foreign = await post(endpoint, stranger, body);
      expect(foreign.status).toBe(404);
      expect(comparable(foreign)).toEqual(comparable(await post(nowhere, stranger, body)));
    }
    expect(client.events.filter(({ event }) => event === 'message')).toHaveLength(1);
    expect(await client.callTool('echo', { still: 'mine' })).toBe('{"still":"mine"}');
    client.close();
  });

  it("[fault 19] cannot be resumed with its Last-Event-ID: that opens a stream of one's own, as any id does", async () => {
    const client = await BareSseClient.initialized(`${gateway.url}/echo`, {}, ALICE);
    await client.callTool('echo', { secret: 'for alice only' });
    const lastId = client.events[0]?.id ?? '';
    const own = (await client.endpoint()).split('?')[1] ?? '';
    for (const id of [lastId, `${UNKNOWN_ID}:0`, 'forged', `${lastId}0`]) {
      const thief = await BareSseClient.open(`${gateway.url}/echo`, { ...stranger, 'last-event-id': id });
      expect(await thief.endpoint()).not.toContain(own);
      expect(JSON.stringify(thief.events)).not.toContain('for alice only');
      thief.close();
      const streamable = await told(
        fetch(`${gateway.url}/echo`, {
          headers: {
            ...stranger,
            accept: 'text/event-stream',
            'last-event-id': id,
            'mcp-protocol-version': '2024-11-05',
          },
        }),
      );
      expect([id, streamable.status]).toEqual([id, 405]);
    }
    client.close();
  });

  it('cannot be ended over REST, and answers as an id that never was', async () => {
    const mine = await pidOf('shared-name', ALICE);
    const foreign = await end('shared-name', stranger);
    expect(foreign.status).toBe(404);
    expect(comparable(foreign)).toEqual(comparable(await end('never-was', stranger)));
    expect(await pidOf('shared-name', ALICE)).toBe(mine);
  });

  it('of the same REST session id is a process of its own, and ending one leaves the other', async () => {
    const id = `same-id-${stranger.authorization.length}`;
    const [mine, theirs] = [await pidOf(id, ALICE), await pidOf(id, stranger)];
    expect(theirs).not.toBe(mine);
    const ended = await fetch(`${gateway.url}/api/sessions/${id}`, { method: 'DELETE', headers: stranger });
    expect(ended.status).toBe(204);
    expect(await pidOf(id, ALICE)).toBe(mine);
    expect(await pidOf(id, stranger)).not.toBe(theirs);
  });
});

describe('[fault 84] a session id', () => {
  it("has 128 random bits, is never the same, and one front does not know the other's", async () => {
    const ids = await Promise.all(
      Array.from(
        { length: 50 },
        async () =>
          (
            (await (await fetch(`${gateway.url}/api/sessionid`, { headers: ALICE })).json()) as {
              sessionId: string;
            }
          ).sessionId,
      ),
    );
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{38}$/);
    await pidOf(ids[0] ?? '', ALICE);
    expect((await post(`${gateway.url}/echo?sessionId=${ids[0]}`, ALICE)).status).toBe(404);
    const client = await BareSseClient.open(`${gateway.url}/echo`, ALICE);
    const sseId = (await client.endpoint()).split('sessionId=')[1] ?? '';
    expect(
      (await fetch(`${gateway.url}/api/sessions/${sseId}`, { method: 'DELETE', headers: ALICE })).status,
    ).toBe(404);
    client.close();
  });

  it('alone opens nothing: without credentials it is 401', async () => {
    const client = await BareSseClient.open(`${gateway.url}/echo`, ALICE);
    expect((await post(await client.endpoint(), {})).status).toBe(401);
    client.close();
  });

  it('[fault 69] is told in a relative endpoint, whatever Host and forwarding headers say', async () => {
    const client = await BareSseClient.open(`${gateway.url}/echo`, {
      ...ALICE,
      'x-forwarded-host': 'evil.example',
      'x-forwarded-prefix': '/evil',
    });
    await client.endpoint();
    expect(client.events[0]?.data).toMatch(/^\/echo\?sessionId=[0-9a-f]{38}$/);
    client.close();
  });
});
