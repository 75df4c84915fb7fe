/** What a modern server needs to know in the middle of a call, asked of a client that takes real requests. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import type { RawExchange } from '../support/raw-exchange.ts';
import type { RpcMessage } from '../support/sse-client.ts';
import { answerOf, type SessionOptions, StreamableClient } from '../support/streamable-client.ts';

const FORM = { message: 'Who?', requestedSchema: { type: 'object', properties: {} } };
const elicit = { method: 'elicitation/create', params: { mode: 'form', ...FORM } };
const url = { method: 'elicitation/create', params: { mode: 'url', message: 'Go', url: 'https://a.test/' } };
const sample = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } };
const roots = { method: 'roots/list' };
/** What the fixture gives as state, as the text of the JSON string. */
const STATE = JSON.stringify('1:\u00e9 "quoted" \\ \u2028 \ud83d\ude00');

let gateway: TestGateway;

beforeAll(async () => {
  const needy = {
    'prompts/get': { resultType: 'input_required', inputRequests: { q: elicit }, requestState: 's' },
  };
  gateway = await startGateway({
    servers: {
      modern: { ...runs(fixture('modern-hostile.mjs')), era: 'modern' },
      needs: { ...runs(fixture('modern-hostile.mjs'), '--needs-capability=sampling'), era: 'modern' },
      needy: { ...runs(fixture('modern-scripted.mjs'), JSON.stringify(needy)), era: 'modern' },
    },
  });
});
afterAll(() => gateway.stop());

const open = (options: SessionOptions, server = 'modern') =>
  StreamableClient.open(gateway.port, `/${server}`, options);

/** The questions on the stream of a call, once there are that many. */
async function questions(call: RawExchange, count = 1): Promise<readonly RpcMessage[]> {
  const asked = () => call.messages.filter(({ id, method }) => method !== undefined && id !== undefined);
  await call.until(() => asked().length >= count);
  return asked();
}

