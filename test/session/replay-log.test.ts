import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBuffers } from '../../src/protocol/payload.ts';
import { ReplayLog } from '../../src/session/replay-log.ts';

function texts(log: ReplayLog, seq: number): string[] | undefined {
  return log.after(seq)?.map(({ payload }) => Buffer.concat(toBuffers(payload)).toString());
}

function logOf(maxBytes: number, ...events: string[]): ReplayLog {
  const log = new ReplayLog(maxBytes);
  for (const event of events) log.append([Buffer.from(event)]);
  return log;
}

describe('a replay log', () => {
  it('numbers events from one and gives those after a number, in order', () => {
    const log = logOf(100, 'a', 'b', 'c');
    expect(log.nextSeq).toBe(4);
    expect([0, 1, 2, 3].map((seq) => texts(log, seq))).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c'], []]);
    expect(log.after(1)?.map(({ seq }) => seq)).toEqual([2, 3]);
  });

  it('has nothing for a number that was never sent, or is none', () => {
    const log = logOf(100, 'a');
    for (const seq of [-1, 2, 99, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])
      expect(log.after(seq)).toBeUndefined();
    expect(new ReplayLog(100).after(0)).toEqual([]);
    expect(new ReplayLog(100).after(1)).toBeUndefined();
  });

  it('forgets the oldest first, and does not pretend to have what is gone', () => {
    const log = logOf(4, 'aa', 'bb', 'cc');
    expect(texts(log, 0)).toBeUndefined();
    expect(texts(log, 1)).toEqual(['bb', 'cc']);
  });

  it('keeps the newest however large it is', () => {
    const log = logOf(2, 'aa', 'a large one');
    expect([texts(log, 0), texts(log, 1)]).toEqual([undefined, ['a large one']]);
    expect(texts(logOf(0, 'a', 'b'), 1)).toEqual(['b']);
  });

  it('holds the pieces as they came, without copying', () => {
    const log = new ReplayLog(100);
    const piece = Buffer.from('x');
    log.append([piece, piece]);
    expect(log.after(0)?.[0]?.payload[0]).toBe(piece);
  });

  it('gives back texts of any size byte for byte, however they are packed', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((unit) => String.fromCharCode(unit)),
    });
    const event = fc.oneof(
      text,
      fc.integer({ min: 0, max: 16_384 }).map((size) => 'x'.repeat(size)),
      text.map((some) => [Buffer.from(some, 'latin1')]),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.integer({ min: 0, max: 100_000 }), (events, max) => {
        const log = new ReplayLog(max);
        for (const each of events) log.append(each);
        const bytes = events.map((each) => Buffer.concat(toBuffers(each)));
        for (let seq = 0; seq <= events.length; seq += 1) {
          const kept = log.after(seq);
          if (kept !== undefined)
            expect(kept.map(({ payload }) => Buffer.concat(toBuffers(payload)))).toEqual(bytes.slice(seq));
        }
        expect(log.after(events.length)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('goes on counting after it was cleared', () => {
    const log = logOf(100, 'a', 'b');
    log.clear();
    expect([log.nextSeq, texts(log, 1), texts(log, 2)]).toEqual([3, undefined, []]);
  });

  it('lets nothing go while its writer minds the bound itself', () => {
    const log = logOf(2, 'aa');
    expect(log.append([Buffer.from('bbb')], true)).toBe(3);
    expect(texts(log, 0)).toEqual(['aa', 'bbb']);
  });

  it('gives all the events after a number or none, and never holds more than its bytes but for the newest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }),
        fc.integer({ min: 0, max: 60 }),
        (sizes, maxBytes) => {
          const log = new ReplayLog(maxBytes);
          for (const [index, size] of sizes.entries()) {
            expect(log.nextSeq).toBe(index + 1);
            log.append([Buffer.alloc(size)]);
          }
          let longest = 0;
          for (let seq = 0; seq <= sizes.length; seq += 1) {
            const events = log.after(seq);
            if (events === undefined) continue;
            expect(events.map((event) => event.seq)).toEqual(
              Array.from({ length: sizes.length - seq }, (_, n) => seq + 1 + n),
            );
            longest = Math.max(longest, events.length);
            const bytes = events.reduce((sum, event) => sum + event.bytes, 0);
            if (events.length > 1) expect(bytes).toBeLessThanOrEqual(maxBytes);
          }
          const whole = sizes.reduce((sum, size) => sum + size, 0) <= maxBytes;
          if (whole) expect(longest).toBe(sizes.length);
          if (sizes.length > 0) expect(longest).toBeGreaterThan(0);
        },
      ),
    );
  });
});
