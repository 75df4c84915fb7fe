import { describe, expect, it } from 'vitest';
import { createEvents } from '../../src/events.ts';
import { decideExpiry, startExpiry } from '../../src/session/expiry.ts';
import { SessionRegistry } from '../../src/session/registry.ts';
import type { Session } from '../../src/session/session.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fakeLease, principal } from './session-support.ts';

const TIMES = { sessionIdleMs: 1000, sessionMaxAgeMs: 10_000 };

describe('decideExpiry', () => {
  it.each([
    ['just opened', { busy: false, openedMs: 0, lastUsedMs: 0 }, 0, undefined],
    ['idle for almost long enough', { busy: false, openedMs: 0, lastUsedMs: 500 }, 1499, undefined],
    ['idle for long enough', { busy: false, openedMs: 0, lastUsedMs: 500 }, 1500, 'idle for too long'],
    ['busy, however long since it was used', { busy: true, openedMs: 0, lastUsedMs: 0 }, 9999, undefined],
    ['busy and too old', { busy: true, openedMs: 0, lastUsedMs: 9999 }, 10_000, 'open for too long'],
    ['used and too old', { busy: false, openedMs: 0, lastUsedMs: 10_000 }, 10_000, 'open for too long'],
    ['idle and too old', { busy: false, openedMs: 0, lastUsedMs: 0 }, 10_000, 'open for too long'],
    [
      'used in the future, as far as one can tell',
      { busy: false, openedMs: 0, lastUsedMs: 5000 },
      100,
      undefined,
    ],
  ])('%s', (_what, session, nowMs, expected) => {
    expect(decideExpiry(session, nowMs, TIMES)).toBe(expected);
  });
});

function started(times = TIMES) {
  const clock = new ManualClock();
  const registry = new SessionRegistry({ sessions: 10, sessionsPerPrincipal: 10 }, clock, createEvents());
  const expiry = startExpiry(registry, times, clock);
  const open = (): Session =>
    registry.open({
      front: 'rest',
      server: 's',
      principal: principal('p'),
      lease: async () => fakeLease(),
    });
  return { clock, registry, expiry, open };
}

describe('expiry', () => {
  it('ends what is idle, within a tenth of its time', () => {
    const { clock, open } = started();
    const session = open();
    clock.advance(999);
    expect(session.endReason).toBeUndefined();
    clock.advance(101);
    expect(session.endReason).toBe('idle for too long');
  });

  it('counts from the last use, and from the end of a call', () => {
    const { clock, registry, open } = started();
    const [found, called] = [open(), open()];
    called.calls += 1;
    clock.advance(900);
    registry.find('rest', principal('p'), 's', found.id);
    clock.advance(5000);
    expect([found.endReason, called.endReason]).toEqual(['idle for too long', undefined]);
    called.calls -= 1;
    clock.advance(999);
    expect(called.endReason).toBeUndefined();
    clock.advance(101);
    expect(called.endReason).toBe('idle for too long');
  });

  it('[fault 3] spares what has a stream, until its greatest age', () => {
    const { clock, open } = started();
    const session = open();
    session.streams += 1;
    clock.advance(9900);
    expect(session.endReason).toBeUndefined();
    clock.advance(200);
    expect(session.endReason).toBe('open for too long');
  });

  it('looks once a minute at the least, and never more than twenty times a second', () => {
    const hour = started({ sessionIdleMs: 3_600_000, sessionMaxAgeMs: 86_400_000 });
    const session = hour.open();
    hour.clock.advance(3_600_000 + 60_000);
    expect(session.endReason).toBe('idle for too long');
    const instant = started({ sessionIdleMs: 1, sessionMaxAgeMs: 1 });
    const brief = instant.open();
    instant.clock.advance(49);
    expect(brief.endReason).toBeUndefined();
    instant.clock.advance(1);
    expect(brief.endReason).toBe('open for too long');
  });

  it('leaves no timer behind when it is stopped', () => {
    const { clock, expiry, open } = started();
    const session = open();
    clock.advance(150);
    expiry.stop();
    expect(clock.timers).toBe(0);
    clock.advance(100_000);
    expect(session.endReason).toBeUndefined();
  });
});
