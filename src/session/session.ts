/** What one client keeps between requests. Owns its upstream; both end together. */
import { setMaxListeners } from 'node:events';
import type { Principal } from '../auth/principal.ts';
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Frame } from '../protocol/frame.ts';

/** Which front a session belongs to; ids of one front are unknown to the others. */
export type FrontName = 'sse' | 'streamable' | 'rest';

export interface SessionFacts {
  readonly id: string;
  readonly front: FrontName;
  readonly server: string;
  readonly principal: Principal;
  /** Key of the class of what its caller can be asked, where a caller says so itself; fixed for the session's life. */
  readonly answers?: string | undefined;
}

export interface SessionParts extends SessionFacts {
  readonly events: Events;
  /** Leases the upstream; called lazily, and again only after it failed. */
  readonly lease: (initialize: Frame | undefined, signal: AbortSignal) => Promise<Lease>;
  /** The lease with what its client may not use taken out of it; asked again when that has changed. */
  readonly narrow?: (lease: Lease) => Lease;
  /** Told once, when the session has ended; the registry forgets it. */
  readonly onEnd: (session: Session) => void;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

/** Why a session ended, for the log, and what its open calls are told. */
export const END_REASONS = {
  'closed by the client': 'SESSION_UNKNOWN',
  'the client went away': 'SESSION_UNKNOWN',
  'idle for too long': 'SESSION_UNKNOWN',
  'open for too long': 'SESSION_UNKNOWN',
  'replaced at the session limit': 'SESSION_UNKNOWN',
  'the server process ended': 'SERVER_EXITED',
  'the server did not start': 'START_FAILED',
  'its server is no longer configured': 'SERVER_UNKNOWN',
  'its credential is no longer valid': 'UNAUTHORIZED',
  'the gateway is stopping': 'STOPPING',
} as const satisfies Record<string, ErrorCode>;
export type EndReason = keyof typeof END_REASONS;

export class Session {
  readonly id: string;
  readonly front: FrontName;
  readonly server: string;
  readonly principal: Principal;
  readonly answers: string | undefined;
  readonly openedMs: number;
  lastUsedMs: number;
  #calls = 0;
  #streams = 0;
  readonly #parts: SessionParts;
  readonly #ended = new AbortController();
  #pending: Promise<Lease> | undefined;
  #lease: Lease | undefined;
  #upstream: Lease | undefined;
  #endReason: EndReason | undefined;

  constructor(parts: SessionParts) {
    this.id = parts.id;
    this.front = parts.front;
    this.server = parts.server;
    this.principal = parts.principal;
    this.answers = parts.answers;
    this.openedMs = parts.now();
    this.lastUsedMs = this.openedMs;
    this.#parts = parts;
    // Each request of a session may wait for a process of its own; that is no leak.
    setMaxListeners(0, this.#ended.signal);
  }

  /** Calls that wait for an answer. One that ends is a use: what is idle is so from there. */
  get calls(): number {
    return this.#calls;
  }

  set calls(count: number) {
    if (count < this.#calls) this.lastUsedMs = this.#parts.now();
    this.#calls = count;
  }

  /** Open streams that prove their client alive; one that closes is a use, too. */
  get streams(): number {
    return this.#streams;
  }

  set streams(count: number) {
    if (count < this.#streams) this.lastUsedMs = this.#parts.now();
    this.#streams = count;
  }

  /** A busy session is not idle. */
  get busy(): boolean {
    return this.#calls + this.#streams > 0;
  }

  /** Aborts when the session ends, after its calls were failed. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  get endReason(): EndReason | undefined {
    return this.#endReason;
  }

  /** The upstream once it is there; the hot path asks this first. */
  get upstream(): Lease | undefined {
    return this.#upstream;
  }

  /** Nothing is spawned before this is called. Rejects with the GatewayError that starting failed with. */
  connect(initialize: Frame | undefined): Promise<Lease> {
    this.#pending ??= this.#connect(initialize);
    return this.#pending;
  }

  /** What this client may use has changed: calls from now on are held to it. */
  narrowAgain(): void {
    if (this.#lease !== undefined) this.#upstream = this.#parts.narrow?.(this.#lease) ?? this.#lease;
  }

  /** Safe to call twice; resolves when the process, if there is one, has ended. */
  async end(reason: EndReason): Promise<void> {
    if (this.#endReason === undefined) {
      this.#endReason = reason;
      this.#parts.onEnd(this);
      const given = this.#upstream?.end(END_REASONS[reason]);
      this.#ended.abort(reason);
      this.#parts.events.emit({ type: 'session.ended', ...this.#where(), front: this.front, reason });
      await given;
    }
    await this.#pending?.then((lease) => lease.end(END_REASONS[reason])).catch(() => undefined);
  }

  async #connect(initialize: Frame | undefined): Promise<Lease> {
    try {
      const lease = await this.#parts.lease(initialize, this.ended);
      this.#parts.events.emit({ type: 'session.leased', ...this.#where(), instance: lease.instance });
      if (this.#endReason !== undefined) await lease.end(END_REASONS[this.#endReason]);
      this.#assertOpen();
      this.#lease = lease;
      this.#upstream = this.#parts.narrow?.(lease) ?? lease;
      void lease.ended.then(() => this.end('the server process ended'));
      return this.#upstream;
    } catch (cause) {
      this.#pending = undefined;
      // A wait that was given up is no fault: the caller hears why the session ended.
      this.#assertOpen();
      throw cause;
    }
  }

  #assertOpen(): void {
    if (this.#endReason !== undefined) throw new GatewayError(END_REASONS[this.#endReason]);
  }

  #where() {
    return { session: this.id, server: this.server };
  }
}
