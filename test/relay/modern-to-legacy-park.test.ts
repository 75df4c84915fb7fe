import { describe, expect, it } from 'vitest';
import { ManualClock } from '../support/manual-clock.ts';
import {
  type Answer,
  ASKING,
  Bench,
  type CallOptions,
  pick,
  retryOf,
  said,
} from './modern-to-legacy-support.ts';

const ALL: CallOptions = { capabilities: { elicitation: {}, roots: {}, sampling: {} } };
const ACCEPT = { action: 'accept', content: { name: 'Ann', n: 1 } };
const ROOTS = { roots: [{ uri: 'file:///a' }] };
const INVALID = { code: -32602, message: 'requestState invalid or expired' };

function retry(
  bench: Bench,
  name: string,
  answer: Answer,
  answers: readonly unknown[],
  options: CallOptions = ALL,
): Promise<Answer> {
  return bench.tool(name, {}, options, retryOf(answer, answers));
}

describe('a question of a legacy server to a modern client', () => {
  it('[era 48] is an input_required; the retry goes on with the same call', async () => {
    await using bench = new Bench({ it: ASKING });
    const text = await bench.text('tools/call', { name: 'elicit', arguments: {} }, { ...ALL, id: 1 });
    expect(text).toContain('"big":9007199254740993');
    const first = JSON.parse(text) as Answer;
    expect(first).toMatchObject({
      id: 1,
      result: { resultType: 'input_required', requestState: expect.any(String) },
    });
    expect(pick(first, 'result', '_meta', 'io.modelcontextprotocol/serverInfo', 'name')).toBe('asking');
    expect(pick(first, 'result', 'inputRequests', 'r1-1')).toEqual({
      method: 'elicitation/create',
      params: {
        message: 'Name?',
        requestedSchema: { type: 'object', properties: {} },
        big: expect.any(Number),
      },
    });
    const second = await retry(bench, 'elicit', first, [ACCEPT], { ...ALL, id: '2' });
    expect(second).toMatchObject({ id: '2', result: { resultType: 'complete' } });
    expect(said(second)).toEqual(ACCEPT);
    expect(said(await bench.tool('runs', {}, ALL))).toBe(1);
    expect(bench.started).toBe(1);
  });

  it('[era 48] keeps the members of _meta that are not of the wire', async () => {
    await using bench = new Bench({ it: ASKING });
    const first = await bench.tool('elicit', { meta: { 'v.example/x': 1 } }, ALL);
    expect(pick(first, 'result', 'inputRequests', 'r1-1', 'params', '_meta')).toEqual({ 'v.example/x': 1 });
  });

  it('[era 48] may be followed by another, in a round of its own', async () => {
    await using bench = new Bench({ it: ASKING });
    const first = await bench.tool('chain', {}, ALL);
    const second = await retry(bench, 'chain', first, [ACCEPT]);
    expect(pick(second, 'result', 'inputRequests', 'r2-1', 'params', 'message')).toBe('And?');
    expect((await retry(bench, 'chain', first, [ACCEPT])).error).toEqual(INVALID);
    const third = await retry(bench, 'chain', second, [{ action: 'decline' }]);
    expect(said(third)).toEqual([ACCEPT, { action: 'decline' }]);
  });

  it('[era 48] is not touched by what its settled exchange still says', async () => {
    await using bench = new Bench({ it: ASKING });
    const { exchange, call, upstream } = await bench.send(
      'tools/call',
      { name: 'elicit', arguments: {} },
      ALL,
    );
    const first = JSON.parse(await exchange.text) as Answer;
    call.cancel('the client has gone');
    await upstream.end('CALL_CANCELLED');
    expect(said(await retry(bench, 'elicit', first, [ACCEPT]))).toEqual(ACCEPT);
  });

  it('[era 49] goes out together with others; what stays unanswered is asked again', async () => {
    await using bench = new Bench({ it: ASKING });
    const first = await bench.tool('twice', {}, ALL);
    expect(Object.keys(pick(first, 'result', 'inputRequests') as object)).toEqual(['r1-1', 'r1-2']);
    expect(pick(first, 'result', 'inputRequests', 'r1-2')).toEqual({ method: 'roots/list' });
    const second = await retry(bench, 'twice', first, [ACCEPT]);
    expect(pick(second, 'result', 'inputRequests')).toEqual({ 'r2-1': { method: 'roots/list' } });
    const third = await retry(bench, 'twice', second, [ROOTS]);
    expect(said(third)).toEqual([ACCEPT, ROOTS]);
    expect(said(await bench.tool('runs', {}, ALL))).toBe(1);
  });

  it('[era 50] [fault 44] is only answered by its principal, for the same call, with the very state', async () => {
    await using bench = new Bench({ it: ASKING, other: ASKING });
    const first = await bench.tool('elicit', { a: 1, b: 'é' }, ALL);
    const more = retryOf(first, [ACCEPT]);
    const { requestState } = more as { requestState: string };
    const flipped = (requestState[40] === 'A' ? 'B' : 'A') + requestState.slice(41);
    const attempts: Promise<Answer>[] = [
      bench.tool('elicit', { a: 1, b: 'é' }, ALL, {
        ...more,
        requestState: requestState.slice(0, 40) + flipped,
      }),
      bench.tool('elicit', { a: 1, b: 'é' }, ALL, { ...more, requestState: 5 }),
      bench.tool('elicit', { a: 1, b: 'é' }, { ...ALL, principal: 'bob' }, more),
      bench.tool('elicit', { a: 1, b: 'é' }, { ...ALL, server: 'other' }, more),
      bench.tool('elicit', { a: 2, b: 'é' }, ALL, more),
      bench.tool('plain', { a: 1, b: 'é' }, ALL, more),
    ];
    for (const answer of await Promise.all(attempts)) expect(answer.error).toEqual(INVALID);
    expect(said(await bench.tool('runs', {}, ALL))).toBe(1);
    // None of them spent it, and the same arguments count in any notation.
    expect(said(await bench.tool('elicit', { b: 'é', a: 1 }, ALL, more))).toEqual(ACCEPT);
  });

  it('[era 50] stays open when what comes back is no answer to it', async () => {
    await using bench = new Bench({ it: ASKING });
    const first = await bench.tool('elicit', {}, ALL);
    for (const wrong of [{ roots: [] }, 'accept', { action: 'maybe' }, null]) {
      expect((await retry(bench, 'elicit', first, [wrong])).error).toEqual(INVALID);
    }
    expect(said(await retry(bench, 'elicit', first, [ACCEPT]))).toEqual(ACCEPT);
  });

  it('[era 51] is cancelled, and the call with it, when the client does not come back', async () => {
    const clock = new ManualClock();
    await using bench = new Bench({ it: { ...ASKING, parkTtlMs: 1000 } }, clock);
    const sent = bench.send(
      'tools/call',
      { name: 'elicit', arguments: {} },
      { capabilities: { elicitation: {} } },
    );
    await bench.said('elicitation/create');
    clock.advance(25);
    const first = JSON.parse(await (await sent).exchange.text) as Answer;
    expect(pick(first, 'result', 'resultType')).toBe('input_required');
    clock.advance(1001);
    expect(clock.timers).toBe(0);
    const options: CallOptions = { capabilities: { elicitation: {} } };
    const events = said(await bench.tool('events', {}, options));
    const [call] = bench.lines
      .filter((line) => line.includes('"elicit"'))
      .map((line) => JSON.parse(line) as { id: number });
    expect(events).toEqual([{ answer: { action: 'cancel' } }, { cancelled: call?.id }]);
    expect((await retry(bench, 'elicit', first, [ACCEPT], options)).error).toEqual(INVALID);
  });

  it('[era 51] has no clock any more once the client is back', async () => {
    const clock = new ManualClock();
    await using bench = new Bench({ it: ASKING }, clock);
    const options: CallOptions = { capabilities: { elicitation: {} } };
    const sent = await bench.send('tools/call', { name: 'elicit', arguments: {} }, options);
    await bench.said('elicitation/create');
    clock.advance(25);
    const first = JSON.parse(await sent.exchange.text) as Answer;
    expect(clock.timers).toBe(1);
    expect(said(await retry(bench, 'elicit', first, [ACCEPT], options))).toEqual(ACCEPT);
    expect(clock.timers).toBe(0);
  });

  it('[era 51] outlasts the time that a call may take', async () => {
    await using bench = new Bench({ it: { ...ASKING, callTimeoutMs: 150 } });
    const first = await bench.tool('elicit', {}, ALL);
    const other = await bench.tool('wait', {}, ALL);
    expect(other.error?.message).toBe('!CALL_TIMEOUT');
    expect(said(await retry(bench, 'elicit', first, [ACCEPT]))).toEqual(ACCEPT);
  });

  it('[era 52] belongs to the first of two retries', async () => {
    await using bench = new Bench({ it: ASKING });
    const first = await bench.tool('elicit', {}, ALL);
    const both = await Promise.all([
      retry(bench, 'elicit', first, [ACCEPT]),
      retry(bench, 'elicit', first, [{ action: 'decline' }]),
    ]);
    expect(said(both[0])).toEqual(ACCEPT);
    expect(both[1].error).toEqual(INVALID);
    expect((await retry(bench, 'elicit', first, [ACCEPT])).error).toEqual(INVALID);
  });

  it('of calls that run at the same time goes out with one of them; all of them finish', async () => {
    await using bench = new Bench({ it: ASKING });
    const names = ['one', 'two', 'three'];
    const sent = await Promise.all(
      names.map((n) => bench.send('tools/call', { name: 'elicit', arguments: { n } }, ALL)),
    );
    const carrier = await Promise.race(
      sent.map(async ({ exchange }, n) => [n, JSON.parse(await exchange.text) as Answer] as const),
    );
    const answers = [1, 2, 3].map((n) => ({ action: 'accept', content: { n } }));
    const last = bench.tool('elicit', { n: names[carrier[0]] }, ALL, retryOf(carrier[1], answers));
    const others = sent
      .filter((_, n) => n !== carrier[0])
      .map(async ({ exchange }) => JSON.parse(await exchange.text) as Answer);
    const results = await Promise.all([last, ...others]);
    expect(results.map((answer) => pick(said(answer), 'content', 'n'))).toEqual(
      expect.arrayContaining([1, 2, 3]),
    );
  });

  it('is dropped when the server cancels it', async () => {
    await using bench = new Bench({ it: ASKING });
    const first = await bench.tool('withdraw', {}, ALL);
    expect(said(await retry(bench, 'withdraw', first, [ACCEPT]))).toEqual(ACCEPT);
  });

  it('keeps the result that came while it was parked', async () => {
    await using bench = new Bench({ it: ASKING });
    const first = await bench.tool('late', {}, ALL);
    await bench.said('without waiting');
    const second = await retry(bench, 'late', first, [ACCEPT]);
    expect(second.result?.['resultType']).toBe('complete');
    expect(said(second)).toBe('without waiting');
  });

  it('does not hold up a result that comes at once; the next call carries it', async () => {
    await using bench = new Bench({ it: ASKING });
    expect(said(await bench.tool('impatient', {}, ALL))).toBe('at once');
    const next = await bench.tool('plain', {}, ALL);
    expect(pick(next, 'result', 'resultType')).toBe('input_required');
    expect(said(await bench.tool('runs', {}, { capabilities: {} }))).toBe(0);
    expect(said(await retry(bench, 'plain', next, [ACCEPT]))).toEqual({});
  });

  it('fails its retry when the process has died meanwhile', async () => {
    await using bench = new Bench({ it: ASKING });
    const first = await bench.tool('elicit', {}, ALL);
    expect((await bench.tool('die', {}, ALL)).error?.message).toBe('!SERVER_EXITED');
    await bench.until(() => bench.events.some(({ type }) => type === 'instance.exited'));
    expect((await retry(bench, 'elicit', first, [ACCEPT])).error?.message).toBe('!SERVER_EXITED');
  });

  it('finds its call from whatever process the retry was led to', async () => {
    await using bench = new Bench({ it: ASKING });
    const first = await bench.tool('elicit', {}, { ...ALL, isolation: 'call 1' });
    expect(said(await retry(bench, 'elicit', first, [ACCEPT], { ...ALL, isolation: 'call 2' }))).toEqual(
      ACCEPT,
    );
    expect(bench.started).toBe(2);
    await bench.until(() => bench.pool.state().instances === 0);
  });

  it('is cancelled at once when 16 calls of the principal are parked', async () => {
    await using bench = new Bench({ it: ASKING });
    const asked: Answer[] = [];
    while (asked.length < 16) asked.push(await bench.tool('elicit', {}, ALL));
    expect(asked.every((answer) => pick(answer, 'result', 'resultType') === 'input_required')).toBe(true);
    expect(said(await bench.tool('elicit', {}, ALL))).toEqual({ action: 'cancel' });
    expect(said(await retry(bench, 'elicit', asked[3] as Answer, [ACCEPT]))).toEqual(ACCEPT);
    expect(pick(await bench.tool('elicit', {}, ALL), 'result', 'resultType')).toBe('input_required');
  });

  it('[era 58] has progress under the token of whoever waits', async () => {
    await using bench = new Bench({ it: ASKING });
    const { exchange } = await bench.send(
      'tools/call',
      { name: 'progress', arguments: {} },
      { ...ALL, meta: { progressToken: 'a' } },
    );
    const first = JSON.parse(await exchange.text) as Answer;
    expect(exchange.notifications).toEqual([
      expect.objectContaining({ params: { progressToken: 'a', progress: 1 } }),
    ]);
    const again = await bench.send(
      'tools/call',
      { name: 'progress', arguments: {}, ...retryOf(first, [ACCEPT]) },
      { ...ALL, meta: { progressToken: 7 } },
    );
    expect(said(JSON.parse(await again.exchange.text) as Answer)).toEqual(ACCEPT);
    expect(again.exchange.notifications).toEqual([
      expect.objectContaining({ params: { progressToken: 7, progress: 2 } }),
    ]);
  });
});
