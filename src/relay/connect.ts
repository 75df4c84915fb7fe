/**
 * Upstreams for callers of the legacy era: sessions of clients, and the gateway itself. A legacy server serves them
 * as it is; a server that only speaks the modern era through a bridge. The policy says which process it is.
 */
import { GatewayError } from '../errors.ts';
import type { Events } from '../events.ts';
import { NOT_SPAWNED } from '../instance/instance.ts';
import { legacyIsolation, modernIsolation } from '../instance/pool/decide-isolation.ts';
import type { Lease, Pool } from '../instance/pool/pool.ts';
import type { Shared } from '../instance/pool/shared-processes.ts';
import type { Outbox } from '../instance/upstream.ts';
import type { Frame } from '../protocol/frame.ts';
import { LegacyOnModern } from './bridge-legacy-to-modern.ts';
import { classOf, NO_CAPABILITIES } from './capability-class.ts';
import { FirstContact } from './first-contact.ts';
import { newGuest } from './legacy-guest.ts';
import type { ModernAccess, PlainCaller } from './modern-access.ts';
import { PerCall } from './per-call.ts';
import { Reviving } from './reviving.ts';
import type { Opened, Sharer } from './shared-servers.ts';
import { asObject, clientOf } from './translate-legacy-to-modern.ts';
import type { Verdicts } from './verdicts.ts';

export interface SessionRequest extends PlainCaller {
  /** A legacy client's own initialize: it shakes hands itself. Without it the gateway does, declaring nothing. */
  readonly initialize: Frame | undefined;
  readonly outbox: Outbox;
  /** Gives up waiting for a place or a start. */
  readonly signal: AbortSignal;
}

export class LegacyAccess {
  readonly #events: Events;
  readonly #pool: Pool;
  readonly #verdicts: Verdicts;
  readonly #modern: ModernAccess;

  constructor(pool: Pool, verdicts: Verdicts, modern: ModernAccess, events: Events) {
    this.#events = events;
    this.#pool = pool;
    this.#verdicts = verdicts;
    this.#modern = modern;
  }

  /** Whether upstreams are bridges to a process that others use as well; known once one was made. */
  isBridged(server: string): boolean {
    return this.#verdicts.speaksLegacy(this.#pool.spec(server)) === 'no';
  }

  async connect(request: SessionRequest): Promise<Lease> {
    const sharer = sharerOf(request, this.#pool.clientInfo);
    const speaks = this.#verdicts.speaksLegacy(this.#pool.spec(request.server));
    if (speaks === 'no') return this.#bridge(request, sharer);
    const { reach } = legacyIsolation(sharer, 0);
    if (reach === 'call') return this.#leasePerCall(request, sharer, speaks === 'yes');
    const joined =
      reach === 'session' ? undefined : this.#modern.shared.legacy(sharer, this.#isTentative(request.server));
    if (joined !== undefined)
      return this.#orModern(request, sharer, () => this.#join(joined, request, sharer));
    this.#tellApart(sharer);
    return this.#leaseOwn(request, sharer, speaks === 'yes');
  }

  /** Sharing is the operator's wish: why it is not done where it would be wrong is worth a word. */
  #tellApart({ policy, session, server, capabilities }: Sharer): void {
    if (session === undefined || policy === undefined || policy === 'session') return;
    const why = capabilities.askable
      ? 'its client can be asked something, and a server with a handshake does not say whom it asks'
      : 'its principal has clients that declare too many different capabilities';
    this.#events.emit({ type: 'session.apart', session, server, why });
  }

