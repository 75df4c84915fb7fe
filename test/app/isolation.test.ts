import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient, type RpcMessage } from '../support/sse-client.ts';

/** What a client does; every client numbers its requests, tokens and questions alike. */
const KINDS = ['echo', 'log', 'progress', 'ask', 'slow', 'cancelled'] as const;
type Kind = (typeof KINDS)[number];
interface Step {
  readonly client: number;
  readonly kind: Kind;
}

const CLIENTS = 3;
let gateway: TestGateway;
let clients: BareSseClient[];
/** Counts the runs of the property, so that ids are new in each; the same for every client. */
let run = 0;

beforeAll(async () => {
  gateway = await startGateway({ servers: { echo: runs(HOSTILE_SERVER) } });
  clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => BareSseClient.initialized(`${gateway.url}/echo`, { sampling: {} })),
  );
});
afterAll(() => {
  for (const client of clients) client.close();
  return gateway.stop();
});

/** Names a client and a call; nobody else may ever see it. */
function nonceOf(client: number, n: number): string {
  return `nonce-of-${client}-${run}-${n}`;
}

/** Progress carries only numbers, so its total tells whose it is. */
function totalOf(client: number): number {
  return client + 2;
}

const ARGUMENTS: Readonly<Record<Kind, (client: number, n: number) => { name: string; arguments: object }>> =
  {
    echo: (client, n) => ({ name: 'echo', arguments: { nonce: nonceOf(client, n) } }),
    log: (client, n) => ({ name: 'log', arguments: { text: nonceOf(client, n) } }),
    progress: (client) => ({ name: 'progress', arguments: { steps: totalOf(client) } }),
    ask: (client, n) => ({
      name: 'ask',
      arguments: { method: 'sampling/createMessage', params: { nonce: nonceOf(client, n) } },
    }),
    slow: (_client, n) => ({ name: 'sleep', arguments: { ms: (n * 7) % 20 } }),
    cancelled: () => ({ name: 'sleep', arguments: { ms: 60_000 } }),
  };

async function take(client: number, kind: Kind, n: number): Promise<void> {
  const mine = clients[client];
  if (mine === undefined) throw new Error('no such client');
  const id = `${run}-${n}`;
  const token = `token-${run}-${n}`;
  await mine.post({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { ...ARGUMENTS[kind](client, n), _meta: { progressToken: token } },
  });
  if (kind === 'cancelled') {
    await mine.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
    return;
  }
  if (kind === 'ask') {
    const question = await mine.message(
      ({ method, params }) => method === 'sampling/createMessage' && params?.['nonce'] === nonceOf(client, n),
    );
    await mine.post({ jsonrpc: '2.0', id: question.id, result: { answer: nonceOf(client, n) } });
  }
  const answer = await mine.message((message) => message.id === id && message.method === undefined);
  checkAnswer(answer, kind, client, n);
}

function checkAnswer({ result, error }: RpcMessage, kind: Kind, client: number, n: number): void {
  if (error !== undefined) throw new Error(error.message);
  const text = (result?.['content'] as { text: string }[] | undefined)?.[0]?.text ?? '';
  if (kind === 'echo') expect(JSON.parse(text)).toEqual({ nonce: nonceOf(client, n) });
  if (kind === 'ask')
    expect((JSON.parse(text) as { result: unknown }).result).toEqual({ answer: nonceOf(client, n) });
  if (kind === 'progress') expect(text).toBe('done');
}

/** Looks at every single event that a client ever got. */
function expectOnlyOwn(client: number): void {
  const ids = new Set<string>();
  for (const { event, id, data } of clients[client]?.events ?? []) {
    for (const [, owner] of data.matchAll(/nonce-of-(\d+)-/g)) expect(Number(owner)).toBe(client);
    if (event !== 'message') continue;
    expect(ids.has(id ?? '')).toBe(false);
    ids.add(id ?? '');
    const { method, params } = JSON.parse(data) as RpcMessage;
    if (method === 'notifications/progress') expect(params?.['total']).toBe(totalOf(client));
  }
}

const step = fc.record({ client: fc.nat(CLIENTS - 1), kind: fc.constantFrom(...KINDS) });

/** Each client does its steps in its order; the clients overlap as it comes. */
async function interleave(steps: readonly Step[]): Promise<void> {
  run += 1;
  const count = Array.from({ length: CLIENTS }, () => 0);
  await Promise.all(
    steps.map(({ client, kind }) => {
      const n = count[client] ?? 0;
      count[client] = n + 1;
      return take(client, kind, n);
    }),
  );
}

describe('[fault 7] [fault 9] [fault 10] clients at the same time, with the same ids, tokens and question ids', () => {
  it('never see anything of each other, in any order of events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 24 }), (steps) => interleave(steps)),
      { numRuns: 40 },
    );
    for (let client = 0; client < CLIENTS; client += 1) expectOnlyOwn(client);
    expect(gateway.events.filter(({ type }) => type === 'gateway.fault')).toEqual([]);
  });

  it('have processes of their own, which saw the calls of one client only', async () => {
    const pids = await Promise.all(clients.map((client) => client.callTool('pid')));
    expect(new Set(pids).size).toBe(CLIENTS);
  });

  it('[fault 11] cannot answer a question that another was asked', async () => {
    const [mine, theirs] = clients;
    if (mine === undefined || theirs === undefined) throw new Error('no clients');
    const waiting = mine.callTool('ask', {
      method: 'sampling/createMessage',
      params: { nonce: 'nonce-of-0-x' },
    });
    const question = await mine.message(({ params }) => params?.['nonce'] === 'nonce-of-0-x');
    const forged = await theirs.post({ jsonrpc: '2.0', id: question.id, result: { forged: true } });
    expect(forged.status).toBe(202);
    // Whatever the forgery does it has done once its own session answers.
    await theirs.callTool('count');
    await mine.post({ jsonrpc: '2.0', id: question.id, result: { forged: false } });
    expect(await waiting).toContain('"forged":false');
  });
});

describe('[fault 83] [fault 90] sessions of two principals under one id', () => {
  it('are two sessions with a process each, and end each for its own', async () => {
    const basic = {
      enabled: true,
      credentials: [
        { username: 'alice', password: 'alices-password-1' },
        { username: 'bob', password: 'bobs-password-22' },
      ],
    };
    await using shared = await startGateway({ auth: { basic }, servers: { echo: runs(HOSTILE_SERVER) } });
    const as = (user: string, password: string) => (method: string, path: string) =>
      fetch(shared.url + path, {
        method,
        headers: { authorization: `Basic ${btoa(`${user}:${password}`)}` },
      });
    const [alice, bob] = [as('alice', 'alices-password-1'), as('bob', 'bobs-password-22')];
    const count = async (call: typeof alice) => {
      const body = (await (await call('POST', '/api/echo/count?sessionId=same')).json()) as {
        content: { text: string }[];
      };
      return body.content[0]?.text;
    };
    expect([await count(alice), await count(alice), await count(bob)]).toEqual(['1', '2', '1']);
    expect(new Set(shared.pids()).size).toBe(2);
    expect((await bob('DELETE', '/api/sessions/same')).status).toBe(204);
    expect((await bob('DELETE', '/api/sessions/same')).status).toBe(404);
    expect(await count(alice)).toBe('3');
  });
});
