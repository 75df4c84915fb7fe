import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';

const SERVERS = { echo: runs(HOSTILE_SERVER) };
const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
const CREDENTIALS = {
  basic: {
    credentials: [
      { username: 'alice', password: 'password-of-alice' },
      { username: 'bob', password: 'password-of-bob' },
    ],
  },
  bearer: { tokens: ['a-token-of-somebody'] },
};

function get(gateway: TestGateway, authorization?: string, path = '/api/sessionid'): Promise<Response> {
  return fetch(gateway.url + path, { headers: authorization === undefined ? {} : { authorization } });
}

async function statuses(count: number, request: () => Promise<Response>): Promise<number[]> {
  const answers: number[] = [];
  for (let n = 0; n < count; n += 1) answers.push((await request()).status);
  return answers;
}

describe('[fault 75] a flood of requests', () => {
  it('of one principal is refused with 429 and Retry-After on every front; another is served', async () => {
    await using gateway = await startGateway({
      auth: CREDENTIALS,
      limits: { requestsPerPrincipal: 3 },
      servers: SERVERS,
    });
    const alice = () => get(gateway, basic('alice', 'password-of-alice'));
    expect(await statuses(5, alice)).toEqual([200, 200, 200, 429, 429]);
    const refused = await alice();
    // Three a minute: the next is there within twenty seconds.
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(10);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(20);
    expect(await refused.json()).toMatchObject({ status: 429, code: 'RATE_LIMIT' });
    const mcp = await fetch(`${gateway.url}/echo`, {
      method: 'POST',
      headers: {
        authorization: basic('alice', 'password-of-alice'),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: '{"jsonrpc":"2.0","id":7,"method":"ping"}',
    });
    expect([mcp.status, await mcp.json()]).toEqual([
      429,
      { jsonrpc: '2.0', id: null, error: expect.objectContaining({ data: { reason: 'rate-limit' } }) },
    ]);
    expect(await statuses(3, () => get(gateway, basic('bob', 'password-of-bob')))).toEqual([200, 200, 200]);
    expect(await statuses(3, () => get(gateway, 'Bearer a-token-of-somebody'))).toEqual([200, 200, 200]);
  });

  it('of one address is refused before anything else is looked at', async () => {
    await using gateway = await startGateway({
      auth: CREDENTIALS,
      limits: { requestsPerAddress: 4 },
      servers: SERVERS,
    });
    expect(await statuses(3, () => get(gateway))).toEqual([401, 401, 401]);
    expect((await get(gateway, undefined, '/healthz')).status).toBe(200);
    expect(await statuses(2, () => get(gateway, 'Bearer a-token-of-somebody'))).toEqual([429, 429]);
    // A limit that is taken back counts no more.
    await gateway.reload({ auth: CREDENTIALS, servers: SERVERS });
    expect(await statuses(20, () => get(gateway, 'Bearer a-token-of-somebody'))).toEqual(
      Array.from({ length: 20 }, () => 200),
    );
  });
});

describe('[fault 79] somebody who guesses passwords', () => {
  const limits = { passwordFailures: 3 };

  it('waits after a few, whether or not there is such a user, and a right guess is not looked at either', async () => {
    await using gateway = await startGateway({ auth: CREDENTIALS, limits, servers: SERVERS });
    for (const user of ['alice', 'nobody']) {
      const wrong = await statuses(3, () => get(gateway, basic(user, 'wrong')));
      expect([user, wrong]).toEqual([user, [401, 401, 401]]);
      const waits = await get(gateway, basic(user, 'password-of-alice'));
      expect([user, waits.status, waits.headers.get('retry-after')]).toEqual([user, 429, '1']);
    }
    const { failures, waitMs } = await gateway.event('auth.guessing');
    expect([failures, waitMs]).toEqual([3, 1000]);
    expect(JSON.stringify(gateway.events)).not.toContain('alice');
  });

  it('holds up nobody else: other users, other kinds of credentials', async () => {
    await using gateway = await startGateway({ auth: CREDENTIALS, limits, servers: SERVERS });
    await statuses(4, () => get(gateway, basic('alice', 'wrong')));
    expect((await get(gateway, basic('bob', 'password-of-bob'))).status).toBe(200);
    expect((await get(gateway, 'Bearer a-token-of-somebody')).status).toBe(200);
    expect(await statuses(10, () => get(gateway, 'Bearer wrong'))).toEqual(
      Array.from({ length: 10 }, () => 401),
    );
  });

  it('is let in after the wait, which ends the count', async () => {
    await using gateway = await startGateway({ auth: CREDENTIALS, limits, servers: SERVERS });
    await statuses(3, () => get(gateway, basic('alice', 'wrong')));
    await expect
      .poll(async () => (await get(gateway, basic('alice', 'password-of-alice'))).status, { timeout: 10_000 })
      .toBe(200);
    expect(await statuses(3, () => get(gateway, basic('alice', 'wrong')))).toEqual([401, 401, 401]);
  });
});

describe('[fault 56] connections', () => {
  it.each(['connections', 'connectionsPerAddress'])(
    'beyond limits.%s are closed at once; what is open is served',
    async (limit) => {
      await using gateway = await startGateway({ limits: { [limit]: 5 }, servers: SERVERS });
      const kept = await open(gateway, 5);
      const more = await open(gateway, 3);
      for (const socket of more) socket.resume();
      await Promise.all(more.map((socket) => gone(socket)));
      await gateway.event('connection.refused', (event) => event.limit === limit);
      const [first] = kept;
      const answer = once(first as Socket, 'data');
      first?.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      expect(String((await answer)[0])).toContain('200 OK');
      for (const socket of kept) socket.destroy();
      await expect
        .poll(
          () =>
            get(gateway).then(
              ({ status }) => status,
              () => 0,
            ),
          { timeout: 10_000 },
        )
        .toBe(200);
    },
  );
});

async function gone(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close');
}

async function open(gateway: TestGateway, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(gateway.port, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => undefined);
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}
