/** Two principals use one server at the same time, with the same ids and tokens: nobody ever gets anything of the other. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { RawExchange } from '../support/raw-exchange.ts';
import { BOTH } from '../support/streamable-client.ts';

type Json = Record<string, unknown>;
const PRINCIPALS = ['ada', 'bob'] as const;
type Who = (typeof PRINCIPALS)[number];
const KEY = 'io.modelcontextprotocol/';
const RUNS = { numRuns: 25 };
const REFUSED = { code: -32602 };

let gateway: TestGateway;
let nonces = 0;
/** All that ever came to each, as text. */
let received: Record<Who, string[]>;

beforeAll(async () => {
  gateway = await startGateway({
    auth: { bearer: { tokens: PRINCIPALS.map((name) => ({ name, token: `token-of-${name}` })) } },
    servers: { modern: runs(fixture('modern-hostile.mjs')), legacy: runs(HOSTILE_SERVER) },
  });
});
afterAll(() => gateway.stop());

describe('two principals', () => {
  it('share one modern process and nothing else', async () => {
    const actions = {
      echo: (who: Who) => echoes(who),
      progress: (who: Who) => progresses(who),
      listen: (who: Who) => listens(who),
      ask: (who: Who) => asks('modern', who, modernQuestion(nonce(who))),
      steal: (who: Who) => steals('modern', who, modernQuestion(nonce(who))),
    };
    await interleaved(actions);
    const pids = await Promise.all(PRINCIPALS.map(async (who) => textIn(await call('modern', who, 'pid'))));
    expect(new Set(pids).size).toBe(1);
  });

  it('answer parked questions of a legacy server, each its own', async () => {
    const actions = {
      ask: (who: Who) => asks('legacy', who, legacyQuestion(nonce(who))),
      twice: async (who: Who) => {
        await Promise.all([1, 2].map(() => asks('legacy', who, legacyQuestion(nonce(who)))));
      },
      steal: (who: Who) => steals('legacy', who, legacyQuestion(nonce(who))),
    };
    await interleaved(actions);
  });
});

