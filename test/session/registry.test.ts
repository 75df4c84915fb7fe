import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { createEvents, type GatewayEvent } from '../../src/events.ts';
import { SessionRegistry } from '../../src/session/registry.ts';
import type { Session } from '../../src/session/session.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fakeLease, principal } from './session-support.ts';

const ALICE = principal('basic:alice');
const BOB = principal('basic:bob');

function registry(limits: { sessions?: number; sessionsPerPrincipal?: number } = {}) {
  const clock = new ManualClock();
  const events = createEvents();
  const seen: GatewayEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const sessions = new SessionRegistry(
    { sessions: 1000, sessionsPerPrincipal: 100, ...limits },
    clock,
    events,
  );
  const open = (who = ALICE, id?: string): Session => {
    clock.advance(1000);
    return sessions.open({
      front: 'rest',
      server: 's',
      principal: who,
      lease: async () => fakeLease(),
      ...(id === undefined ? {} : { id }),
    });
  };
  return { sessions, clock, seen, open };
}

describe('a session', () => {
  it('[fault 83] is found only by its front, principal, server and id together', () => {
    const { sessions, open } = registry();
    const session = open(ALICE, 'one');
    expect(sessions.find('rest', ALICE, 's', 'one')).toBe(session);
    expect(sessions.find('sse', ALICE, 's', 'one')).toBeUndefined();
    expect(sessions.find('rest', BOB, 's', 'one')).toBeUndefined();
    expect(sessions.find('rest', ALICE, 't', 'one')).toBeUndefined();
    expect(sessions.find('rest', ALICE, 's', 'two')).toBeUndefined();
  });

  it('[fault 83] cannot be reached with an id that carries the separators of the key', () => {
    const { sessions, open } = registry();
    open(BOB, 'x');
    for (const id of ['\nbasic:bob\ns\nx', 'x\n', 's\nx'])
      expect(sessions.find('rest', ALICE, 's', id)).toBeUndefined();
    expect(sessions.find('rest', principal('basic:bob\ns'), 'x', '')).toBeUndefined();
  });

  it('[fault 84] has an id with 128 random bits behind the prefix of its node', () => {
    const { sessions } = registry();
    const ids = Array.from({ length: 1000 }, () => sessions.newId());
    expect(new Set(ids).size).toBe(1000);
    expect(new Set(ids.map((id) => id.slice(0, 6))).size).toBe(1);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{38}$/);
    expect(registry().sessions.newId().slice(0, 6)).not.toBe(ids[0]?.slice(0, 6));
  });

  it('is told as an event when it opens, by the label of its principal and never by its key', () => {
    const { seen, open } = registry();
    open(ALICE, 'one');
    expect(seen).toEqual([
      {
        type: 'session.opened',
        session: 'one',
        server: 's',
        front: 'rest',
        principal: 'label of basic:alice',
      },
    ]);
  });

  it('that has ended is forgotten at once, everywhere', async () => {
    const { sessions, open } = registry();
    const session = open(ALICE, 'one');
    await session.end('closed by the client');
    expect([sessions.size, sessions.find('rest', ALICE, 's', 'one'), sessions.ofPrincipal(ALICE)]).toEqual([
      0,
      undefined,
      [],
    ]);
    expect(open(ALICE, 'one')).not.toBe(session);
  });
});

describe('at a cap', () => {
  it('the longest idle session of the same principal gives way', () => {
    const { sessions, open } = registry({ sessionsPerPrincipal: 3 });
    const [first, second, third] = [open(), open(), open()];
    sessions.find('rest', ALICE, 's', first?.id ?? '');
    const fourth = open();
    expect([first, second, third, fourth].map((session) => session?.endReason)).toEqual([
      undefined,
      'replaced at the session limit',
      undefined,
      undefined,
    ]);
  });

  it('a session with a stream or a call does not', () => {
    const { open } = registry({ sessionsPerPrincipal: 3 });
    const [streaming, calling, idle] = [open(), open(), open()];
    if (streaming === undefined || calling === undefined) throw new Error('unreachable');
    streaming.streams += 1;
    calling.calls += 1;
    open();
    expect([streaming.endReason, calling.endReason, idle?.endReason]).toEqual([
      undefined,
      undefined,
      'replaced at the session limit',
    ]);
  });

  it('nobody gives way when all are busy: the new one is refused, nothing is kept of it', () => {
    const { sessions, open } = registry({ sessionsPerPrincipal: 2 });
    for (const session of [open(), open()]) session.streams += 1;
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'PRINCIPAL_SESSIONS_FULL' }) as GatewayError,
    );
    expect(sessions.size).toBe(2);
    expect(() => open(BOB)).not.toThrow();
  });

  it("of all sessions, one's own gives way and never another principal's", () => {
    const { sessions, open } = registry({ sessions: 3 });
    const theirs = [open(BOB), open(BOB)];
    const mine = open(ALICE);
    open(ALICE);
    expect(mine.endReason).toBe('replaced at the session limit');
    expect(theirs.map((session) => session.endReason)).toEqual([undefined, undefined]);
    expect(() => open(principal('basic:carol'))).toThrow(
      expect.objectContaining({ code: 'SESSIONS_FULL' }) as GatewayError,
    );
    expect(sessions.size).toBe(3);
  });

  it('the end of a call or a stream counts as use', () => {
    const { clock, open } = registry({ sessionsPerPrincipal: 2 });
    const [long, short] = [open(), open()];
    if (long === undefined || short === undefined) throw new Error('unreachable');
    long.calls += 1;
    clock.advance(60_000);
    long.calls -= 1;
    open();
    expect([long.endReason, short.endReason]).toEqual([undefined, 'replaced at the session limit']);
  });
});
