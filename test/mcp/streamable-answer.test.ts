/** JSON or an event stream: what the client accepts, and what the server says first. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { RawExchange } from '../support/raw-exchange.ts';
import { answerOf, BOTH, callOf, initialize, StreamableClient } from '../support/streamable-client.ts';

let gateway: TestGateway;
let client: StreamableClient;

beforeAll(async () => {
  gateway = await startGateway({
    servers: { echo: runs(HOSTILE_SERVER), slow: runs(HOSTILE_SERVER, '--slow-init=2300') },
  });
  client = await StreamableClient.open(gateway.port, '/echo', { capabilities: { sampling: {} } });
});
afterAll(() => gateway.stop());

async function typeOf(call: RawExchange): Promise<string | undefined> {
  return (await call.done()).headers['content-type']?.split(';')[0];
}

describe('what the client accepts', () => {
  it.each([
    ['nothing said', undefined, 'application/json', 'text/event-stream'],
    ['anything', '*/*', 'application/json', 'text/event-stream'],
    ['both', BOTH, 'application/json', 'text/event-stream'],
    [
      'both, with weights',
      'text/event-stream;q=0.9, application/json;q=0.1',
      'application/json',
      'text/event-stream',
    ],
    ['both, by range', 'application/*, text/*', 'application/json', 'text/event-stream'],
    ['only JSON', 'application/json', 'application/json', 'application/json'],
    [
      'JSON, a stream refused',
      'application/json, text/event-stream;q=0',
      'application/json',
      'application/json',
    ],
    ['only a stream', 'text/event-stream', 'text/event-stream', 'text/event-stream'],
    ['a stream, JSON refused', '*/*, application/json;q=0', 'text/event-stream', 'text/event-stream'],
  ])('%s: %s', async (_what, accept, quiet, talkative) => {
    expect(await typeOf(client.call('echo', {}, { accept }))).toBe(quiet);
    const call = client.call('log', { text: 'before the answer' }, { accept });
    expect(await typeOf(call)).toBe(talkative);
    expect(answerOf(call).result).toEqual({ content: [{ type: 'text', text: 'logged' }] });
    expect(call.body.includes('before the answer')).toBe(talkative === 'text/event-stream');
  });

  it('only JSON: the server hears at once that it cannot ask', async () => {
    const mute = await StreamableClient.open(gateway.port, '/echo', { capabilities: { sampling: {} } });
    const call = mute.call(
      'ask',
      { method: 'sampling/createMessage', params: {} },
      { accept: 'application/json' },
    );
    expect(await typeOf(call)).toBe('application/json');
    expect(answerOf(call).result?.['content']).toEqual([
      { type: 'text', text: expect.stringContaining('-32601') },
    ]);
  });

  it('only JSON: progress is dropped, and the answer is exact', async () => {
    const call = client.post(callOf('progress', { steps: 5 }, '\u00fc', 'tok'), {
      accept: 'application/json',
    });
    await call.done();
    expect(call.body).toBe(
      '{"jsonrpc":"2.0","id":"\u00fc","result":{"content":[{"type":"text","text":"done"}]}}',
    );
  });

  it('only JSON: a cancelled call ends with 202 and nothing', async () => {
    const call = client.call('sleep', { ms: 60_000 }, { accept: 'application/json' }, 'json-cancel');
    await cancel('json-cancel');
    expect((await call.done()).status).toBe(202);
    expect(call.body).toBe('');
  });
});

