/**
 * Upstreams for callers of the legacy era: sessions of clients, and the gateway itself. A legacy server serves them
 * as it is; a server that only speaks the modern era through a bridge.
 */
import { GatewayError } from '../errors.ts';
import { NOT_SPAWNED } from '../instance/instance.ts';
import type { Lease, Pool } from '../instance/pool/pool.ts';
import type { Outbox } from '../instance/upstream.ts';
import type { Frame } from '../protocol/frame.ts';
import { LegacyOnModern } from './bridge-legacy-to-modern.ts';
import { FirstContact } from './first-contact.ts';
import type { ModernAccess, PlainCaller } from './modern-access.ts';
import { narrowTools, type ToolFilter } from './narrow-tools.ts';
import type { Verdicts } from './verdicts.ts';

export interface SessionRequest extends PlainCaller {
  /** A legacy client's own initialize: it shakes hands itself. Without it the gateway does, declaring nothing. */
  readonly initialize: Frame | undefined;
  readonly outbox: Outbox;
  /** Gives up waiting for a place or a start. */
  readonly signal: AbortSignal;
}

export class LegacyAccess {
  readonly #pool: Pool;
  readonly #verdicts: Verdicts;
  readonly #modern: ModernAccess;

  constructor(pool: Pool, verdicts: Verdicts, modern: ModernAccess) {
    this.#pool = pool;
    this.#verdicts = verdicts;
    this.#modern = modern;
  }

  /** `mayUse` is undefined where nothing is narrowed; the bare lease then carries every message at no cost. */
  async connect(request: SessionRequest, mayUse: ToolFilter | undefined): Promise<Lease> {
    const lease = await this.#lease(request);
    return mayUse === undefined ? lease : narrowTools(lease, mayUse);
  }

  /** Whether upstreams are bridges to a process that others use as well; known once one was made. */
  isBridged(server: string): boolean {
    return this.#verdicts.speaksLegacy(this.#pool.spec(server)) === 'no';
  }

  async #lease(request: SessionRequest): Promise<Lease> {
    const spec = this.#pool.spec(request.server);
    const speaks = this.#verdicts.speaksLegacy(spec);
    if (speaks === 'no') return this.#bridge(request);
    if (speaks === 'yes') return this.#own(request);
    if (request.initialize === undefined) return this.#leaseForGateway(request);
    return new FirstContact({
      legacy: await this.#own(request),
      onLegacy: () => this.#verdicts.learnLegacy(spec, true),
      tryModern: () => this.#tryModern(request),
    });
  }

  /** A process of its own. */
  #own({ server, initialize, outbox, signal }: SessionRequest): Promise<Lease> {
    const spec = this.#pool.spec(server);
    const handshake = initialize === undefined ? 'gateway' : 'client';
    const tentative =
      this.#verdicts.speaksLegacy(spec) === 'unknown' && this.#verdicts.speaksModern(spec) !== 'no';
    return this.#pool.lease({ server, handshake, outbox, tentative, signal });
  }

  async #leaseForGateway(request: SessionRequest): Promise<Lease> {
    const spec = this.#pool.spec(request.server);
    try {
      const lease = await this.#own(request);
      this.#verdicts.learnLegacy(spec, true);
      return lease;
    } catch (cause) {
      if (!(cause instanceof GatewayError) || !STARTED_WRONG.has(cause.code) || cause.cause === NOT_SPAWNED)
        throw cause;
      const bridge = await this.#tryModern(request);
      if (bridge === undefined) throw cause;
      return bridge;
    }
  }

  /** Undefined when the server is not modern either. */
  async #tryModern(request: SessionRequest): Promise<Lease | undefined> {
    const spec = this.#pool.spec(request.server);
    if (this.#verdicts.speaksModern(spec) === 'no') return undefined;
    const inner = await this.#modern.modernLease(request).catch(() => undefined);
    if (inner === undefined) return undefined;
    this.#verdicts.learnLegacy(spec, false);
    return new LegacyOnModern(inner, request.server, request.outbox, request.initialize);
  }

  async #bridge(request: SessionRequest): Promise<Lease> {
    const inner = await this.#modern.modernLease(request);
    return new LegacyOnModern(inner, request.server, request.outbox, request.initialize);
  }
}

/** What a server does that does not take a handshake. */
const STARTED_WRONG: ReadonlySet<string> = new Set(['START_FAILED', 'BAD_ANSWER']);
