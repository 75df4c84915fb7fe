import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { createEvents, type GatewayEvent } from '../../src/events.ts';
import type { Lease } from '../../src/instance/pool/pool.ts';
import { Session } from '../../src/session/session.ts';
import { deferred } from '../../src/util/deferred.ts';
import { fakeLease, principal } from './session-support.ts';

function session(lease: (signal: AbortSignal) => Promise<Lease>) {
  const events = createEvents();
  const seen: GatewayEvent[] = [];
  events.subscribe((event) => seen.push(event));
  let forgotten = 0;
  const made = new Session({
    id: 'id',
    front: 'rest',
    server: 's',
    principal: principal('p'),
    events,
    now: () => 0,
    lease: (_initialize, signal) => lease(signal),
    onEnd: () => {
      forgotten += 1;
    },
  });
  return { made, seen, forgotten: () => forgotten };
}

describe('a session', () => {
  it('leases nothing before it is asked to, and once for all who ask', async () => {
    let leases = 0;
    const lease = fakeLease();
    const { made } = session(async () => {
      leases += 1;
      return lease;
    });
    expect(leases).toBe(0);
    expect(await Promise.all([made.connect(undefined), made.connect(undefined)])).toEqual([lease, lease]);
    expect([leases, made.upstream]).toEqual([1, lease]);
  });

  it('tries again after a start that failed', async () => {
    let leases = 0;
    const { made } = session(async () => {
      leases += 1;
      if (leases === 1) throw new GatewayError('START_FAILED');
      return fakeLease();
    });
    await expect(made.connect(undefined)).rejects.toMatchObject({ code: 'START_FAILED' });
    await expect(made.connect(undefined)).resolves.toBeDefined();
  });

  it('gives its lease back once, tells why, and is forgotten once, however often it ends', async () => {
    const lease = fakeLease();
    const { made, seen, forgotten } = session(async () => lease);
    await made.connect(undefined);
    await Promise.all([made.end('idle for too long'), made.end('closed by the client')]);
    expect(new Set(lease.given)).toEqual(new Set(['SESSION_UNKNOWN']));
    expect([made.endReason, made.ended.aborted, forgotten()]).toEqual(['idle for too long', true, 1]);
    expect(seen.filter(({ type }) => type === 'session.ended')).toEqual([
      { type: 'session.ended', session: 'id', server: 's', front: 'rest', reason: 'idle for too long' },
    ]);
  });

  it('ends when its process does', async () => {
    const lease = fakeLease();
    const { made } = session(async () => lease);
    await made.connect(undefined);
    const ended = new Promise((resolve) => made.ended.addEventListener('abort', resolve));
    lease.die();
    await ended;
    expect(made.endReason).toBe('the server process ended');
  });

  it.each([
    ['closed by the client', 'SESSION_UNKNOWN'],
    ['the gateway is stopping', 'STOPPING'],
  ] as const)(
    'that ends (%s) while it waits for a place tells its caller %s, and gives up waiting',
    async (reason, code) => {
      const { made } = session(
        (signal) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error)),
          ),
      );
      const connecting = made.connect(undefined);
      const ending = made.end(reason);
      await expect(connecting).rejects.toMatchObject({ code });
      await ending;
    },
  );

  it('that ends while its process starts gives the process back and hands it to nobody', async () => {
    const starting = deferred<Lease>();
    const lease = fakeLease();
    const { made } = session(() => starting.promise);
    const connecting = made.connect(undefined);
    const ending = made.end('closed by the client');
    starting.resolve(lease);
    await expect(connecting).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
    await ending;
    expect([lease.given, made.upstream]).toEqual([['SESSION_UNKNOWN'], undefined]);
  });
});
