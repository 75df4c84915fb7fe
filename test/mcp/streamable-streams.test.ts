/** Which stream a message goes to: exactly one, never two (2025-11-25 Multiple Connections). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { type RawExchange } from '../support/raw-exchange.ts';
import { answerOf, StreamableClient } from '../support/streamable-client.ts';

let gateway: TestGateway;
const open = () => StreamableClient.open(gateway.port, '/echo', { capabilities: { sampling: {} } });

beforeAll(async () => {
  gateway = await startGateway({ servers: { echo: runs(HOSTILE_SERVER) } });
});
afterAll(() => gateway.stop());

const logs = (stream: RawExchange) =>
  stream.messages
    .filter(({ method }) => method === 'notifications/message')
    .map(({ params }) => params?.['data']);
const methods = (stream: RawExchange) =>
  stream.messages.flatMap(({ method }) => (method === undefined ? [] : [method]));

describe('a message of the server that names no call', () => {
  it('one POST in flight: goes to it, even when the client listens', async () => {
    const client = await open();
    const stream = client.listen();
    await stream.head();
    const call = client.call('log', { text: 'mine' });
    await call.done();
    await endAfter(client, stream);
    expect([logs(call), logs(stream)]).toEqual([['mine'], []]);
  });

  it('[era 23] two POSTs in flight and a GET: goes to the GET, and nowhere else', async () => {
    const client = await open();
    const [stream, other] = [
      client.listen(),
      client.call('sleep', { ms: 60_000 }, { accept: 'text/event-stream' }, 'other'),
    ];
    await Promise.all([stream.head(), other.head()]);
    const call = client.call('log', { text: 'whose?' });
    expect((await call.done()).headers['content-type']).toContain('application/json');
    await stream.until(() => logs(stream).length > 0);
    await endAfter(client, stream, other);
    expect([logs(stream), logs(call), logs(other)]).toEqual([['whose?'], [], []]);
  });

  it('two POSTs in flight and no GET: goes to the newest', async () => {
    const client = await open();
    const other = client.call('sleep', { ms: 60_000 }, { accept: 'text/event-stream' }, 'other');
    await other.head();
    const call = client.call('log', { text: 'newest' });
    await call.done();
    await endAfter(client, other);
    expect([logs(call), logs(other)]).toEqual([['newest'], []]);
  });

  it('the newest takes only JSON: goes to the one before', async () => {
    const client = await open();
    const other = client.call('sleep', { ms: 60_000 }, { accept: 'text/event-stream' }, 'other');
    await other.head();
    const call = client.call('log', { text: 'older' }, { accept: 'application/json' });
    await call.done();
    await endAfter(client, other);
    expect(logs(other)).toEqual(['older']);
    expect(answerOf(call).result).toBeDefined();
  });

  it('the only POST takes only JSON: goes to the GET', async () => {
    const client = await open();
    const stream = client.listen();
    await stream.head();
    const asked = client.call('ask', { method: 'sampling/createMessage' }, { accept: 'application/json' });
    await stream.until(() => methods(stream).includes('sampling/createMessage'));
    const question = stream.messages.find(({ method }) => method === 'sampling/createMessage');
    await client.post({ jsonrpc: '2.0', id: question?.id, result: { model: 'heard' } }).done();
    await asked.done();
    expect(asked.body).toContain('heard');
    await endAfter(client, stream);
  });

  it('progress: goes to its own call, whoever else there is', async () => {
    const client = await open();
    const [stream, other] = [
      client.listen(),
      client.call('sleep', { ms: 60_000 }, { accept: 'text/event-stream' }, 'other'),
    ];
    await Promise.all([stream.head(), other.head()]);
    const calls = ['a', 'b'].map((token) =>
      client.post({
        jsonrpc: '2.0',
        id: token,
        method: 'tools/call',
        params: { name: 'progress', arguments: { steps: 3 }, _meta: { progressToken: token } },
      }),
    );
    await Promise.all(calls.map((call) => call.done()));
    await endAfter(client, stream, other);
    expect(
      calls.map((call) => call.messages.flatMap(({ params }) => params?.['progressToken'] ?? [])),
    ).toEqual([
      ['a', 'a', 'a'],
      ['b', 'b', 'b'],
    ]);
    expect([methods(stream), methods(other)]).toEqual([[], []]);
  });
});

describe('a message when nobody listens', () => {
  it('waits, in order, for the stream that the client opens', async () => {
    const client = await open();
    for (const text of ['one', 'two', 'three'])
      await client.call('log', { text }, { accept: 'application/json' }).done();
    const stream = client.listen();
    await stream.until(() => logs(stream).length === 3);
    await endAfter(client, stream);
    expect(logs(stream)).toEqual(['one', 'two', 'three']);
    expect(stream.events[0]?.data).toBe('');
  });

  it('waits for the next call that can carry it', async () => {
    const client = await open();
    await client.call('log', { text: 'early' }, { accept: 'application/json' }).done();
    const call = client.call('echo', {});
    await call.done();
    expect(logs(call)).toEqual(['early']);
    expect(answerOf(call).result).toBeDefined();
  });

  it('waits as a question, too, and can be answered', async () => {
    const client = await open();
    await askWithoutCall(client);
    const stream = client.listen();
    await stream.until(() => methods(stream).includes('sampling/createMessage'));
    const question = stream.messages.find(({ method }) => method !== undefined);
    await client.post({ jsonrpc: '2.0', id: question?.id, result: {} }).done();
    await endAfter(client, stream);
    expect(methods(stream)).toEqual(['sampling/createMessage']);
  });

  it('waits no longer once the server has taken its question back', async () => {
    const client = await open();
    await askWithoutCall(
      client,
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q"}}\n',
    );
    const stream = client.listen();
    await stream.until(() => methods(stream).length === 2);
    expect(methods(stream)).toEqual(['sampling/createMessage', 'notifications/cancelled']);
    expect(
      stream.messages.find(({ method }) => method === 'notifications/cancelled')?.params?.['requestId'],
    ).toBe(stream.messages.find(({ method }) => method === 'sampling/createMessage')?.id);
    stream.close();
  });

  it('keeps a thousand at most', async () => {
    const client = await open();
    const raw = Array.from(
      { length: 1200 },
      (_, n) => `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":${n}}}\n`,
    ).join('');
    await client.call('write', { raw }, { accept: 'application/json' }).done();
    const stream = client.listen();
    await stream.until(() => logs(stream).length === 1000);
    await endAfter(client, stream);
    expect(logs(stream)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  });
});

describe('the listening stream', () => {
  it('[era 26] a second GET takes over: the first ends, and only the second is told anything', async () => {
    const client = await open();
    const first = client.listen();
    await first.head();
    const second = client.listen();
    await Promise.all([second.head(), first.done()]);
    await client.call('log', { text: 'for the second' }, { accept: 'application/json' }).done();
    await second.until(() => logs(second).length > 0);
    await endAfter(client, second);
    expect([logs(first), logs(second)]).toEqual([[], ['for the second']]);
  });

  it('never carries a response', async () => {
    const client = await open();
    const stream = client.listen();
    await stream.head();
    await Promise.all(Array.from({ length: 10 }, (_, n) => client.text('echo', { n })));
    await endAfter(client, stream);
    expect(stream.messages).toEqual([]);
  });

  it('is not the stream of another session', async () => {
    const [client, other] = await Promise.all([open(), open()]);
    const [mine, theirs] = [client.listen(), other.listen()];
    await Promise.all([mine.head(), theirs.head()]);
    await client
      .call('notify', { method: 'notifications/tools/list_changed' }, { accept: 'application/json' })
      .done();
    await mine.until(() => methods(mine).length > 0);
    await endAfter(other, theirs);
    expect([methods(mine), methods(theirs)]).toEqual([['notifications/tools/list_changed'], []]);
    mine.close();
  });
});

describe('a client that disconnects', () => {
  it.each([
    ['before the head', {}],
    ['from a stream', { accept: 'text/event-stream' }],
  ])('[era 22] %s has not cancelled: the server hears nothing and works on', async (_when, headers) => {
    const client = await open();
    const known = gateway.events.length;
    const call = client.call('sleep', { ms: 200 }, headers, 'left');
    await call.until(() => ('accept' in headers ? call.received > 0 : !call.socket.connecting));
    expect(await client.text('echo')).toBe('{}');
    call.reset();
    const settled = await gateway.event(
      'call.settled',
      (event) => gateway.events.indexOf(event) >= known && event.tookMs >= 190,
    );
    expect(settled.outcome).toBe('ok');
    expect(JSON.parse(await client.text('cancelledIds'))).toEqual([]);
    expect(await client.text('seen')).not.toContain('cancelled');
    const again = client.call('echo', {}, {}, 'left');
    expect((await again.done()).status).toBe(200);
  });
});

/** Ends the session; resolves when its streams have said all that they ever will. */
async function endAfter(client: StreamableClient, ...streams: RawExchange[]): Promise<void> {
  await client.text('echo');
  await client.end().done();
  await Promise.all(streams.map((stream) => stream.done()));
}

/** Has the server ask while no call is in flight: its answer to the call comes before the question. */
async function askWithoutCall(client: StreamableClient, more = ''): Promise<void> {
  const key = (JSON.parse(await client.text('raw')) as { id: number }).id + 1;
  const question = '{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{}}\n';
  await client
    .call('write', { raw: `{"jsonrpc":"2.0","id":${key},"result":{"content":[]}}\n${question}${more}` })
    .done();
}
