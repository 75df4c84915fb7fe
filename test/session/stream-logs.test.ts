/** What can be resumed is bounded, and is whole or refused: never a gap that nobody notices. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Payload, toBuffers } from '../../src/protocol/payload.ts';
import { StreamLogs } from '../../src/session/stream-logs.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MAX_AGE_MS = 5 * 60_000;
const eventOf = (text: string): Buffer[] => [Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))];
const textOf = (payload: Payload) => Buffer.concat(toBuffers(payload)).toString();

function logsOf(maxBytes: number) {
  const clock = new ManualClock(1000);
  return { clock, logs: new StreamLogs(maxBytes, () => clock.now()) };
}

type Step =
  | { readonly do: 'open' }
  | { readonly do: 'append'; readonly stream: number; readonly bytes: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'drop'; readonly stream: number };

const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'open' }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('append' as const),
        stream: fc.nat(5),
        bytes: fc.integer({ min: 1, max: 60 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(MAX_AGE_MS) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), stream: fc.nat(5) }) },
  ),
  { maxLength: 120 },
);

interface Sent {
  readonly text: string;
  readonly atMs: number;
  /** Place among the events of all streams. */
  readonly order: number;
}

/** The oracle: everything that was ever sent, for ever. */
class Model {
  readonly sent = new Map<number, Sent[]>();
  readonly #logs: StreamLogs;
  readonly #clock: ManualClock;
  #count = 0;

  constructor(logs: StreamLogs, clock: ManualClock) {
    this.#logs = logs;
    this.#clock = clock;
  }

  apply(step: Step): void {
    if (step.do === 'open') this.sent.set(this.#logs.open(), []);
    else if (step.do === 'wait') this.#clock.advance(step.ms);
    else this.#onStream(step);
  }

  #onStream(step: Extract<Step, { stream: number }>): void {
    const streams = [...this.sent.keys()];
    const no = streams[step.stream % Math.max(1, streams.length)];
    const sent = no === undefined ? undefined : this.sent.get(no);
    if (no === undefined || sent === undefined) return;
    if (step.do === 'drop') {
      this.#logs.drop(no);
      this.sent.delete(no);
      return;
    }
    this.#count += 1;
    expect(this.#logs.nextSeq(no)).toBe(sent.length + 1);
    const text = `${no}-${sent.length + 1}`.padEnd(step.bytes, '.');
    sent.push({ text, atMs: this.#clock.now(), order: this.#count });
    this.#logs.append(no, eventOf(text));
  }
}

describe('the log of a session', () => {
  it('gives back exactly what came after an event, or refuses; nothing in between', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600 }), STEPS, (maxBytes, steps) => {
        const { clock, logs } = logsOf(maxBytes);
        const model = new Model(logs, clock);
        for (const step of steps) model.apply(step);
        for (const [no, sent] of model.sent) {
          const answers = [...sent.keys(), sent.length].map((seq) => logs.after(no, seq)?.map(textOf));
          for (const [seq, answer] of answers.entries()) {
            if (answer !== undefined) expect(answer).toEqual(sent.slice(seq).map(({ text }) => text));
            // Whoever has seen more can always come back when somebody who has seen less can.
            if (answer === undefined)
              expect(answers.slice(0, seq).every((earlier) => earlier === undefined)).toBe(true);
          }
          // Whoever has seen everything has lost nothing.
          expect(answers.at(-1)).toEqual([]);
        }
      }),
    );
  });

  it('keeps no more bytes than it may, but for a single event that is larger, and counts them right', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600 }), STEPS, (maxBytes, steps) => {
        const { clock, logs } = logsOf(maxBytes);
        const model = new Model(logs, clock);
        for (const step of steps) {
          model.apply(step);
          const kept = keptBy(logs, model);
          expect(logs.bytes).toBe(kept.reduce((sum, { text }) => sum + text.length, 0));
          if (kept.length > 1) expect(logs.bytes).toBeLessThanOrEqual(maxBytes);
          for (const { atMs } of kept) expect(clock.now() - atMs).toBeLessThanOrEqual(MAX_AGE_MS);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('forgets the oldest first, whichever stream it is of', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600 }), STEPS, (maxBytes, steps) => {
        const { clock, logs } = logsOf(maxBytes);
        const model = new Model(logs, clock);
        for (const step of steps) if (step.do !== 'drop') model.apply(step);
        const kept = new Set(keptBy(logs, model).map(({ order }) => order));
        const all = [...model.sent.values()].flat().map(({ order }) => order);
        const oldestKept = Math.min(...kept);
        for (const order of all) expect(kept.has(order)).toBe(order >= oldestKept);
      }),
    );
  });
});

/** What can still be asked for, of all streams. */
function keptBy(logs: StreamLogs, model: Model): Sent[] {
  return [...model.sent].flatMap(([no, sent]) => {
    const first = [...sent.keys()].find((seq) => logs.after(no, seq) !== undefined);
    return first === undefined ? [] : sent.slice(first);
  });
}

describe('an event', () => {
  it('can be asked for until it is five minutes old, not longer', () => {
    const { clock, logs } = logsOf(1000);
    const no = logs.open();
    logs.append(no, eventOf('first'));
    clock.advance(MAX_AGE_MS);
    expect(logs.after(no, 0)?.map(textOf)).toEqual(['first']);
    clock.advance(1);
    expect(logs.after(no, 0)).toBeUndefined();
    expect(logs.after(no, 1)).toEqual([]);
    expect(logs.bytes).toBe(0);
  });

  it('is kept when it alone is larger than the bound, until the next', () => {
    const { logs } = logsOf(10);
    const [one, two] = [logs.open(), logs.open()];
    logs.append(one, eventOf('x'.repeat(100)));
    expect(logs.after(one, 0)).toHaveLength(1);
    logs.append(two, eventOf('y'));
    expect([logs.after(one, 0), logs.after(two, 0)?.map(textOf)]).toEqual([undefined, ['y']]);
    expect(logs.bytes).toBe(1);
  });

  it.each([-1, 2, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'that never was (%s) is refused',
    (seq) => {
      const { logs } = logsOf(1000);
      const no = logs.open();
      logs.append(no, eventOf('only'));
      expect(logs.after(no, seq)).toBeUndefined();
      expect(logs.after(no + 1, 0)).toBeUndefined();
    },
  );

  it('of a stream that was dropped or cleared is refused, and its number is not given again', () => {
    const { logs } = logsOf(1000);
    const no = logs.open();
    logs.append(no, eventOf('gone'));
    logs.drop(no);
    logs.append(no, eventOf('late'));
    expect([logs.after(no, 0), logs.bytes]).toEqual([undefined, 0]);
    const next = logs.open();
    logs.append(next, eventOf('z'));
    logs.clear();
    expect([logs.after(next, 0), logs.bytes]).toEqual([undefined, 0]);
    expect(logs.open()).toBeGreaterThan(next);
  });
});
