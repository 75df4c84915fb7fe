/** The histogram of calls is exposed as prom-client exposes its own. */
import * as fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { CallDurations } from '../../src/telemetry/call-durations.ts';

const BUCKETS_S = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300];
const name = fc.constantFrom('a', 'b"\n\\');
const seconds = fc.oneof(
  fc.constantFrom(0, ...BUCKETS_S, 1e6),
  fc.double({ min: 0, max: 1000, noNaN: true }),
);

describe('durations of calls', () => {
  it('say the same as the histogram of prom-client', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, name, name, seconds)), async (calls) => {
        const [ours, theirs] = [new Registry(), new Registry()];
        const durations = new CallDurations('d', 'help');
        durations.registerIn(ours);
        const labelNames = ['server', 'method', 'outcome'] as const;
        const histogram = new Histogram({
          name: 'd',
          help: 'help',
          labelNames,
          buckets: BUCKETS_S,
          registers: [theirs],
        });
        for (const [server, method, outcome, took] of calls) {
          durations.add(server, method, outcome, took);
          histogram.observe({ server, method, outcome }, took);
        }
        expect(linesOf(await ours.metrics())).toEqual(linesOf(await theirs.metrics()));
      }),
    );
  });
});

/** Series may come in any order. */
function linesOf(text: string): string[] {
  return text.split('\n').toSorted();
}
