/** Sessions whose ids the caller may choose; keyed by principal, server and id, so nobody meets another's. */
import type { Principal } from '../../auth/principal.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import type { Lease } from '../../instance/pool/pool.ts';
import type { Delivery, Outbox } from '../../instance/upstream.ts';
import type { Message } from '../../protocol/message.ts';
import type { CapabilityClass } from '../../relay/capability-class.ts';
import type { Session } from '../../session/session.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';

/** Ended sessions remembered until their caller has been told; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000;
/** Visible ASCII, as far as a query carries it; long enough for any id a caller makes up. */
const SESSION_ID = /^[\x21-\x7e]{1,128}$/;

/** Takes a notification of a server that belongs to no request. */
export type Listener = (message: Message) => Delivery;

export class RestSessions {
  readonly #sessions: Sessions;
  readonly #gone = new Set<string>();
  readonly #outboxes = new WeakMap<Session, RestOutbox>();

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /**
   * Finds or opens. The first call of a session fixes what its caller can be asked.
   * @throws GatewayError SESSION_CAPABILITIES, or SESSION_GONE once after the process of the session died
   */
  get(principal: Principal, server: ServedServer, id: string, capabilities?: CapabilityClass): Session {
    const found = this.#sessions.find('rest', principal, server.name, id);
    if (found !== undefined) {
      if (found.answers !== capabilities?.key) throw new GatewayError('SESSION_CAPABILITIES');
      return found;
    }
    if (this.#gone.delete(keyOf(principal, server, id))) throw new GatewayError('SESSION_GONE');
    const outbox = new RestOutbox();
    const session = this.#sessions.open({ front: 'rest', server, principal, id, outbox, capabilities });
    this.#outboxes.set(session, outbox);
    session.ended.addEventListener('abort', () => this.#remember(principal, server, session), { once: true });
    return session;
  }

  /** The same for what a server never asks about, where it does not matter what the caller could answer. */
  getAny(principal: Principal, server: ServedServer, id: string, capabilities?: CapabilityClass): Session {
    const found = this.#sessions.find('rest', principal, server.name, id);
    return found ?? this.get(principal, server, id, capabilities);
  }

  /** What the server of a session says outside of any call goes to whoever listened last. @returns what ends that */
  listen(session: Session, listener: Listener): () => void {
    return this.#outboxes.get(session)?.listen(listener) ?? (() => undefined);
  }

  /** Ends the caller's sessions of that name, on every server. @returns how many there were */
  end(principal: Principal, id: string): number {
    const own = this.#sessions
      .ofPrincipal(principal)
      .filter((session) => session.front === 'rest' && session.id === id);
    for (const session of own) void session.end('closed by the client');
    return own.length;
  }

  #remember(principal: Principal, server: ServedServer, session: Session): void {
    if (session.endReason !== 'the server process ended') return;
    this.#gone.add(keyOf(principal, server, session.id));
    const [oldest] = this.#gone;
    if (this.#gone.size > MAX_REMEMBERED && oldest !== undefined) this.#gone.delete(oldest);
  }
}

/** A REST caller has no way to be asked anything between its calls: the server hears that at once. */
class RestOutbox implements Outbox {
  readonly #listeners = new Set<Listener>();

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  offer(message: Message): Delivery {
    if (message.frame.kind === 'request') return 'gone';
    return [...this.#listeners].at(-1)?.(message) ?? 'sent';
  }
}

/** @throws GatewayError SESSION_MISSING or SESSION_INVALID */
export function sessionIdOf(id: string | string[] | undefined): string {
  const named = namedSession(id);
  if (named !== undefined) return named;
  throw new GatewayError(
    'SESSION_MISSING',
    'Get one from GET /api/sessionid, or choose your own, and add ?sessionId=… to the URL.',
  );
}

/** The session that a query names; undefined when it names none. @throws GatewayError SESSION_INVALID */
export function namedSession(id: string | string[] | undefined): string | undefined {
  if (id === undefined || id === '') return undefined;
  if (typeof id !== 'string' || !SESSION_ID.test(id)) throw new GatewayError('SESSION_INVALID');
  return id;
}

/** A session whose process does not start is not kept; the next call tries afresh. */
export async function startSession(session: Session): Promise<Lease> {
  try {
    return await session.connect(undefined);
  } catch (cause) {
    void session.end('the server did not start');
    throw session.endReason === 'the gateway is stopping'
      ? new GatewayError('STOPPING')
      : toGatewayError(cause);
  }
}

function keyOf(principal: Principal, server: ServedServer, id: string): string {
  return `${principal.id}\n${server.name}\n${id}`;
}
