/** Servers that are no longer configured: their running calls may finish, then their sessions and processes end. */
import type { Events } from '../events.ts';
import type { Pool } from '../instance/pool/pool.ts';
import type { SessionRegistry } from '../session/registry.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import { systemClock, type Timer } from '../util/clock.ts';
import type { ServerPlan } from './parts.ts';

export interface DrainParts {
  readonly sessions: Sessions;
  readonly registry: SessionRegistry;
  readonly pool: Pool;
  readonly events: Events;
}

/** How often it is looked whether the calls have finished, in milliseconds. */
const LOOK_MS = 50;

export class ServerDrains {
  readonly #parts: DrainParts;
  readonly #timers = new Set<Timer>();

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  /** `former` is the plan that still had the server. Sessions without a call end now, the others within `drainMs`. */
  start(name: string, former: ServerPlan, drainMs: number): void {
    const { registry, sessions } = this.#parts;
    const begunMs = performance.now();
    const left = new Set(registry.all().filter((session) => session.server === name));
    const look = (): void => {
      const late = performance.now() - begunMs >= drainMs;
      for (const session of left) {
        if (session.calls > 0 && !late) continue;
        left.delete(session);
        endRemoved(session);
      }
      if (left.size > 0 || (sessions.looseCalls(name) > 0 && !late)) return this.#later(look);
      void this.#finish(name, former, begunMs);
    };
    look();
  }

  /** Whoever stops the gateway ends what is left. */
  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  async #finish(name: string, { pool, served }: ServerPlan, begunMs: number): Promise<void> {
    const spec = pool.servers.get(name);
    const server = served.get(name);
    if (server !== undefined) this.#parts.sessions.forget(server);
    if (spec !== undefined) await this.#parts.pool.endAll(spec);
    const tookMs = performance.now() - begunMs;
    this.#parts.events.emit({ type: 'server.drained', server: name, tookMs });
  }

  #later(look: () => void): void {
    const timer = systemClock.setTimer(LOOK_MS, () => {
      this.#timers.delete(timer);
      look();
    });
    this.#timers.add(timer);
  }
}

function endRemoved(session: Session): void {
  void session.end('its server is no longer configured');
}
