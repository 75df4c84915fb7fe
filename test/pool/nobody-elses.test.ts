/** Whatever the policy and the front: nothing that belongs to one principal ever comes to another, in any order of events. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { META, ModernClient } from '../support/modern-client.ts';
import type { RawExchange } from '../support/raw-exchange.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { callOf, StreamableClient } from '../support/streamable-client.ts';

const PRINCIPALS = ['ada', 'bob', 'cyd'] as const;
type Who = (typeof PRINCIPALS)[number];
const POLICIES = ['session', 'principal', 'shared', 'call'] as const;
const ASKS = { sampling: {} };

let gateway: TestGateway;
let nonces = 0;
/** All that ever came to each, as text. */
const received = new Map<Who, string[]>();

beforeAll(async () => {
  const servers = POLICIES.flatMap((policy): [string, object][] => [
    [`legacy-${policy}`, { ...runs(HOSTILE_SERVER), policy }],
    [`subscribed-${policy}`, { ...runs(fixture('asking-server.mjs')), policy }],
    [`modern-${policy}`, { ...runs(fixture('modern-hostile.mjs')), policy }],
  ]);
  const tokens = PRINCIPALS.map((name) => ({ name, token: `token-of-${name}` }));
  gateway = await startGateway({
    auth: { bearer: { tokens } },
    limits: { instances: 1000, sessions: 10_000, sessionsPerPrincipal: 10_000 },
    servers: Object.fromEntries(servers),
  });
});
afterAll(() => gateway.stop());

const headersOf = (who: Who) => ({ authorization: `Bearer token-of-${who}` });

function nonce(who: Who): string {
  nonces += 1;
  return `nonce-of-${who}-${nonces}`;
}

function keep(who: Who, text: string): void {
  received.get(who)?.push(text);
}

/** What one principal has open on one server during one run; everything that comes to it is kept. */
interface Seat {
  readonly who: Who;
  readonly server: string;
  readonly sse: BareSseClient;
  readonly asked: BareSseClient;
  readonly streamable: StreamableClient;
  readonly own: RawExchange;
  readonly modern: ModernClient;
  close(): void;
}

async function sit(server: string, who: Who): Promise<Seat> {
  const headers = headersOf(who);
  const url = `${gateway.url}/${server}`;
  const [sse, asked, streamable] = await Promise.all([
    BareSseClient.initialized(url, {}, headers),
    BareSseClient.initialized(url, ASKS, headers),
    StreamableClient.open(gateway.port, `/${server}`, { headers }),
  ]);
  const own = streamable.listen();
  await own.head();
  const modern = new ModernClient(gateway.port, `/${server}`, {
    headers,
    meta: { [`${META}logLevel`]: 'debug' },
  });
  return {
    who,
    server,
    sse,
    asked,
    streamable,
    own,
    modern,
    close: () => {
      for (const client of [sse, asked]) {
        client.close();
        for (const { data } of client.events) keep(who, data);
      }
      keep(who, own.raw);
      own.close();
      streamable
        .end()
        .done()
        .catch(() => undefined);
    },
  };
}

/** Every request of everybody on a connection of its own has the same id and the same progress token. */
const SAME = 'same';

async function viaStreamable({ who, streamable }: Seat, tool: string, args: object): Promise<string> {
  const raw = streamable.post(callOf(tool, args, SAME, SAME));
  await raw.done();
  keep(who, raw.raw);
  return raw.body;
}

async function viaModern({ who, modern }: Seat, tool: string, args: object): Promise<string> {
  const raw = modern.send('tools/call', { name: tool, arguments: args, _meta: {} }, { id: SAME });
  await raw.done();
  keep(who, raw.raw);
  return raw.body;
}

