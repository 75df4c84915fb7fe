/** Who meets whom on a process: every policy, from every front, on servers of both eras. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRONTS, type Front, type FrontClient, openFront } from '../support/front-clients.ts';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';

const PRINCIPALS = ['ada', 'bob'] as const;
type Who = (typeof PRINCIPALS)[number];
const POLICIES = ['unset', 'session', 'principal', 'shared', 'call'] as const;
type Policy = (typeof POLICIES)[number];
const ERAS = ['legacy', 'modern'] as const;
const PROGRAM = { legacy: HOSTILE_SERVER, modern: fixture('modern-hostile.mjs') };

let gateway: TestGateway;
const opened: FrontClient[] = [];

beforeAll(async () => {
  const servers = ERAS.flatMap((era) =>
    POLICIES.flatMap((policy) =>
      FRONTS.map((front): [string, object] => [
        `${era}-${policy}-${front}`,
        { ...runs(PROGRAM[era]), ...(policy === 'unset' ? {} : { policy }) },
      ]),
    ),
  );
  const tokens = PRINCIPALS.map((name) => ({ name, token: `token-of-${name}` }));
  gateway = await startGateway({
    auth: { bearer: { tokens } },
    limits: { instances: 1000 },
    servers: Object.fromEntries(servers),
  });
});
afterAll(async () => {
  for (const client of opened) client.close();
  await gateway.stop();
});

async function open(front: Front, server: string, who: Who, capabilities: object = {}): Promise<FrontClient> {
  const headers = { authorization: `Bearer token-of-${who}` };
  const client = await openFront(front, gateway, server, { headers, capabilities });
  opened.push(client);
  return client;
}

/** Whether a caller's next request, its principal's next session, and somebody else, are led to the same process. */
type Meets = readonly [again: boolean, principal: boolean, other: boolean];
const NOBODY: Meets = [false, false, false];
const ITSELF: Meets = [true, false, false];
const PRINCIPAL: Meets = [true, true, false];
const EVERYBODY: Meets = [true, true, true];

/** A client of 2026-07-28 has no session: what others keep in one it keeps as a principal. */
const ON_LEGACY: Readonly<Record<Policy, readonly [session: Meets, sessionless: Meets]>> = {
  unset: [ITSELF, PRINCIPAL],
  session: [ITSELF, PRINCIPAL],
  principal: [PRINCIPAL, PRINCIPAL],
  shared: [EVERYBODY, EVERYBODY],
  call: [NOBODY, NOBODY],
};
const ON_MODERN: typeof ON_LEGACY = {
  ...ON_LEGACY,
  unset: [EVERYBODY, EVERYBODY],
};

describe.each(ERAS)('on a %s server', (era) => {
  describe.each(POLICIES)('the policy %s', (policy) => {
    it.each(FRONTS)('from the front %s', async (front) => {
      const server = `${era}-${policy}-${front}`;
      const table = era === 'legacy' ? ON_LEGACY : ON_MODERN;
      const meets = table[policy][front === 'stateless' ? 1 : 0];
      const mine = await open(front, server, 'ada');
      const pid = await mine.text('pid');
      const same = async (client: FrontClient): Promise<boolean> => (await client.text('pid')) === pid;
      const others = [await open(front, server, 'ada'), await open(front, server, 'bob')];
      expect([await same(mine), ...(await Promise.all(others.map(same)))]).toEqual(meets);
    });
  });

  it.each(['principal', 'shared'])('the fronts meet on one process: %s', async (policy) => {
    const server = `${era}-${policy}-rest`;
    // HTTP+SSE is another revision, so a process with a handshake would have been told something else.
    const fronts = FRONTS.filter((front) => era === 'modern' || front !== 'sse');
    const clients = await Promise.all(fronts.map((front) => open(front, server, 'ada')));
    const pids = await Promise.all(clients.map((client) => client.text('pid')));
    expect(new Set(pids).size).toBe(1);
  });

  it.each(FRONTS)('nothing of a call is left for the next: %s', async (front) => {
    const client = await open(front, `${era}-call-${front}`, 'ada');
    expect([await client.text('count'), await client.text('count')]).toEqual(['1', '1']);
    expect(await Promise.all([client.text('count'), client.text('count')])).toEqual(['1', '1']);
  });
});