async function reply(client: StreamableClient, id: RpcMessage['id'], body: object | string): Promise<number> {
  const member = typeof body === 'string' ? body : JSON.stringify(body).slice(1, -1);
  return (await client.post(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},${member}}`).done()).status;
}

async function resultOf(call: RawExchange): Promise<{ text: string; isError: boolean }> {
  await call.done();
  const { result } = answerOf(call);
  const [content] = (result?.['content'] ?? []) as { text: string }[];
  return { text: content?.text ?? '', isError: result?.['isError'] === true };
}

const callsSeen = async (client: StreamableClient) =>
  (JSON.parse(await client.text('seen')) as string[]).filter((method) => method === 'tools/call').length;

describe('a question', () => {
  it('[era 37] goes out on the stream of its call; the answer and the state come back byte for byte', async () => {
    const client = await open({ version: '2025-06-18', capabilities: { elicitation: {} } });
    const before = await callsSeen(client);
    const call = client.call('ask', { inputRequests: { q1: elicit } });
    const [question] = await questions(call);
    expect(question).toMatchObject({ method: 'elicitation/create', params: FORM });
    // The member that this revision does not know.
    expect(question?.params).not.toHaveProperty('mode');
    const answer = '{"action":"accept","content":{"n":9007199254740993, "x":1.0}}';
    expect(await reply(client, question?.id, `"result":${answer}`)).toBe(202);
    expect((await resultOf(call)).text).toBe(`{"inputResponses":{"q1":${answer}},"requestState":${STATE}}`);
    expect(call.messages.filter(({ method }) => method === undefined)).toHaveLength(1);
    expect(await callsSeen(client)).toBe(before + 3);
  });

  it('[era 38] does not come alone: both are sent, and one call more is made with both answers', async () => {
    const client = await open({ capabilities: { elicitation: {}, roots: {} } });
    const before = await callsSeen(client);
    const call = client.call('ask', { inputRequests: { 'a"b': elicit, r: roots } });
    const [first, second] = await questions(call, 2);
    expect([first?.method, second?.method]).toEqual(['elicitation/create', 'roots/list']);
    expect(await reply(client, second?.id, { result: { roots: [] } })).toBe(202);
    expect(await reply(client, first?.id, { result: { action: 'decline' } })).toBe(202);
    const { text } = await resultOf(call);
    expect(JSON.parse(text).inputResponses).toEqual({ 'a"b': { action: 'decline' }, r: { roots: [] } });
    expect(await callsSeen(client)).toBe(before + 3);
  });

  it('[era 38] may be followed by another round, whose answers alone are sent then', async () => {
    const client = await open({ capabilities: { elicitation: {} } });
    const call = client.call('ask', { inputRequests: { q: elicit }, rounds: 2, state: 's' });
    await reply(client, (await questions(call, 1))[0]?.id, {
      result: { action: 'accept', content: { n: 1 } },
    });
    await reply(client, (await questions(call, 2))[1]?.id, { result: { action: 'decline' } });
    expect((await resultOf(call)).text).toBe(
      '{"inputResponses":{"q":{"action":"decline"}},"requestState":"2:s"}',
    );
  });

  it('[era 40] that the client answers with an error is cancelled', async () => {
    const client = await open({ capabilities: { elicitation: {} } });
    const call = client.call('ask', { inputRequests: { q: elicit } });
    await reply(client, (await questions(call))[0]?.id, { error: { code: -1, message: 'no' } });
    expect(JSON.parse((await resultOf(call)).text).inputResponses).toEqual({ q: { action: 'cancel' } });
  });

  it('[era 40] for a sample that the client refuses ends the call, and takes the others back', async () => {
    const client = await open({ capabilities: { elicitation: {}, sampling: {} } });
    const call = client.call('ask', { inputRequests: { q: elicit, s: sample } });
    const [other, refused] = await questions(call, 2);
    await reply(client, refused?.id, { error: { code: -1, message: 'no' } });
    expect(await resultOf(call)).toEqual({
      text: expect.stringContaining('sampling/createMessage'),
      isError: true,
    });
    expect(call.messages.find(({ method }) => method === 'notifications/cancelled')?.params).toMatchObject({
      requestId: other?.id,
    });
  });
});

describe('a question that the client cannot be asked', () => {
  it.each<[number, string, SessionOptions, object, string]>([
    [39, 'no elicitation', {}, { q: elicit }, 'elicitation'],
    [39, 'one of two', { capabilities: { elicitation: {} } }, { q: elicit, s: sample }, 'sampling'],
    [39, 'forms only', { capabilities: { elicitation: { form: {} } } }, { q: url }, 'elicitation.url'],
    [39, 'URLs only', { capabilities: { elicitation: { url: {} } } }, { q: elicit }, 'elicitation.form'],
    [
      42,
      'URLs before 2025-11-25',
      { version: '2025-06-18', capabilities: { elicitation: { url: {} } } },
      { q: url },
      'elicitation.url',
    ],
    [39, 'of no known kind', { capabilities: { elicitation: {} } }, { q: { method: 'x/y' } }, 'x/y'],
  ])(
    '[era %i] is not sent, and the model is told why: %s',
    async (_case, _what, options, inputRequests, named) => {
      const client = await open(options);
      const call = client.call('ask', { inputRequests });
      expect(await resultOf(call)).toEqual({ text: expect.stringContaining(named), isError: true });
      expect(call.raw).toContain('content-type: application/json');
    },
  );

  it('[era 39] fails a prompt, which has no other way to say so', async () => {
    const client = await open({}, 'needy');
    const call = client.post({ jsonrpc: '2.0', id: 'p', method: 'prompts/get', params: { name: 'x' } });
    await call.done();
    expect(answerOf(call)).toMatchObject({
      id: 'p',
      error: { code: -32603, message: expect.stringContaining('elicitation') },
    });
  });

  it('[era 39] is the same when the server refuses for want of a capability', async () => {
    const call = (await open({}, 'needs')).call('echo');
    expect(await resultOf(call)).toEqual({ text: expect.stringContaining('sampling'), isError: true });
    const able = (await open({ capabilities: { sampling: {} } }, 'needs')).call('echo', { a: 1 });
    expect(await resultOf(able)).toEqual({ text: '{"a":1}', isError: false });
  });

  it('[era 39] when it takes nothing but JSON', async () => {
    const client = await open({ capabilities: { elicitation: {} } });
    const call = client.call('ask', { inputRequests: { q: elicit } }, { accept: 'application/json' });
    expect(await resultOf(call)).toMatchObject({ isError: true });
  });
});

describe('a state without questions', () => {
  it('[era 41] is brought back after a while', async () => {
    const client = await open({});
    const started = performance.now();
    const { text } = await resultOf(client.call('ask', {}));
    expect(text).toBe(`{"inputResponses":null,"requestState":${STATE}}`);
    expect(performance.now() - started).toBeGreaterThan(240);
  });

  it('[era 41] is not brought back for ever', async () => {
    const client = await open({});
    const before = await callsSeen(client);
    expect(await resultOf(client.call('ask', { rounds: 0 }))).toMatchObject({ isError: true });
    expect(await callsSeen(client)).toBe(before + 1 + 8 + 1);
  });
});

describe('a URL', () => {
  it('[era 42] has an id of its own for a client of 2025-11-25', async () => {
    const client = await open({ capabilities: { elicitation: { url: {} } } });
    const call = client.call('ask', { inputRequests: { q: url } });
    const [question] = await questions(call);
    expect(question?.params).toEqual({
      ...url.params,
      elicitationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    await reply(client, question?.id, { result: { action: 'accept' } });
    expect(JSON.parse((await resultOf(call)).text).inputResponses).toEqual({ q: { action: 'accept' } });
  });
});

describe('cancelling while a question is open', () => {
  it('[era 46] takes the question back, asks the server nothing more, and a late answer is dropped', async () => {
    const client = await open({ capabilities: { elicitation: {} } });
    const before = await callsSeen(client);
    const call = client.call('ask', { inputRequests: { q: elicit } }, {}, 'mine');
    const [question] = await questions(call);
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'mine' } };
    expect((await client.post(cancelled).done()).status).toBe(202);
    await call.done();
    expect(call.messages.slice(-1)).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: question?.id } },
    ]);
    expect(await reply(client, question?.id, { result: { action: 'decline' } })).toBe(202);
    expect(await callsSeen(client)).toBe(before + 2);
  });
});