async function viaRest({ who, server }: Seat, tool: string, args: object): Promise<string> {
  const response = await fetch(`${gateway.url}/api/${server}/${tool}?sessionId=${SAME}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headersOf(who) },
    body: JSON.stringify(args),
  });
  const text = await response.text();
  keep(who, text);
  return text;
}

type Action = (seat: Seat) => Promise<void>;

const COMMON: Readonly<Record<string, Action>> = {
  'echo over SSE': async ({ who, sse }) => {
    const text = nonce(who);
    expect(await sse.callTool('echo', { text })).toContain(text);
  },
  'echo over REST': async (seat) => {
    const text = nonce(seat.who);
    expect(await viaRest(seat, 'echo', { text })).toContain(text);
  },
  'echo without a session': async (seat) => {
    const text = nonce(seat.who);
    expect(await viaModern(seat, 'echo', { text })).toContain(text);
  },
  'progress over SSE': async ({ who, sse }) => {
    const id = nonce(who);
    await sse.post(callOf('progress', { steps: 3 }, id, nonce(who)));
    await sse.message((message) => message.id === id);
  },
  'a call that is cancelled': async ({ who, sse }) => {
    const id = nonce(who);
    await sse.post(callOf('sleep', { ms: 60_000 }, id));
    await sse.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
  },
};

const LEGACY: Readonly<Record<string, Action>> = {
  ...COMMON,
  'echo over Streamable HTTP, with the same id at once': async (seat) => {
    const texts = [nonce(seat.who), nonce(seat.who)];
    const bodies = await Promise.all(texts.map((text) => viaStreamable(seat, 'echo', { text })));
    for (const [n, body] of bodies.entries())
      if (!body.includes('duplicate-id')) expect(body).toContain(texts[n]);
  },
  'a log line': async ({ who, sse }) => {
    await sse.callTool('log', { text: nonce(who) });
  },
  'a log line without a session': async (seat) => {
    await viaModern(seat, 'log', { text: nonce(seat.who) });
  },
  'a log line that comes late': async (seat) => {
    await viaModern(seat, 'log', { text: nonce(seat.who), laterMs: 5 });
  },
  'a call that takes its time': async (seat) => {
    await viaModern(seat, 'sleep', { ms: 20 });
  },
  'a notification of the server': async ({ who, sse }) => {
    const params = { secret: nonce(who) };
    await sse.callTool('notify', { method: 'notifications/example.com/told', params });
  },
  'a question': async ({ who, asked }) => {
    const text = nonce(who);
    const answered = asked.callTool('ask', { method: 'sampling/createMessage', params: { text } });
    const { id } = await asked.message(({ params }) => params?.['text'] === text);
    await asked.post({ jsonrpc: '2.0', id, result: { answer: text } });
    expect(await answered).toContain(text);
  },
  'a question where nobody can be asked': async (seat) => {
    const params = { text: nonce(seat.who) };
    const answer = await viaRest(seat, 'ask', { method: 'sampling/createMessage', params });
    expect(answer).toContain('-32601');
  },
};

const SUBSCRIBED: Readonly<Record<string, Action>> = {
  'an update that only its subscriber hears': async ({ who, sse }) => {
    const uri = `it:${nonce(who)}`;
    const subscribed = await sse.request('resources/subscribe', { uri });
    await sse.callTool('touch', { uri });
    // Where each request has a process of its own nothing is left to be subscribed to.
    if (subscribed.error === undefined) await sse.message(({ params }) => params?.['uri'] === uri);
    await sse.request('resources/unsubscribe', { uri });
  },
  'an update that nobody wants': async ({ who, sse }) => {
    await sse.callTool('touch', { uri: `it:${nonce(who)}` });
  },
  'an update that a listener hears': async ({ who, modern, sse }) => {
    const uri = `it:${nonce(who)}`;
    const raw = modern.send('subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } });
    await raw.until(() => raw.messages.length > 0);
    await sse.callTool('touch', { uri });
    raw.close();
    keep(who, raw.raw);
  },
};

const SERVERS = [
  ['legacy', LEGACY],
  ['subscribed', SUBSCRIBED],
  ['modern', COMMON],
] as const;

describe.each(POLICIES)('[fault 7] [fault 9] [fault 10] [fault 90] under the policy %s', (policy) => {
  it.each(SERVERS)('on the %s server', async (kind, actions) => {
    const seats = await Promise.all(PRINCIPALS.map((who) => sit(`${kind}-${policy}`, who)));
    for (const who of PRINCIPALS) received.set(who, []);
    const action = fc.record({
      seat: fc.nat(seats.length - 1),
      name: fc.constantFrom(...Object.keys(actions)),
    });
    const groups = fc.array(fc.array(action, { minLength: 2, maxLength: 8 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(groups, async (plan) => {
        for (const group of plan)
          await Promise.all(
            group.map(async ({ seat, name }) => {
              const taken = seats[seat];
              if (taken !== undefined) await actions[name]?.(taken);
            }),
          );
      }),
      { numRuns: policy === 'call' ? 5 : 20, endOnFailure: true },
    );
    for (const seat of seats) seat.close();
    for (const who of PRINCIPALS) {
      const all = received.get(who) ?? [];
      const foreign = all.filter((text) => new RegExp(`nonce-of-(?!${who})`).test(text));
      expect(foreign).toEqual([]);
      expect(all.some((text) => text.includes(`nonce-of-${who}`))).toBe(true);
    }
  });
});
