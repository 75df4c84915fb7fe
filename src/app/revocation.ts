/** Whoever can no longer prove to be who they are loses what they have open. */
import type { Authenticator } from '../auth/authenticate.ts';
import { LOOPBACK, type Principal } from '../auth/principal.ts';
import type { Jobs } from '../fronts/rest/jobs.ts';
import type { OpenRequests } from '../http/open-requests.ts';
import type { SessionRegistry } from '../session/registry.ts';
import { systemClock, type Timer } from '../util/clock.ts';

/** Time for the answers of ended sessions to go out, in milliseconds; all is over within a second. */
const GRACE_MS = 250;

export class Revocation {
  readonly #registry: SessionRegistry;
  readonly #jobs: Jobs;
  readonly #openRequests: OpenRequests;
  readonly #authenticator: () => Authenticator | undefined;
  #timer: Timer | undefined;

  constructor(
    registry: SessionRegistry,
    jobs: Jobs,
    openRequests: OpenRequests,
    authenticator: () => Authenticator | undefined,
  ) {
    this.#registry = registry;
    this.#jobs = jobs;
    this.#openRequests = openRequests;
    this.#authenticator = authenticator;
  }

  /** The authenticator has changed: sessions end now, connections after the grace. */
  start(): void {
    this.#endSessions();
    // Not put off by further changes: it looks at the authenticator of its time.
    this.#timer ??= systemClock.setTimer(GRACE_MS, () => {
      this.#timer = undefined;
      this.#cut();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #endSessions(): void {
    for (const session of this.#registry.all()) {
      if (!this.#knows(session.principal)) void session.end('its credential is no longer valid');
    }
    this.#jobs.endOf((principal) => !this.#knows(principal));
  }

  #cut(): void {
    this.#openRequests.cut(
      ({ principal, isStream }) => !this.#knows(principal) || (isStream && !this.#accepts(principal)),
    );
    // A request that was let in before and has only now been read whole may have opened one.
    this.#endSessions();
  }

  #knows(principal: Principal): boolean {
    return this.#authenticator()?.knows(principal) ?? principal.id === LOOPBACK.id;
  }

  /** A principal may have several secrets: a stream that was opened with one that is gone is not kept. */
  #accepts(principal: Principal): boolean {
    return this.#authenticator()?.accepts(principal) ?? principal.id === LOOPBACK.id;
  }
}
