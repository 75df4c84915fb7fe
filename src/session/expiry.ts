import type { Clock, Timer } from '../util/clock.ts';
import type { SessionRegistry } from './registry.ts';
import type { EndReason, Session } from './session.ts';

/** In milliseconds. */
export interface ExpiryTimes {
  readonly sessionIdleMs: number;
  readonly sessionMaxAgeMs: number;
}

/** Whether a session has had its time. Pure. */
export function decideExpiry(
  session: Pick<Session, 'busy' | 'openedMs' | 'lastUsedMs'>,
  nowMs: number,
  times: ExpiryTimes,
): EndReason | undefined {
  if (nowMs - session.openedMs >= times.sessionMaxAgeMs) return 'open for too long';
  if (!session.busy && nowMs - session.lastUsedMs >= times.sessionIdleMs) return 'idle for too long';
  return undefined;
}

export interface Expiry {
  /** Other times count from now on, for sessions that are open as well. */
  update(times: ExpiryTimes): void;
  stop(): void;
}

/** Looks at all sessions from time to time; a session may outlive its time by a tenth, and by a minute at most. */
export function startExpiry(registry: SessionRegistry, first: ExpiryTimes, clock: Clock): Expiry {
  let times = first;
  let timer: Timer;
  const look = (): void => {
    const now = clock.now();
    for (const session of registry.all()) {
      const reason = decideExpiry(session, now, times);
      if (reason !== undefined) void session.end(reason);
    }
    arm();
  };
  const arm = (): void => {
    timer = clock.setTimer(lookEveryMs(times), look);
  };
  arm();
  return {
    update: (next) => {
      times = next;
      timer.cancel();
      arm();
    },
    stop: () => timer.cancel(),
  };
}

function lookEveryMs({ sessionIdleMs, sessionMaxAgeMs }: ExpiryTimes): number {
  return Math.min(60_000, Math.max(50, Math.min(sessionIdleMs, sessionMaxAgeMs) / 10));
}
