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

const ROOTED = { args: [...ASKING.args, '--roots'] };
const ROOTS = { roots: [{ uri: 'file:///a' }] };
const shared = (principal: string): CallOptions => ({
  principal,
  isolation: 'shared',
  capabilities: { sampling: {} },
});
const WITH_ROOTS: CallOptions = { capabilities: { roots: {} } };

describe('what a legacy server asks while no call is there to ask of', () => {
  it('[era 53] is asked of the first call, which then runs once', async () => {
    await using bench = new Bench({ it: ROOTED });
    expect(pick(await bench.ask('tools/list', {}, WITH_ROOTS), 'result', 'resultType')).toBe('complete');
    const first = await bench.tool('plain', {}, WITH_ROOTS);
    expect(pick(first, 'result', 'inputRequests')).toEqual({ 'r1-1': { method: 'roots/list' } });
    expect(bench.written('tools/call')).toEqual([]);
    const second = await bench.tool('plain', {}, WITH_ROOTS, retryOf(first, [ROOTS]));
    expect(second.result?.['resultType']).toBe('complete');
    expect(said(await bench.tool('roots', {}, WITH_ROOTS))).toEqual(ROOTS);
    expect(said(await bench.tool('runs', {}, WITH_ROOTS))).toBe(1);
  });

  it('[era 53] is asked again of a client that does not answer it', async () => {
    await using bench = new Bench({ it: ROOTED });
    const first = await bench.tool('plain', {}, WITH_ROOTS);
    const second = await bench.tool('plain', {}, WITH_ROOTS, retryOf(first, []));
    expect(pick(second, 'result', 'inputRequests')).toEqual({ 'r2-1': { method: 'roots/list' } });
    expect(bench.written('tools/call')).toEqual([]);
    expect(said(await bench.tool('plain', {}, WITH_ROOTS, retryOf(second, [ROOTS])))).toEqual({});
  });

  it('[era 53] goes to one call only', async () => {
    await using bench = new Bench({ it: ROOTED });
    const answers = await Promise.all([
      bench.tool('plain', {}, WITH_ROOTS),
      bench.tool('plain', {}, WITH_ROOTS),
    ]);
    expect(new Set(answers.map((answer) => pick(answer, 'result', 'resultType')))).toEqual(
      new Set(['complete', 'input_required']),
    );
  });

  it('is refused after a minute', async () => {
    const clock = new ManualClock();
    await using bench = new Bench({ it: ROOTED }, clock);
    await bench.ask('tools/list', {}, WITH_ROOTS);
    clock.advance(60_000);
    expect(clock.timers).toBe(0);
    await bench.until(() => bench.lines.some((line) => line.includes('-32603')));
    expect(said(await bench.tool('plain', {}, WITH_ROOTS))).toEqual({});
  });

  it('leaves no timer behind when the process ends', async () => {
    const clock = new ManualClock();
    await using bench = new Bench({ it: ROOTED }, clock);
    await bench.ask('tools/list', {}, WITH_ROOTS);
    expect(clock.timers).toBe(1);
    await bench.pool.stop(true);
    expect(clock.timers).toBe(0);
  });
});

