import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Open, type OpenedClient, type Progress, textOf } from './mcp-body-client.ts';
import { sharedClient } from './mcp-body-shared.ts';
import type { Traits } from './mcp-body-traits.ts';

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

export function runningBody(open: Open, traits: Traits): void {
  const client = sharedClient(open);

  // SDK clients drop progress that arrives in one chunk with the result: the wire is the witness, callbacks a prefix.
  it('delivers progress with total and message, in order and before the result', async () => {
    const got: Progress[] = [];
    const onprogress = (progress: Progress) => got.push(progress);
    const result = await client().callTool('progress', { steps: 5, label: 'ordered' }, { onprogress });
    expect(textOf(result)).toBe('ordered done');
    const expected = [1, 2, 3, 4, 5].map((step) => ({
      progress: step,
      total: 5,
      message: `ordered ${step}`,
    }));
    expect(got).toEqual(expected.slice(0, got.length));
    expect(linesOf(client(), 'ordered')).toEqual([...expected.map(({ message }) => message), 'ordered done']);
  });

  it('sends no progress to a call that did not ask', async () => {
    expect(textOf(await client().callTool('progress', { steps: 3, label: 'unasked' }))).toBe('unasked done');
    expect(linesOf(client(), 'unasked')).toEqual(['unasked done']);
  });

  it('gives each of several running calls its own progress', async () => {
    const labels = ['p', 'q', 'r', 's'];
    const strangers: Progress[] = [];
    await Promise.all(
      labels.map((label) => {
        const onprogress = (progress: Progress) => {
          if (!progress.message?.startsWith(label)) strangers.push(progress);
        };
        return client().callTool('progress', { steps: 4, label }, { onprogress });
      }),
    );
    expect(strangers).toEqual([]);
    const seen = client().wire.notifications('notifications/progress');
    const tokens = labels.map((label) => {
      const own = seen.filter(
        ({ message }) => typeof message === 'string' && message.startsWith(`${label} `),
      );
      expect(own.map(({ progress }) => progress)).toEqual([1, 2, 3, 4]);
      return new Set(own.map(({ progressToken }) => progressToken));
    });
    expect(tokens.map((set) => set.size)).toEqual([1, 1, 1, 1]);
    expect(new Set(tokens.flatMap((set) => [...set])).size).toBe(labels.length);
  });

  it.each([{ token: 'tök-1' }, { token: 987_654_321 }])(
    'keeps the progress token $token',
    async ({ token }) => {
      const params = {
        name: 'progress',
        arguments: { steps: 2, label: 'raw' },
        _meta: { progressToken: token },
      };
      const id = `raw-${token}`;
      await client().send({ jsonrpc: '2.0', id, method: 'tools/call', params });
      await client().wire.answer(id);
      const tokens = client()
        .wire.notifications('notifications/progress')
        .map((progress) => progress['progressToken']);
      expect(tokens.filter((seen) => seen === token)).toHaveLength(2);
    },
  );

  it('tells the server that a call was cancelled, and why', async () => {
    const abort = new AbortController();
    const { onprogress, started } = startSignal();
    const key = randomUUID();
    const call = client().callTool('hang', { key }, { signal: abort.signal, onprogress });
    await started;
    abort.abort('not needed any more');
    await expect(call).rejects.toThrow();
    expect(textOf(await client().callTool('abortOf', { key }))).toContain(traits.cancelReason);
  });

  it('tells the server that a call timed out', async () => {
    const key = randomUUID();
    await expect(client().callTool('hang', { key }, { timeout: 60 })).rejects.toThrow(/timed out/i);
    expect(textOf(await client().callTool('abortOf', { key }))).toMatch(/./);
  });

  it('cancels only the call that is meant', async () => {
    const abort = new AbortController();
    const { onprogress, started } = startSignal();
    const cancelled = client().callTool('hang', { key: randomUUID() }, { signal: abort.signal, onprogress });
    const kept = client().callTool('meet', { room: 'kept', count: 2, value: 'first' });
    await started;
    abort.abort();
    await expect(cancelled).rejects.toThrow();
    expect(textOf(await client().callTool('meet', { room: 'kept', count: 2, value: 'second' }))).toBe(
      'second',
    );
    expect(textOf(await kept)).toBe('first');
  });

  it('ignores the cancellation of a call that nobody made', async () => {
    await client().send({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 'nobody', reason: 'x' },
    });
    expect(textOf(await client().callTool('text'))).toBe('plain');
  });

  it.each(LEVELS)('logs no less severe than it should before a level is set: %s', async (level) => {
    await client().callTool('log', { level, data: `unset: ${level}` });
    const heard = client()
      .wire.notifications('notifications/message')
      .some(({ data }) => data === `unset: ${level}`);
    const { logsFrom } = traits;
    expect(heard).toBe(logsFrom !== undefined && LEVELS.indexOf(level) >= LEVELS.indexOf(logsFrom));
  });

  it.each(LEVELS)('delivers log messages of level %s', async (level) => {
    if (traits.logsFrom !== 'debug') await client().setLoggingLevel('debug');
    const data = { what: level, list: [1.5, null, 'é'] };
    await client().callTool('log', { level, data });
    expect(await client().wire.notified('notifications/message', { data })).toEqual({
      level,
      logger: 'full',
      data,
    });
  });

  it('honours the log level that was set', async () => {
    await client().setLoggingLevel('error');
    await client().callTool('logFiltered', { level: 'warning', data: 'level: below' });
    await client().callTool('logFiltered', { level: 'error', data: 'level: at' });
    await client().setLoggingLevel('debug');
    await client().callTool('logFiltered', { level: 'debug', data: 'level: lowered' });
    await client().wire.notified('notifications/message', { data: 'level: lowered' });
    const heard = client()
      .wire.notifications('notifications/message')
      .map(({ data }) => data)
      .filter((data) => typeof data === 'string' && data.startsWith('level: '));
    expect(heard).toEqual(['level: at', 'level: lowered']);
  });
}

/** The progress messages and the result text that arrived with `label`, in order of arrival. */
function linesOf(client: OpenedClient, label: string): unknown[] {
  return client.wire.messages
    .map(({ params, result }) => {
      const [first] = (result?.['content'] ?? []) as { text?: string }[];
      return params?.['message'] ?? first?.text;
    })
    .filter((line) => typeof line === 'string' && line.startsWith(label));
}

/** `hang` reports progress when it runs: only then can a cancellation not overtake it. */
function startSignal(): { onprogress: () => void; started: Promise<void> } {
  const running = new EventTarget();
  return {
    onprogress: () => running.dispatchEvent(new Event('start')),
    started: new Promise((resolve) => running.addEventListener('start', () => resolve(), { once: true })),
  };
}
