import { describe, expect, it } from 'vitest';
import { LoopWatch } from '../../src/app/loop-watch.ts';
import { createEvents, type GatewayEvent } from '../../src/events.ts';
import { describe as describeEvent } from '../../src/telemetry/describe.ts';
import { textOf } from '../instance/helpers.ts';
import { HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** A clock whose timers fire late by `lateMs`. */
class LateClock extends ManualClock {
  lateMs = 0;
  override setTimer(ms: number, fn: () => void) {
    return super.setTimer(ms + this.lateMs, fn);
  }
}

function watch() {
  const clock = new LateClock();
  const events = createEvents();
  const seen: GatewayEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const bytes = new Map([
    ['quiet', 5000],
    ['loud', 0],
  ]);
  const loop = new LoopWatch({ events, bytesByServer: () => new Map(bytes), clock });
  return { clock, seen, bytes, loop };
}

describe('[fault 120] an event loop that stands still', () => {
  it('is told with the server that had most to say meanwhile, and is forgotten after a calm while', () => {
    const { clock, seen, bytes, loop } = watch();
    loop.start();
    clock.advance(1000);
    expect([seen, loop.isBlocked]).toEqual([[], false]);
    clock.lateMs = 1500;
    clock.advance(500);
    bytes.set('quiet', 5001).set('loud', 4000);
    clock.lateMs = 0;
    clock.advance(2000);
    expect(seen).toEqual([{ type: 'gateway.blocked', blockedMs: 1500, server: 'loud' }]);
    expect(seen.map((event) => describeEvent(event))).toMatchObject([
      {
        level: 'warn',
        message: 'Nothing moved for 1.5 s; most of what came meanwhile was to or from loud',
      },
    ]);
    expect(loop.isBlocked).toBe(true);
    clock.advance(2000);
    expect([loop.isBlocked, seen.length]).toEqual([false, 1]);
    loop.stop();
    expect([clock.timers, loop.isBlocked]).toEqual([0, false]);
  });

  it('is noticed before its timer could fire, and is none when it is only a little late', () => {
    const { clock, seen, loop } = watch();
    clock.lateMs = 5000;
    loop.start();
    clock.advance(1499);
    expect(loop.isBlocked).toBe(false);
    clock.advance(2);
    expect([loop.isBlocked, seen]).toEqual([true, []]);
  });

  it('makes the gateway unready for a while, and nothing else', async () => {
    await using gateway = await startGateway({ servers: { it: runs(HOSTILE_SERVER) } });
    const ready = async (): Promise<number> => (await fetch(`${gateway.url}/readyz`)).status;
    await expect.poll(ready).toBe(200);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
    expect(await ready()).toBe(503);
    expect(await textOf(gateway, 'it/count', 's')).toBe('1');
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    await gateway.event('gateway.blocked');
    await expect.poll(ready, { timeout: 20_000 }).toBe(200);
  });
});
