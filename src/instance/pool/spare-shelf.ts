/** The spares of one server: how many there are, and when the next one is started. */
import { GatewayError } from '../../errors.ts';
import type { Era } from '../../protocol/era.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Instance } from '../instance.ts';
import type { ServerSpec } from '../spec.ts';
import type { Outbox, Upstream } from '../upstream.ts';

/** `raw` waits for a client's own handshake; `shaken` has been introduced to the gateway, which declares nothing. */
export type SpareKind = 'raw' | 'shaken';

export interface StartedSpare {
  readonly instance: Instance;
  /** It has started as far as can be told: others may start now. Safe to call again. */
  readonly settled: () => void;
}

export interface ShelfHost {
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Starts a process that nobody waits for. Rejects with the GatewayError that says why not now. */
  start(spec: ServerSpec, signal: AbortSignal): Promise<StartedSpare>;
  /** Rejects with the GatewayError that the handshake failed with. */
  shakeHands(lease: Upstream): Promise<void>;
  /** Told when spares are not replaced at once. */
  delayed(spec: ServerSpec, waitMs: number, why: string): void;
}

interface Spare {
  readonly instance: Instance;
  /** Answers for the process while nobody has it. */
  readonly attendant: Upstream;
  readonly bornMs: number;
}

/** What is given out is replaced after this long: its user's first call comes first. */
const REFILL_MS = 25;
/** How long the start of a process that says nothing yet is taken to last. */
const SETTLE_MS = 500;
/** The wait after a spare died; doubled each time, half of it by chance. */
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 300_000;
/** A spare that lived for so long did not die of its start. */
const LASTING_MS = 60_000;

/** What a process does that does not take a handshake. */
const NOT_SHAKEN: ReadonlySet<string> = new Set(['START_FAILED', 'BAD_ANSWER', 'START_TIMEOUT']);
/** What a start is refused with for reasons that end by themselves, or with the gateway. */
const NOT_NOW: ReadonlySet<string> = new Set([
  'INSTANCES_FULL',
  'SERVER_INSTANCES_FULL',
  'STOPPING',
  'SERVER_UNKNOWN',
]);

export class Shelf {
  readonly #spec: ServerSpec;
  readonly #host: ShelfHost;
  readonly #spares: Readonly<Record<SpareKind, Spare[]>> = { raw: [], shaken: [] };
  readonly #starting: Record<SpareKind, number> = { raw: 0, shaken: 0 };
  readonly #ended = new AbortController();
  /** Whether the server takes a handshake, as far as is known. */
  #shakes: boolean | undefined;
  #failures = 0;
  /** Until it fires nothing is started. */
  #wait: Timer | undefined;

  constructor(spec: ServerSpec, host: ShelfHost) {
    this.#spec = spec;
    this.#host = host;
    if (spec.era === 'modern') this.#shakes = false;
  }

  get count(): number {
    return this.#spares.raw.length + this.#spares.shaken.length;
  }

