import { setMaxListeners } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StartQueue } from '../../src/instance/start-queue.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);

/** Lets everything that can run, run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Enters and records under a name; leaves when told. */
function visitor(queue: StartQueue, log: string[], name: string, signal = never) {
  const entered = queue.enter(signal).then((leave) => {
    log.push(name);
    return leave;
  });
  entered.catch(() => log.push(`${name} gave up`));
  return entered;
}

describe('the queue of starts', () => {
  it('[fault 17] admits no more than its number at a time, first come first served', async () => {
    const queue = new StartQueue(2, 1000);
    const log: string[] = [];
    const [a, b] = ['a', 'b', 'c', 'd', 'e'].map((name) => visitor(queue, log, name));
    await settled();
    expect([log, queue.length]).toEqual([['a', 'b'], 3]);
    (await b)?.();
    await settled();
    expect([log, queue.length]).toEqual([['a', 'b', 'c'], 2]);
    (await a)?.();
    await settled();
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives one place back however often one leaves', async () => {
    const queue = new StartQueue(1, 1000);
    const log: string[] = [];
    const leave = await visitor(queue, log, 'a');
    visitor(queue, log, 'b').catch(() => undefined);
    visitor(queue, log, 'c').catch(() => undefined);
    leave();
    leave();
    leave();
    await settled();
    expect(log).toEqual(['a', 'b']);
  });

  it('lets one who gives up go at once, and serves the next', async () => {
    const queue = new StartQueue(1, 1000);
    const log: string[] = [];
    const leave = await visitor(queue, log, 'a');
    const abort = new AbortController();
    const waiting = visitor(queue, log, 'b', abort.signal);
    const next = visitor(queue, log, 'c');
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
    expect(queue.length).toBe(1);
    leave();
    await next;
    expect(log).toEqual(['a', 'b gave up', 'c']);
  });

  it('does not admit one who gave up before', async () => {
    const queue = new StartQueue(1, 1000);
    await expect(queue.enter(AbortSignal.abort())).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
    await expect(queue.enter(never)).resolves.toBeTypeOf('function');
  });

  it('fills more places at once, and fewer as they are given back', async () => {
    const queue = new StartQueue(1, 1000);
    const log: string[] = [];
    const enter = async (name: string) => {
      const leave = await queue.enter(never);
      log.push(name);
      return leave;
    };
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(enter);
    const leaveA = await a;
    queue.resize(3, 1000);
    const [leaveB, leaveC] = [await b, await c];
    expect([log, queue.length]).toEqual([['a', 'b', 'c'], 1]);
    queue.resize(1, 1000);
    leaveA?.();
    leaveB?.();
    await Promise.resolve();
    expect([log, queue.length]).toEqual([['a', 'b', 'c'], 1]);
    leaveC?.();
    await d;
    expect([log, queue.length]).toEqual([['a', 'b', 'c', 'd'], 0]);
  });

  it('giving up after admission takes nothing from anybody', async () => {
    const queue = new StartQueue(1, 1000);
    const abort = new AbortController();
    const leave = await queue.enter(never);
    const second = queue.enter(abort.signal);
    const third = queue.enter(never);
    leave();
    (await second)();
    abort.abort();
    await expect(third).resolves.toBeTypeOf('function');
    expect(queue.length).toBe(0);
  });

  it('refuses more than a thousand who wait', async () => {
    const queue = new StartQueue(1, 1000);
    for (let n = 0; n <= 1000; n += 1) void queue.enter(never);
    await settled();
    expect(queue.length).toBe(1000);
    await expect(queue.enter(never)).rejects.toMatchObject({ code: 'STARTS_FULL' });
  });

  it('lets in what nobody waits for only when nobody waits, and never instead of somebody', async () => {
    const queue = new StartQueue(2, 1000);
    const log: string[] = [];
    const late = (name: string): Promise<() => void> =>
      queue.enterLate(never).then((leave) => {
        log.push(name);
        return leave;
      });
    const [a, b] = [visitor(queue, log, 'a'), visitor(queue, log, 'b')];
    const [spare, other] = [late('spare'), late('other')];
    const c = visitor(queue, log, 'c');
    await settled();
    expect(log).toEqual(['a', 'b']);
    (await a)();
    await settled();
    expect(log).toEqual(['a', 'b', 'c']);
    (await b)();
    await settled();
    // One place is free, and half of them at most are for what nobody waits for.
    expect(log).toEqual(['a', 'b', 'c', 'spare']);
    // Whoever comes now is not kept waiting by it.
    const d = visitor(queue, log, 'd');
    await settled();
    expect(log).toEqual(['a', 'b', 'c', 'spare', 'd']);
    (await c)();
    (await d)();
    await settled();
    expect(log).toHaveLength(5);
    (await spare)();
    await settled();
    expect(log.at(-1)).toBe('other');
    (await other)();
  });

  it('lets what nobody waits for give up', async () => {
    const queue = new StartQueue(1, 1000);
    const leave = await queue.enter(never);
    const abort = new AbortController();
    const [given, kept] = [queue.enterLate(abort.signal), queue.enterLate(never)];
    abort.abort();
    await expect(given).rejects.toMatchObject({ code: 'STOPPING' });
    await expect(queue.enterLate(AbortSignal.abort())).rejects.toMatchObject({ code: 'STOPPING' });
    leave();
    await expect(kept).resolves.toBeTypeOf('function');
  });

  it('loses no place and admits in order, whoever leaves and gives up when', async () => {
    const step = fc.constantFrom('enter', 'leave', 'abort');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 40 }),
        async (places, steps) => {
          const queue = new StartQueue(places, 1000);
          const inside: (() => void)[] = [];
          const waiting: { n: number; abort: AbortController }[] = [];
          const admitted: number[] = [];
          let count = 0;
          for (const what of steps) {
            if (what === 'enter') {
              const entry = { n: (count += 1), abort: new AbortController() };
              waiting.push(entry);
              queue.enter(entry.abort.signal).then(
                (leave) => {
                  waiting.splice(waiting.indexOf(entry), 1);
                  admitted.push(entry.n);
                  return inside.push(leave);
                },
                () => waiting.splice(waiting.indexOf(entry), 1),
              );
            } else if (what === 'leave') inside.shift()?.();
            else waiting.at(-1)?.abort.abort();
            await settled();
            expect(inside.length).toBeLessThanOrEqual(places);
            if (inside.length < places) expect(waiting).toEqual([]);
            expect(queue.length).toBe(waiting.length);
          }
          expect(admitted).toEqual(admitted.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 50 },
    );
  });
});
