/** A stream that broke goes on where it broke, for its own session alone (2025-11-25 transports, Resumability). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { type RawExchange } from '../support/raw-exchange.ts';
import { callOf, StreamableClient } from '../support/streamable-client.ts';

let gateway: TestGateway;
const open = (version?: string) =>
  StreamableClient.open(gateway.port, '/echo', {
    capabilities: { sampling: {} },
    ...(version && { version }),
  });
const ids = (stream: RawExchange) => stream.events.map(({ id }) => id);
const STREAM = { accept: 'text/event-stream' };

beforeAll(async () => {
  gateway = await startGateway({ servers: { echo: runs(HOSTILE_SERVER) } });
});
afterAll(() => gateway.stop());

/** A complete stream of five notifications and the response. */
async function finished(client: StreamableClient): Promise<RawExchange> {
  const call = client.post(callOf('progress', { steps: 5 }, 'done', 'tok'));
  await call.done();
  return call;
}

describe('a POST stream that was cut', () => {
  it('[era 21] carries on with GET: what was missed, then the response when there is one, then its end', async () => {
    const client = await open();
    const call = client.call('ask', { method: 'sampling/createMessage' }, STREAM, 'cut');
    await call.until(() => call.messages.length === 1);
    call.reset();
    const missedQuestion = client.listen({ 'last-event-id': call.events[0]?.id });
    await missedQuestion.until(() => missedQuestion.messages.length === 1);
    expect(missedQuestion.events[0]).toEqual(call.events[1]);
    missedQuestion.reset();
    await client.post({ jsonrpc: '2.0', id: call.messages[0]?.id, result: { late: 1 } }).done();
    const back = client.listen({ 'last-event-id': call.events[1]?.id });
    await back.done();
    expect(back.messages).toEqual([{ jsonrpc: '2.0', id: 'cut', result: expect.anything() }]);
    expect(JSON.parse(await client.text('cancelledIds'))).toEqual([]);
  });

  it('carries on live on the connection that resumed it', async () => {
    const client = await open();
    const call = client.call('ask', { method: 'sampling/createMessage' }, STREAM, 'live');
    await call.until(() => call.messages.length === 1);
    call.reset();
    const back = client.listen({ 'last-event-id': call.events[1]?.id });
    await back.head();
    expect(back.events).toEqual([]);
    await client.post({ jsonrpc: '2.0', id: call.messages[0]?.id, result: {} }).done();
    await back.done();
    expect(back.messages.map(({ id }) => id)).toEqual(['live']);
  });

  it.each(['2025-03-26', '2025-06-18', '2025-11-25'])(
    'can be resumed after each of its events: exactly the rest (%s)',
    async (version) => {
      const client = await open(version);
      const call = await finished(client);
      expect(new Set(ids(call)).size).toBe(call.events.length);
      for (const [index, { id }] of call.events.entries()) {
        const back = client.listen({ 'last-event-id': id });
        expect((await back.done()).headers['content-type']).toBe('text/event-stream');
        expect(back.events).toEqual(call.events.slice(index + 1));
      }
    },
  );

  it('is taken over while its old connection still seems alive', async () => {
    const client = await open();
    const call = client.call('ask', { method: 'sampling/createMessage' }, STREAM, 'half-dead');
    await call.until(() => call.messages.length === 1);
    const back = client.listen({ 'last-event-id': call.events[0]?.id });
    await Promise.all([call.done(), back.until(() => back.messages.length === 1)]);
    await client.post({ jsonrpc: '2.0', id: call.messages[0]?.id, result: {} }).done();
    await back.done();
    expect([call.messages.length, back.messages.length]).toEqual([1, 2]);
  });

  it('[era 21] does not mix with another stream of the session', async () => {
    const client = await open();
    const [one, two] = [
      await finished(client),
      client.post(callOf('progress', { steps: 2 }, 'two', 'other'), STREAM),
    ];
    await two.done();
    const back = client.listen({ 'last-event-id': one.events[3]?.id });
    await back.done();
    expect(back.events).toEqual(one.events.slice(4));
    expect(back.body).not.toContain('other');
  });
});