describe('[fault 44] a client that can be asked', () => {
  const ASKABLE = { sampling: {} };

  it.each(['principal', 'shared'])('has a process of its own on a legacy server: %s', async (policy) => {
    const server = `legacy-${policy}-streamable`;
    const pids = await Promise.all(
      [{}, {}, ASKABLE, ASKABLE, { roots: {} }, { elicitation: {} }].map(async (capabilities) =>
        (await open('streamable', server, 'ada', capabilities)).text('pid'),
      ),
    );
    expect(pids[0]).toBe(pids[1]);
    expect(new Set(pids).size).toBe(5);
    const told = gateway.events.filter((event) => event.type === 'session.apart' && event.server === server);
    expect(told).toHaveLength(4);
    expect(told[0]).toMatchObject({ why: expect.stringContaining('can be asked') });
  });

  it.each(FRONTS)('has one for each call where the policy says so: %s', async (front) => {
    for (const era of ERAS) {
      const client = await open(front, `${era}-call-${front}`, 'ada', ASKABLE);
      expect([await client.text('count'), await client.text('count')]).toEqual(['1', '1']);
    }
  });

  it('has one for its session over REST, which goes on with another where it shares it', async () => {
    const own = await open('rest', 'legacy-shared-rest', 'ada', ASKABLE);
    expect([await own.text('count'), await own.text('count')]).toEqual(['1', '2']);
    await expect(own.text('crash')).rejects.toThrow('502');
    await expect(own.text('count')).rejects.toThrow('410');
    const shared = await open('rest', 'modern-shared-rest', 'ada', ASKABLE);
    const before = Number(await shared.text('count'));
    expect(await (await open('rest', 'modern-shared-rest', 'ada')).text('count')).toBe(String(before + 1));
    await expect(shared.text('crash')).rejects.toThrow('502');
    expect(await shared.text('count')).toBe('1');
  });

  it('shares none across principals in the revision without sessions', async () => {
    const pids = await Promise.all(
      PRINCIPALS.flatMap((who) =>
        [ASKABLE, ASKABLE, {}].map(async (capabilities) =>
          (await open('stateless', 'legacy-shared-stateless', who, capabilities)).text('pid'),
        ),
      ),
    );
    const [ada, again, plain, bob, , plainToo] = pids;
    expect([ada === again, ada === bob, plain === plainToo, ada === plain]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('is told why the server may not ask who shares its process', async () => {
    const client = await open('streamable', 'legacy-shared-streamable', 'ada');
    const answer = await client.text('ask', { method: 'sampling/createMessage' });
    expect(JSON.parse(answer)).toMatchObject({ error: { code: -32601 } });
    const ping = await client.text('ask', { method: 'ping' });
    expect(JSON.parse(ping)).toMatchObject({ result: {} });
  });
});

describe('a process that dies', () => {
  const next = async (client: FrontClient): Promise<string> => {
    await client.text('count');
    await client.text('count');
    await client.text('crash').then(
      () => expect.unreachable(),
      (cause: Error) => expect(cause.message).toMatch(/32603|502|SERVER_EXITED/),
    );
    return client.text('count');
  };

  it.each(['principal', 'shared', 'call'])('[fault 22] is followed by another: %s', async (policy) => {
    for (const front of FRONTS) {
      const client = await open(front, `legacy-${policy}-${front}`, 'bob');
      expect([front, await next(client)]).toEqual([front, '1']);
    }
  });

  it.each(['unset', 'principal', 'shared', 'call'])(
    '[fault 22] so it is on a modern server: %s',
    async (policy) => {
      for (const front of FRONTS) {
        const client = await open(front, `modern-${policy}-${front}`, 'bob');
        expect([front, await next(client)]).toEqual([front, '1']);
      }
    },
  );

  it.each(ERAS)('ends the session that it was the state of: %s', async (era) => {
    const client = await open('streamable', `${era}-session-streamable`, 'bob');
    await expect(next(client)).rejects.toThrow(/404|-32001|Session not found/);
    const rest = await open('rest', `${era}-session-rest`, 'bob');
    await expect(next(rest)).rejects.toThrow('410 SESSION_GONE');
  });
});