describe('what a legacy server may ask', () => {
  it('[era 59] ping is answered by the gateway', async () => {
    await using bench = new Bench({ it: {} });
    const answer = await bench.tool('ask', { method: 'ping' }, WITH_ROOTS);
    expect(pick(answer, 'result', 'content', 0, 'text')).toMatch(/"result":\{\}/);
  });

  it.each([
    ['sampling/createMessage', { maxTokens: 1 }, {}, -32601],
    ['roots/list', {}, { sampling: {} }, -32601],
    ['elicitation/create', {}, { roots: {} }, -32601],
    ['vendor/question', {}, { roots: {} }, -32601],
    ['elicitation/create', { mode: 'url', url: 'https://example.com/' }, { elicitation: {} }, -32602],
    ['elicitation/create', { mode: 'form' }, { elicitation: { url: {} } }, -32602],
    ['sampling/createMessage', { tools: [] }, { sampling: {} }, -32602],
  ])('[era 59] %s %j of a client with %j is refused at once', async (method, params, capabilities, code) => {
    await using bench = new Bench({ it: {} });
    const answer = await bench.tool('ask', { method, params }, { capabilities });
    expect(answer.result?.['resultType']).toBe('complete');
    expect(pick(said(answer), 'error', 'code')).toBe(code);
  });

  it.each([
    [
      'elicitation/create',
      { mode: 'url', url: 'https://example.com/' },
      { elicitation: { url: {} } },
      { action: 'accept' },
    ],
    [
      'sampling/createMessage',
      { tools: [] },
      { sampling: { tools: {} } },
      { role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' },
    ],
  ])('%s %j of a client with %j is put to it', async (method, params, capabilities, answer) => {
    await using bench = new Bench({ it: {} });
    const first = await bench.tool('ask', { method, params }, { capabilities });
    expect(pick(first, 'result', 'inputRequests', 'r1-1')).toEqual({ method, params });
    const second = await bench.tool('ask', { method, params }, { capabilities }, retryOf(first, [answer]));
    expect(pick(said(second), 'result')).toEqual(answer);
  });

  it('[fault 44] is answered at once when it cannot be told whom it asks', async () => {
    await using bench = new Bench({ it: {} });
    const waiting = await bench.send(
      'tools/call',
      { name: 'sleep', arguments: { ms: 60_000 } },
      shared('alice'),
    );
    const answer = await bench.tool('ask', { method: 'sampling/createMessage' }, shared('bob'));
    expect(pick(said(answer), 'error', 'code')).toBe(-32603);
    waiting.call.cancel('done');
  });

  it('is asked of the most recent of several calls of one principal', async () => {
    await using bench = new Bench({ it: ASKING });
    const options: CallOptions = { capabilities: { elicitation: {} } };
    const waiting = await bench.send('tools/call', { name: 'wait', arguments: {} }, options);
    expect(pick(await bench.tool('elicit', {}, options), 'result', 'resultType')).toBe('input_required');
    expect(waiting.exchange.isSettled).toBe(false);
    waiting.call.cancel('done');
  });
});

describe('[era 54] a call that ends because its user must visit a page', () => {
  it('is made again by the retry', async () => {
    await using bench = new Bench({ it: ASKING });
    const options: CallOptions = { capabilities: { elicitation: { url: {} } } };
    const first = await bench.tool('url', {}, options);
    expect(pick(first, 'result', 'inputRequests')).toEqual({
      'r1-1': {
        method: 'elicitation/create',
        params: { mode: 'url', url: 'https://example.com/', message: 'Sign in.' },
      },
    });
    const stranger = await bench.tool(
      'url',
      {},
      { ...options, principal: 'bob', isolation: 'principal alice' },
      retryOf(first, [{ action: 'accept' }]),
    );
    expect(stranger.error?.code).toBe(-32602);
    const second: Answer = await bench.tool('url', {}, options, retryOf(first, [{ action: 'accept' }]));
    expect(said(second)).toBe('signed in');
    expect(
      bench.lines
        .filter((line) => line.includes('"tools/call"'))
        .every((line) => !line.includes('requestState')),
    ).toBe(true);
  });

  it('[era 50] is not made again by a retry that comes too late', async () => {
    const clock = new ManualClock();
    await using bench = new Bench({ it: { ...ASKING, parkTtlMs: 1000 } }, clock);
    const options: CallOptions = { capabilities: { elicitation: { url: {} } } };
    const first = await bench.tool('url', {}, options);
    clock.advance(1000);
    const { error } = await bench.tool('url', {}, options, retryOf(first, [{ action: 'accept' }]));
    expect(error?.code).toBe(-32602);
    expect(said(await bench.tool('runs', {}, options))).toBe(1);
  });

  it('fails for a client that opens no pages', async () => {
    await using bench = new Bench({ it: ASKING });
    const { error } = await bench.tool('url', {}, { capabilities: { elicitation: {} } });
    expect(error?.code).toBe(-32021);
    expect(error?.data).toEqual({ requiredCapabilities: { elicitation: { url: {} } } });
  });
});