describe('a listening stream that was cut', () => {
  it('carries on: what came meanwhile, in order, and then what comes', async () => {
    const client = await open();
    const quiet = (text: string) => client.call('log', { text }, { accept: 'application/json' }).done();
    const first = client.listen();
    await first.head();
    await quiet('one');
    await quiet('two');
    await first.until(() => first.messages.length === 2);
    first.reset();
    await gatewaySaw(first);
    await quiet('three');
    const back = client.listen({
      'last-event-id': first.events.find(({ data }) => data.includes('one'))?.id,
    });
    await back.until(() => back.messages.length === 2);
    await quiet('four');
    await back.until(() => back.messages.length === 3);
    expect(back.messages.map(({ params }) => params?.['data'])).toEqual(['two', 'three', 'four']);
    expect(new Set([...ids(first), ...ids(back)]).size).toBe(5);
    back.close();
  });

  it('that a newer one replaced gives what it had, and ends', async () => {
    const client = await open();
    const first = client.listen();
    await first.head();
    await client.call('log', { text: 'old' }, { accept: 'application/json' }).done();
    await first.until(() => first.messages.length === 1);
    const second = client.listen();
    await Promise.all([second.head(), first.done()]);
    const back = client.listen({ 'last-event-id': first.events[0]?.id });
    await back.done();
    expect(back.events).toEqual(first.events.slice(1));
    second.close();
  });
});

describe('an event that cannot be resumed from', () => {
  it('[fault 19] is refused with 400, however it is forged, and the session lives', async () => {
    const client = await open();
    await finished(client);
    const forged = [
      'x',
      '1',
      '1-',
      '-1',
      '1-1-1',
      '1-99',
      '99-1',
      '1.5-1',
      '0x1-1',
      '1-\u0661',
      '9'.repeat(400),
      `${'9'.repeat(20)}-1`,
    ];
    for (const id of forged) {
      const back = client.listen({ 'last-event-id': id });
      expect([id, (await back.done()).status]).toEqual([id, 400]);
      expect(JSON.parse(back.body)).toMatchObject({
        error: { code: -32000, data: { reason: 'event-unknown' } },
      });
    }
    expect(await client.text('echo')).toBe('{}');
  });

  it('an empty one is none: a new stream opens', async () => {
    const client = await open();
    const stream = client.listen({ 'last-event-id': '' });
    await stream.until(() => stream.events.length === 1);
    expect(stream.events[0]).toMatchObject({ id: '1-0', data: '' });
    stream.close();
  });

  it('[fault 19] of another session: nothing of that session, whoever asks', async () => {
    const [mine, other] = await Promise.all([open(), open()]);
    const secret = mine.call('log', { text: 'secret' }, STREAM);
    await secret.done();
    const empty = other.listen({ 'last-event-id': secret.events[0]?.id });
    expect((await empty.done()).status).toBe(400);
    const own = other.call('log', { text: 'own' }, STREAM);
    await own.done();
    const back = other.listen({ 'last-event-id': secret.events[0]?.id });
    await back.done();
    expect(back.events).toEqual(own.events.slice(1));
  });

  it('of a session that has ended: 404', async () => {
    const client = await open();
    const call = await finished(client);
    await client.end().done();
    expect((await client.listen({ 'last-event-id': call.events[0]?.id }).done()).status).toBe(404);
  });

  it('that the log no longer holds: 400, while later ones still work', async () => {
    await using small = await startGateway({
      http: { replayBytes: 600 },
      servers: { echo: runs(HOSTILE_SERVER) },
    });
    const client = await StreamableClient.open(small.port, '/echo');
    const call = client.post(callOf('progress', { steps: 40 }, 'many', 'tok'));
    await call.done();
    const answers = await Promise.all(
      call.events.map(async ({ id }, index) => {
        const back = client.listen({ 'last-event-id': id });
        const { status } = await back.done();
        if (status === 200) expect(back.events).toEqual(call.events.slice(index + 1));
        return status;
      }),
    );
    const held = answers.filter((status) => status === 200).length;
    expect(answers).toEqual([
      ...Array<number>(answers.length - held).fill(400),
      ...Array<number>(held).fill(200),
    ]);
    expect(held).toBeGreaterThan(1);
    expect(held).toBeLessThan(10);
  });

  it('of the oldest of very many streams: 400, so that a session cannot hold any number', async () => {
    const client = await open();
    const calls = [];
    for (let n = 0; n < 13; n += 1) {
      const some = Array.from({ length: 20 }, (_, k) => client.call('echo', {}, STREAM, `${n}-${k}`));
      await Promise.all(some.map((call) => call.done()));
      calls.push(...some);
    }
    const statusOf = async (call: RawExchange | undefined) =>
      (await client.listen({ 'last-event-id': call?.events[0]?.id }).done()).status;
    const oldest = calls.find((call) => call.events[0]?.id === '1-0');
    expect([await statusOf(oldest), await statusOf(calls.at(-1))]).toEqual([400, 200]);
  });
});

/** Resolves when the gateway has noticed that the connection is gone. */
async function gatewaySaw(exchange: RawExchange): Promise<void> {
  await exchange.closed();
  // The reset was sent before this request, on the same loopback.
  await (await fetch(`${gateway.url}/healthz`)).text();
}
