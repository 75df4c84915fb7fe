/**
 * Upstreams for callers of the legacy era: sessions of clients, and the gateway itself. A legacy server serves them
 * as it is; a server that only speaks the modern era through a bridge.
 */
import { GatewayError } from '../errors.ts';
import { NOT_SPAWNED } from '../instance/instance.ts';
import type { Lease, LeaseRequest, Pool } from '../instance/pool/pool.ts';
import { LegacyOnModern } from './bridge-legacy-to-modern.ts';
import { FirstContact } from './first-contact.ts';
import type { ModernAccess } from './modern-access.ts';
import { narrowTools, type ToolFilter } from './narrow-tools.ts';
import type { Verdicts } from './verdicts.ts';

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
  async connect(request: LeaseRequest, mayUse: ToolFilter | undefined): Promise<Lease> {
    const lease = await this.#lease(request);
    return mayUse === undefined ? lease : narrowTools(lease, mayUse);
  }

  async #lease(request: LeaseRequest): Promise<Lease> {
    const spec = this.#pool.spec(request.server);
    const speaks = this.#verdicts.speaksLegacy(spec);
    if (speaks === 'no') return this.#bridge(request);
    if (speaks === 'yes') return this.#pool.lease(request);
    if (request.initialize === undefined) return this.#leaseForGateway(request);
    return new FirstContact({
      legacy: await this.#pool.lease(request),
      onLegacy: () => this.#verdicts.learnLegacy(spec, true),
      tryModern: () => this.#tryModern(request),
    });
  }

  async #leaseForGateway(request: LeaseRequest): Promise<Lease> {
    const spec = this.#pool.spec(request.server);
    try {
      const lease = await this.#pool.lease(request);
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
  async #tryModern(request: LeaseRequest): Promise<Lease | undefined> {
    const spec = this.#pool.spec(request.server);
    if (this.#verdicts.speaksModern(spec) === 'no') return undefined;
    const inner = await this.#modern.modernLease(request.server).catch(() => undefined);
    if (inner === undefined) return undefined;
    this.#verdicts.learnLegacy(spec, false);
    return new LegacyOnModern(inner, request.server, request.outbox, request.initialize);
  }

  async #bridge(request: LeaseRequest): Promise<Lease> {
    const inner = await this.#modern.modernLease(request.server);
    return new LegacyOnModern(inner, request.server, request.outbox, request.initialize);
  }
}

/** What a server does that does not take a handshake. */
const STARTED_WRONG: ReadonlySet<string> = new Set(['START_FAILED', 'BAD_ANSWER']);
