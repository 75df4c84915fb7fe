/** Where a REST call runs: in its session, or, without one, where the server's policy puts callers who keep none. */
import type { Principal } from '../../auth/principal.ts';
import { GatewayError } from '../../errors.ts';
import type { Upstream } from '../../instance/upstream.ts';
import { type CapabilityClass, NO_CAPABILITIES } from '../../relay/capability-class.ts';
import type { Session } from '../../session/session.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';
import { type Listener, type RestSessions, startSession } from './rest-sessions.ts';

export interface PlaceWanted {
  readonly principal: Principal;
  readonly server: ServedServer;
  readonly sessionId: string | undefined;
  readonly capabilities: CapabilityClass | undefined;
  /** Whether the server may ask something in the course of what is wanted. */
  readonly mayBeAsked: boolean;
  /** Whether somebody hears of progress and log messages. */
  readonly listens: boolean;
}

/** A place taken; whoever took it leaves it, once. */
export interface Place {
  /** Starts what must be started. Rejects with a GatewayError. */
  open(): Promise<Upstream>;
  /** Hears what the server says outside of any call. @returns what ends that */
  listen(listener: Listener): () => void;
  leave(): void;
}

/** @throws GatewayError what is wrong with the session that is named, or STOPPING */
export function takePlace(sessions: Sessions, rest: RestSessions, wanted: PlaceWanted): Place {
  sessions.assertAccepting(wanted.server);
  const { principal, server, sessionId, capabilities, mayBeAsked } = wanted;
  if (sessionId === undefined) return new LoosePlace(sessions, wanted);
  const session = mayBeAsked
    ? rest.get(principal, server, sessionId, capabilities)
    : rest.getAny(principal, server, sessionId, capabilities);
  return new SessionPlace(rest, session);
}

class SessionPlace implements Place {
  readonly #rest: RestSessions;
  readonly #session: Session;

  constructor(rest: RestSessions, session: Session) {
    this.#rest = rest;
    this.#session = session;
    session.calls += 1;
  }

  async open(): Promise<Upstream> {
    return this.#session.upstream ?? startSession(this.#session);
  }

  listen(listener: Listener): () => void {
    return this.#rest.listen(this.#session, listener);
  }

  leave(): void {
    this.#session.calls -= 1;
  }
}

class LoosePlace implements Place {
  readonly #sessions: Sessions;
  readonly #wanted: PlaceWanted;
  readonly #done: () => void;
  #upstream: Upstream | undefined;
  #left = false;

  constructor(sessions: Sessions, wanted: PlaceWanted) {
    this.#sessions = sessions;
    this.#wanted = wanted;
    this.#done = sessions.callBegun(wanted.server);
  }

  async open(): Promise<Upstream> {
    const { server, principal, capabilities = NO_CAPABILITIES, listens } = this.#wanted;
    const isPlain = capabilities === NO_CAPABILITIES && !listens;
    const upstream = isPlain
      ? await this.#sessions.plain(server, principal)
      : await this.#sessions.loose(server, principal, capabilities);
    if (this.#left) {
      void upstream.end('CALL_CANCELLED');
      throw new GatewayError('CALL_CANCELLED');
    }
    this.#upstream = upstream;
    return upstream;
  }

  /** A process that others use says nothing to nobody in particular. */
  listen(): () => void {
    return () => undefined;
  }

  leave(): void {
    this.#left = true;
    void this.#upstream?.end('CALL_CANCELLED');
    this.#done();
  }
}