describe('what the server says first', () => {
  it('a question: a stream that carries it, and the response after the answer', async () => {
    const call = client.call('ask', { method: 'sampling/createMessage', params: { maxTokens: 1 } });
    await call.until(() => call.messages.length > 0);
    const [question] = call.messages;
    expect(question).toMatchObject({ method: 'sampling/createMessage', params: { maxTokens: 1 } });
    const answered = client.post({ jsonrpc: '2.0', id: question?.id, result: { model: 'm', big: 1 } });
    expect((await answered.done()).status).toBe(202);
    await call.done();
    expect(answerOf(call).result?.['content']).toEqual([
      { type: 'text', text: expect.stringContaining('"model":"m"') },
    ]);
    expect(call.messages).toHaveLength(2);
  });

  it('a second answer to the same question is accepted and dropped', async () => {
    const call = client.call('ask', { method: 'sampling/createMessage' });
    await call.until(() => call.messages.length > 0);
    const answer = { jsonrpc: '2.0', id: call.messages[0]?.id, result: {} };
    for (let n = 0; n < 2; n += 1) expect((await client.post(answer).done()).status).toBe(202);
    await call.done();
    expect(await client.text('echo', { still: 1 })).toBe('{"still":1}');
  });

  it('progress whose last comes with the result: all of it, in order, before the response', async () => {
    const call = client.post(callOf('progress', { steps: 4 }, 'p', 7));
    await call.done();
    expect(call.messages.map(({ params, id }) => params?.['progress'] ?? id)).toEqual([1, 2, 3, 4, 'p']);
    expect(call.messages[0]?.params?.['progressToken']).toBe(7);
  });

  it('an error: JSON, with the server\u2019s own code and data, and status 200', async () => {
    const call = client.call('refuse', { code: -32050, message: 'no', data: { why: 1 } });
    expect((await call.done()).status).toBe(200);
    expect(answerOf(call).error).toEqual({ code: -32050, message: 'no', data: { why: 1 } });
  });

  it('nothing for two seconds: the head of a stream, and later the response on it', async () => {
    const startedMs = performance.now();
    const call = client.call('sleep', { ms: 2400 });
    const opening = new RawExchange(gateway.port, {
      path: '/slow',
      headers: { accept: BOTH },
      body: initialize(),
    });
    const [head, opened] = await Promise.all([call.head(), opening.head()]);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1900);
    expect(head.headers['content-type']).toBe('text/event-stream');
    expect(opened.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'mcp-session-id': expect.any(String),
    });
    expect([call.messages, opening.messages]).toEqual([[], []]);
    await Promise.all([call.done(), opening.done()]);
    expect(answerOf(call).result?.['content']).toEqual([{ type: 'text', text: 'slept' }]);
    expect(answerOf(opening).result?.['protocolVersion']).toBe('2025-11-25');
  });

  it('a result larger than any buffer, on a stream: the next call is answered all the same', async () => {
    const bytes = 12 * 1024 * 1024;
    const call = client.call('big', { bytes }, { accept: 'text/event-stream' });
    await call.head();
    call.socket.pause();
    setTimeout(() => call.socket.resume(), 50);
    await call.until(() => call.received > bytes && call.raw.endsWith('0\r\n\r\n'));
    call.close();
    expect(await client.text('echo', { next: 1 })).toBe('{"next":1}');
  });
});

describe('the priming event', () => {
  it('[era 20] comes first on POST and GET streams of 2025-11-25: an id, a retry time, no data', async () => {
    for (const stream of [client.call('log', { text: 'x' }), client.listen()]) {
      await stream.until(() => stream.body.includes('\n\n'));
      expect(stream.body).toMatch(/^id: \d+-0\nretry: 1000\ndata: \n\n/);
      stream.close();
    }
  });

  it.each(['2025-03-26', '2025-06-18'])('[era 20] does not come for %s, but ids do', async (version) => {
    const older = await StreamableClient.open(gateway.port, '/echo', { version });
    const stream = older.listen();
    await stream.head();
    const call = older.post([callOf('log', { text: 'x' }, 1)].at(0));
    await call.done();
    expect(call.events.map(({ id }) => id)).toEqual(['2-1', '2-2']);
    expect(call.events.every(({ data }) => data !== '')).toBe(true);
    expect(stream.body).toBe('');
    stream.close();
  });

  it('does not come with the answer of initialize, whose version is not settled yet', async () => {
    const opening = new RawExchange(gateway.port, {
      path: '/echo',
      headers: { accept: 'text/event-stream' },
      body: initialize(),
    });
    await opening.done();
    expect(opening.events.map(({ id, event }) => ({ id, event }))).toEqual([{ id: '1-1', event: 'message' }]);
  });
});

describe('cancelling', () => {
  it('ends the answer without a result or an event, and tells the server its own id', async () => {
    const call = client.call('sleep', { ms: 60_000 }, {}, 'slow');
    await cancel('slow');
    expect((await call.done()).headers['content-type']).toBe('text/event-stream');
    expect(call.body).toBe('');
    expect(JSON.parse(await client.text('cancelledIds'))).not.toContain('"slow"');
  });

  it('ends a stream that has begun', async () => {
    const call = client.call('sleep', { ms: 60_000 }, { accept: 'text/event-stream' }, 'begun');
    await call.until(() => call.events.length === 1);
    await cancel('begun');
    await call.done();
    expect(call.messages).toEqual([]);
    const back = client.listen({ 'last-event-id': call.events[0]?.id });
    expect((await back.done()).status).toBe(400);
  });

  it('frees the id', async () => {
    const call = client.call('sleep', { ms: 60_000 }, {}, 'again');
    await cancel('again');
    await call.done();
    const second = client.call('echo', {}, {}, 'again');
    await second.done();
    expect(answerOf(second)).toMatchObject({ id: 'again', result: {} });
  });
});

async function cancel(requestId: string): Promise<void> {
  // The call must have reached the server: it reads in order.
  await client.text('echo');
  expect(
    (await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }).done())
      .status,
  ).toBe(202);
}
