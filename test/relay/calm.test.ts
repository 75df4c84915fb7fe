import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownFrame } from '../../src/instance/own-frame.ts';
import type { Message } from '../../src/protocol/message.ts';
import { notificationText } from '../../src/protocol/rpc-text.ts';
import { Calm } from '../../src/relay/calm.ts';
import { ManualClock } from '../support/manual-clock.ts';

const changed = (what: string): Message => ownFrame(notificationText(`notifications/${what}/list_changed`));
const updated = (uri: string, n = 0): Message =>
  ownFrame(notificationText('notifications/resources/updated', JSON.stringify({ uri, n })));

function bench() {
  const clock = new ManualClock();
  const told: { atMs: number; text: string }[] = [];
  const calm = new Calm(
    clock,
    ({ frame }) => void told.push({ atMs: clock.now(), text: frame.bytes.toString() }),
  );
  return { clock, calm, told };
}

describe('[fault 45] a storm of changes', () => {
  it('is told as it comes at first, and then once in a while for as long as it lasts', () => {
    const { clock, calm, told } = bench();
    for (let n = 0; n < 1000; n += 1) {
      calm.offer(changed('tools'));
      clock.advance(1);
    }
    expect(told.map(({ atMs }) => atMs)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 500, 750, 1000]);
    clock.advance(1000);
    expect(told.length).toBe(14);
    expect(clock.timers).toBe(0);
  });

  it('of one thing does not keep another from being told', () => {
    const { calm, told } = bench();
    for (const message of [changed('tools'), changed('prompts'), updated('it:1'), updated('it:2')])
      for (let n = 0; n < 20; n += 1) calm.offer(message);
    expect(told.length).toBe(40);
    calm.end();
  });

  it('of many things is told as it comes, and ends with its process', () => {
    const { clock, calm, told } = bench();
    for (let round = 0; round < 20; round += 1)
      for (let n = 0; n < 1500; n += 1) calm.offer(updated(`it:${n}`));
    expect([told.length, clock.timers]).toEqual([20_000, 1000]);
    calm.end();
    clock.advance(1000);
    expect([told.length, clock.timers]).toEqual([20_000, 0]);
  });

  it('never hides the last word on anything', () => {
    const step = fc.record({ uri: fc.constantFrom('it:a', 'it:b'), waitMs: fc.nat(40) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const { clock, calm, told } = bench();
        const last = new Map<string, string>();
        for (const [n, { uri, waitMs }] of steps.entries()) {
          const message = updated(uri, n);
          last.set(uri, message.frame.bytes.toString());
          calm.offer(message);
          clock.advance(waitMs);
        }
        clock.advance(250);
        for (const [uri, text] of last)
          expect(told.filter((each) => each.text.includes(`"${uri}"`)).at(-1)?.text).toBe(text);
      }),
    );
  });
});