  /** For a caller who wants hands shaken a process that must still do so is better than none. */
  take(kind: SpareKind): Instance | undefined {
    const spare = (kind === 'shaken' ? this.#spares.shaken.shift() : undefined) ?? this.#spares.raw.shift();
    if (spare === undefined) return undefined;
    this.#failures = 0;
    this.#waitFor(REFILL_MS);
    void spare.attendant.end('SESSION_UNKNOWN');
    return spare.instance;
  }

  /** Starts what is missing; called whenever something may have changed. */
  fill(): void {
    if (this.#ended.signal.aborted || this.#wait !== undefined) return;
    const kinds: readonly SpareKind[] = this.#shakes === false ? ['raw'] : ['raw', 'shaken'];
    for (const kind of kinds) {
      const missing = this.#spec.warm - this.#spares[kind].length - this.#starting[kind];
      for (let n = 0; n < missing; n += 1) void this.#start(kind);
    }
  }

  /** A process of the server got ready for somebody: whatever kept spares from doing so may be over. */
  works(era: Era): void {
    if (era === 'legacy') this.#shakes = true;
    if (this.#failures > 0) {
      this.#failures = 0;
      this.#wait?.cancel();
      this.#wait = undefined;
    }
    this.fill();
  }

  /** Ends those that have become too old. */
  recycle(maxAgeMs: number): void {
    const nowMs = this.#host.clock.now();
    const old = [...this.#spares.raw, ...this.#spares.shaken].filter(
      ({ bornMs }) => nowMs - bornMs >= maxAgeMs,
    );
    for (const spare of old) void this.#discard(spare);
    if (old.length > 0) this.fill();
  }

  /** Ends one spare for somebody who needs its place; undefined when there is none. */
  giveWay(): Promise<void> | undefined {
    const { raw, shaken } = this.#spares;
    const [spare] = raw.length > shaken.length ? raw : shaken.length > 0 ? shaken : raw;
    return spare && this.#discard(spare);
  }

  end(): void {
    this.#ended.abort();
    this.#wait?.cancel();
    for (const spare of [...this.#spares.raw, ...this.#spares.shaken]) void this.#discard(spare);
  }

  async #start(kind: SpareKind): Promise<void> {
    this.#starting[kind] += 1;
    try {
      const { instance, settled } = await this.#host.start(this.#spec, this.#ended.signal);
      const attendant = instance.attach(SILENT, async () => undefined);
      const spare = { instance, attendant, bornMs: this.#host.clock.now() };
      if (kind === 'raw') this.#settle(instance, settled);
      else if (!(await this.#introduce(spare).finally(settled))) return;
      this.#put(kind, spare);
    } catch (cause) {
      this.#failed(cause);
    } finally {
      this.#starting[kind] -= 1;
    }
  }

  /** @returns false for a server that was never seen to take a handshake: it may be one of the other era, or broken */
  async #introduce({ instance, attendant }: Spare): Promise<boolean> {
    try {
      await this.#host.shakeHands(attendant);
      this.#shakes = true;
      return true;
    } catch (cause) {
      void instance.stop();
      if (this.#shakes === true || !(cause instanceof GatewayError && NOT_SHAKEN.has(cause.code)))
        throw cause;
      this.#shakes = false;
      return false;
    }
  }

  #settle(instance: Instance, settled: () => void): void {
    const timer = this.#host.clock.setTimer(SETTLE_MS, settled);
    void instance.ended.then(() => {
      timer.cancel();
      settled();
    });
  }

  #put(kind: SpareKind, spare: Spare): void {
    if (this.#ended.signal.aborted) return void spare.instance.stop();
    this.#spares[kind].push(spare);
    void spare.instance.ended.then(() => {
      if (!this.#remove(spare)) return;
      if (this.#host.clock.now() - spare.bornMs >= LASTING_MS) this.#failures = 0;
      this.#failed(new GatewayError('SERVER_EXITED'));
    });
  }

  #remove(spare: Spare): boolean {
    for (const spares of [this.#spares.raw, this.#spares.shaken]) {
      const at = spares.indexOf(spare);
      if (at >= 0) return spares.splice(at, 1).length > 0;
    }
    return false;
  }

  #discard(spare: Spare): Promise<void> {
    this.#remove(spare);
    return spare.instance.stop();
  }

  #failed(cause: unknown): void {
    if (this.#ended.signal.aborted || this.#wait !== undefined) return;
    const code = cause instanceof GatewayError ? cause.code : 'INTERNAL';
    // Somebody tells when there is room.
    if (NOT_NOW.has(code)) return;
    this.#failures += 1;
    const toldMs = cause instanceof GatewayError ? (cause.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(toldMs, waitAfter(this.#failures, this.#host.random()));
    this.#host.delayed(this.#spec, waitMs, cause instanceof Error ? cause.message : String(cause));
    this.#waitFor(waitMs);
  }

  #waitFor(ms: number): void {
    this.#wait ??= this.#host.clock.setTimer(ms, () => {
      this.#wait = undefined;
      this.fill();
    });
  }
}

/** Nobody is there: a ping is answered, whatever else the server asks is refused, and what it says is lost. */
const SILENT: Outbox = { offer: (message) => (message.frame.kind === 'request' ? 'gone' : 'sent') };

function waitAfter(failures: number, chance: number): number {
  const longestMs = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), MAX_WAIT_MS);
  return longestMs * (1 - chance / 2);
}
