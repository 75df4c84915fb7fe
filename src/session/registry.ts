/**
 * Every open session, found only by who owns it: the key contains the principal, so a foreign session id does not
 * exist. Sessions are live objects with processes; what several nodes would share is a directory beside this.
 */
import { randomBytes } from 'node:crypto';
import type { Principal } from '../auth/principal.ts';
import { GatewayError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { Clock } from '../util/clock.ts';
import { type EndReason, type FrontName, Session, type SessionParts } from './session.ts';

export interface SessionLimits {
  readonly sessions: number;
  readonly sessionsPerPrincipal: number;
}

export type SessionWanted = Pick<
  SessionParts,
  'front' | 'server' | 'principal' | 'answers' | 'lease' | 'narrow'
> & {
  readonly id?: string;
};

export class SessionRegistry {
  readonly #sessions = new Map<string, Session>();
  readonly #perPrincipal = new Map<string, Set<Session>>();
  #limits: SessionLimits;
  readonly #clock: Clock;
  readonly #events: Events;
  /** Begins every generated id, so that a node can be told from its session ids. */
  readonly #node = randomBytes(3).toString('hex');

  constructor(limits: SessionLimits, clock: Clock, events: Events) {
    this.#limits = limits;
    this.#clock = clock;
    this.#events = events;
  }

  /** For sessions that open from now on; nobody's session ends for it. */
  limit(limits: SessionLimits): void {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  all(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  /** 128 random bits behind the node's prefix; letters and digits only. */
  newId(): string {
    return this.#node + randomBytes(16).toString('hex');
  }

  /** @throws GatewayError SESSIONS_FULL when no session of the same principal can make room. */
  open(wanted: SessionWanted): Session {
    this.#makeRoom(wanted.principal);
    const session = new Session({
      ...wanted,
      id: wanted.id ?? this.newId(),
      events: this.#events,
      now: () => this.#clock.now(),
      onEnd: (ended) => this.#forget(ended),
    });
    this.#sessions.set(keyOf(session.front, session.principal, session.server, session.id), session);
    const own = this.#perPrincipal.get(session.principal.id) ?? new Set();
    this.#perPrincipal.set(session.principal.id, own.add(session));
    const { id, server, front, principal } = session;
    this.#events.emit({ type: 'session.opened', session: id, server, front, principal: principal.label });
    return session;
  }

  /** Finding a session is using it. */
  find(front: FrontName, principal: Principal, server: string, id: string): Session | undefined {
    const session = this.#sessions.get(keyOf(front, principal, server, id));
    if (session !== undefined) session.lastUsedMs = this.#clock.now();
    return session;
  }

  ofPrincipal(principal: Principal): readonly Session[] {
    return [...(this.#perPrincipal.get(principal.id) ?? [])];
  }

  async endAll(reason: EndReason): Promise<void> {
    await Promise.all(this.all().map((session) => session.end(reason)));
  }

  /** Most clients never say goodbye: at a cap the same principal's longest idle session gives way first. */
  #makeRoom(principal: Principal): void {
    const own = this.#perPrincipal.get(principal.id);
    const ownFull = (own?.size ?? 0) >= this.#limits.sessionsPerPrincipal;
    if (!ownFull && this.#sessions.size < this.#limits.sessions) return;
    const idle = [...(own ?? [])].filter((session) => !session.busy);
    const oldest = idle.reduce<Session | undefined>(
      (found, session) => (found === undefined || session.lastUsedMs < found.lastUsedMs ? session : found),
      undefined,
    );
    if (oldest === undefined) throw new GatewayError(ownFull ? 'PRINCIPAL_SESSIONS_FULL' : 'SESSIONS_FULL');
    void oldest.end('replaced at the session limit');
  }

  #forget(session: Session): void {
    this.#sessions.delete(keyOf(session.front, session.principal, session.server, session.id));
    const own = this.#perPrincipal.get(session.principal.id);
    own?.delete(session);
    if (own?.size === 0) this.#perPrincipal.delete(session.principal.id);
  }
}

/** No part can contain the separator, but for the id, which comes last. */
function keyOf(front: FrontName, principal: Principal, server: string, id: string): string {
  return `${front}\n${principal.id}\n${server}\n${id}`;
}