/** Runs random actions of both, at the same time in random groups, and looks through all that came to each. */
async function interleaved(actions: Readonly<Record<string, (who: Who) => Promise<void>>>): Promise<void> {
  const action = fc.record({
    who: fc.constantFrom(...PRINCIPALS),
    name: fc.constantFrom(...Object.keys(actions)),
  });
  const groups = fc.array(fc.array(action, { minLength: 2, maxLength: 6 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(groups, async (plan) => {
      received = { ada: [], bob: [] };
      for (const group of plan) await Promise.all(group.map(async ({ who, name }) => actions[name]?.(who)));
      for (const who of PRINCIPALS) {
        const other = who === 'ada' ? 'bob' : 'ada';
        expect(received[who].filter((text) => text.includes(`nonce-of-${other}`))).toEqual([]);
      }
    }),
    RUNS,
  );
}

async function echoes(who: Who): Promise<void> {
  const text = nonce(who);
  expect(textIn(await call('modern', who, 'echo', { text }))).toBe(JSON.stringify({ text }));
}

/** The number of steps tells whose progress it is. */
async function progresses(who: Who): Promise<void> {
  const steps = who === 'ada' ? 3 : 4;
  const raw = post('modern', who, 'tools/call', {
    name: 'progress',
    arguments: { steps },
    _meta: { progressToken: 'same' },
  });
  await raw.done();
  received[who].push(raw.raw);
  const seen = raw.messages.flatMap(({ params }) => (params === undefined ? [] : [params]));
  expect(seen).toEqual(
    Array.from({ length: steps }, (_, n) => ({
      progressToken: 'same',
      progress: n + 1,
      total: steps,
      message: `step ${n + 1}`,
    })),
  );
}

async function listens(who: Who): Promise<void> {
  const uri = `it:${nonce(who)}`;
  const raw = post('modern', who, 'subscriptions/listen', {
    notifications: { resourceSubscriptions: [uri] },
  });
  await raw.until(() => raw.messages.length > 0);
  await call('modern', who, 'fire', { what: 'updated', uri });
  await raw.until(() => raw.messages.length > 1);
  raw.close();
  received[who].push(raw.body);
  expect(raw.messages.map(({ method }) => method)).toEqual([
    'notifications/subscriptions/acknowledged',
    'notifications/resources/updated',
  ]);
  for (const { params } of raw.messages)
    expect(params?.['_meta']).toEqual({ [`${KEY}subscriptionId`]: 'same' });
}

interface Asking {
  /** The arguments of the tool `ask`. */
  readonly args: Json;
  readonly nonce: string;
}

function modernQuestion(text: string): Asking {
  const question = { method: 'elicitation/create', params: form(text) };
  return { args: { inputRequests: { same: question }, state: text }, nonce: text };
}

function legacyQuestion(text: string): Asking {
  return { args: { method: 'elicitation/create', params: form(text) }, nonce: text };
}

function form(message: string): Json {
  return { mode: 'form', message, requestedSchema: { type: 'object', properties: {} } };
}

/** Answers each question with what it says, until there are no more. */
async function asks(server: string, who: Who, { args, nonce: text }: Asking): Promise<void> {
  let answer = await call(server, who, 'ask', args);
  while (answer['resultType'] === 'input_required')
    answer = await call(server, who, 'ask', args, reply(answer));
  expect(textIn(answer)).toContain(`answered ${text}`);
}

/** The other comes first with the state it must not have: in vain, and without harm. */
async function steals(server: string, who: Who, asking: Asking): Promise<void> {
  const thief = who === 'ada' ? 'bob' : 'ada';
  const asked = await call(server, who, 'ask', asking.args);
  // The question may have gone with another call of the same principal.
  if (asked['resultType'] === 'complete') return expect(textIn(asked)).toContain(`answered ${asking.nonce}`);
  const retry = { inputResponses: {}, requestState: asked['requestState'] };
  const stolen = exchange(server, thief, 'ask', asking.args, retry);
  const [error, answer] = await Promise.all([stolen, call(server, who, 'ask', asking.args, reply(asked))]);
  // What the thief brought with it comes back to it in no form.
  expect(error).toMatchObject({ error: REFUSED });
  let last = answer;
  while (last['resultType'] === 'input_required')
    last = await call(server, who, 'ask', asking.args, reply(last));
  expect(textIn(last)).toContain(`answered ${asking.nonce}`);
}

function reply(asked: Json): Json {
  const requests = asked['inputRequests'] as Record<string, { params: { message: string } }>;
  const answers = Object.entries(requests).map(([key, { params }]) => [
    key,
    { action: 'accept', content: { said: `answered ${params.message}` } },
  ]);
  return { inputResponses: Object.fromEntries(answers), requestState: asked['requestState'] };
}

function nonce(who: Who): string {
  nonces += 1;
  return `nonce-of-${who}-${nonces}`;
}

async function call(server: string, who: Who, name: string, args: Json = {}, more: Json = {}): Promise<Json> {
  const { result, error } = await exchange(server, who, name, args, more);
  if (result === undefined) throw new Error(JSON.stringify(error));
  return result as Json;
}

async function exchange(server: string, who: Who, name: string, args: Json, more: Json): Promise<Json> {
  const raw = post(server, who, 'tools/call', { name, arguments: args, ...more });
  await raw.done();
  received[who].push(raw.raw);
  const isStream = raw.raw.includes('content-type: text/event-stream');
  const answer = (isStream ? raw.messages.at(-1) : JSON.parse(raw.body)) as Json;
  expect(answer['id']).toBe('same');
  return answer;
}

/** Every request of everybody has the same id. */
function post(server: string, who: Who, method: string, params: Json): RawExchange {
  const headers = {
    authorization: `Bearer token-of-${who}`,
    accept: BOTH,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof params['name'] === 'string' && { 'mcp-name': params['name'] }),
  };
  const meta = {
    ...(params['_meta'] as Json | undefined),
    [`${KEY}protocolVersion`]: '2026-07-28',
    [`${KEY}clientCapabilities`]: { elicitation: { form: {} } },
  };
  const body = { jsonrpc: '2.0', id: 'same', method, params: { ...params, _meta: meta } };
  return new RawExchange(gateway.port, { path: `/${server}`, headers, body });
}

function textIn(result: Json): string {
  return (result['content'] as { text: string }[])[0]?.text ?? '';
}
