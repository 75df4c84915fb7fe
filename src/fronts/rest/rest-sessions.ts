/** Sessions whose ids the caller may choose; keyed by principal, server and id, so nobody meets another's. */
import type { Principal } from '../../auth/principal.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import type { Lease } from '../../instance/pool/pool.ts';
import type { Session } from '../../session/session.ts';
import type { ServedServer, Sessions } from '../../session/sessions.ts';

/** Ended sessions remembered until their caller has been told; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000;

export class RestSessions {
  readonly #sessions: Sessions;
  readonly #gone = new Set<string>();

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** Finds or opens. @throws GatewayError SESSION_GONE once after the process of the session died */
  get(principal: Principal, server: ServedServer, id: string): Session {
    const found = this.#sessions.find('rest', principal, server.name, id);
    if (found !== undefined) return found;
    if (this.#gone.delete(keyOf(principal, server, id))) throw new GatewayError('SESSION_GONE');
    // A REST caller has no way to be asked or told anything: the server hears that at once.
    const session = this.#sessions.open({
      front: 'rest',
      server,
      principal,
      id,
      outbox: { offer: (message) => (message.frame.kind === 'request' ? 'gone' : 'sent') },
    });
    session.ended.addEventListener('abort', () => this.#remember(principal, server, session), { once: true });
    return session;
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

function keyOf(principal: Principal, server: ServedServer, id: string): string {
  return `${principal.id}\n${server.name}\n${id}`;
}

/** Visible ASCII, as far as a query carries it; long enough for any id a caller makes up. */
const SESSION_ID = /^[\x21-\x7e]{1,128}$/;

/** @throws GatewayError SESSION_MISSING or SESSION_INVALID */
export function sessionIdOf(id: string | string[] | undefined): string {
  if (id === undefined || id === '')
    throw new GatewayError(
      'SESSION_MISSING',
      'Get one from GET /api/sessionid, or choose your own, and add ?sessionId=… to the URL.',
    );
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