  /** One process for the session. What nobody knows of a server its client finds out with its own handshake. */
  async #leaseOwn(request: SessionRequest, sharer: Sharer, isKnown: boolean): Promise<Lease> {
    if (isKnown) return this.#own(request);
    if (request.initialize === undefined) return this.#orModern(request, sharer, () => this.#own(request));
    const spec = this.#pool.spec(request.server);
    return new FirstContact({
      legacy: await this.#own(request),
      onLegacy: () => this.#verdicts.learnLegacy(spec, true),
      tryModern: () => this.#tryModern(request, sharer),
    });
  }

  #leasePerCall(request: SessionRequest, sharer: Sharer, isKnown: boolean): Promise<Lease> {
    const open = (): Promise<Lease> =>
      PerCall.open((outbox) => this.#own({ ...request, outbox }), request.outbox);
    if (isKnown) return open();
    return this.#orModern(request, sharer, async () => {
      // Once for a server: a client's handshake that fails could not be tried in another era any more.
      if (request.initialize !== undefined)
        await (await this.#own({ ...request, initialize: undefined })).end('SESSION_UNKNOWN');
      return open();
    });
  }

  /** A process that others use, too; after its end the session goes on with the next one. */
  async #join(joining: Joining, request: SessionRequest, sharer: Sharer): Promise<Lease> {
    const guest = newGuest(request.outbox);
    const enter = async (shared: Joining): Promise<Lease> => {
      const opened = await shared;
      const { state } = opened;
      const lease = opened.lease();
      if (state.era === 'legacy') return state.group.guest(lease, guest);
      // Somebody else has just found out that the server is modern.
      await lease.end('SESSION_UNKNOWN');
      throw new GatewayError('START_FAILED');
    };
    const again = (): Promise<Lease> =>
      enter(this.#modern.shared.legacy(sharer) ?? Promise.reject(new GatewayError('INSTANCES_FULL')));
    return new Reviving(await enter(joining), again);
  }

  #own({ server, initialize, outbox, signal }: SessionRequest): Promise<Lease> {
    const handshake = initialize === undefined ? 'gateway' : 'client';
    return this.#pool.lease({ server, handshake, outbox, tentative: this.#isTentative(server), signal });
  }

  /** Whether a handshake that fails is followed by a try in the other era. */
  #isTentative(server: string): boolean {
    const spec = this.#pool.spec(server);
    return this.#verdicts.speaksLegacy(spec) === 'unknown' && this.#verdicts.speaksModern(spec) !== 'no';
  }

  /** What `open` resolves with has shaken hands: the server is legacy. When it did not take that, it may be modern. */
  async #orModern(request: SessionRequest, sharer: Sharer, open: () => Promise<Lease>): Promise<Lease> {
    try {
      const lease = await open();
      this.#verdicts.learnLegacy(this.#pool.spec(request.server), true);
      return lease;
    } catch (cause) {
      if (!(cause instanceof GatewayError) || !STARTED_WRONG.has(cause.code) || cause.cause === NOT_SPAWNED)
        throw cause;
      const bridge = await this.#tryModern(request, sharer);
      if (bridge === undefined) throw cause;
      return bridge;
    }
  }

  /** Undefined when the server is not modern either. */
  async #tryModern(request: SessionRequest, sharer: Sharer): Promise<Lease | undefined> {
    const spec = this.#pool.spec(request.server);
    if (this.#verdicts.speaksModern(spec) === 'no') return undefined;
    const bridge = await this.#bridge(request, sharer).catch(() => undefined);
    if (bridge !== undefined) this.#verdicts.learnLegacy(spec, false);
    return bridge;
  }

  async #bridge({ server, initialize, outbox }: SessionRequest, sharer: Sharer): Promise<Lease> {
    const spec = this.#pool.spec(server);
    const start = (): Promise<Lease> => this.#modern.modernLease(sharer);
    const { reach } = modernIsolation(sharer, 0);
    if (reach === 'call')
      return new LegacyOnModern(await PerCall.open(start, outbox), spec, outbox, initialize);
    if (reach === 'session') return new LegacyOnModern(await start(), spec, outbox, initialize);
    const inner = new Reviving(await start(), start);
    const bridge = new LegacyOnModern(inner, spec, outbox, initialize);
    inner.onRevived = () => bridge.revived();
    return bridge;
  }
}

type Joining = Promise<Shared<Opened>>;

/** What a session says it is when it shares a process: what its client declared, or nothing for callers that are none. */
function sharerOf({ initialize, ...request }: SessionRequest, clientInfo: object): Sharer {
  const { server, policy, principal, session } = request;
  const own = { server, policy, principal, session };
  if (initialize === undefined) return { ...own, capabilities: NO_CAPABILITIES, clientInfo };
  const { version, info, capabilities } = clientOf(initialize);
  return { ...own, version, clientInfo: asObject(info), capabilities: classOf(capabilities) };
}

/** What a server does that does not take a handshake. */
const STARTED_WRONG: ReadonlySet<string> = new Set(['START_FAILED', 'BAD_ANSWER']);
