/** One process with the leases on it: it becomes idle with the last one, and ends when it has been so for long enough. */
import { GatewayError } from '../../errors.ts';
import type { InstanceExit } from '../../events.ts';
import { Ending } from '../../util/ending.ts';
import type { Instance } from '../instance.ts';
import type { LeaseOptions } from '../lease.ts';
import type { Upstream } from '../upstream.ts';

export interface SharedTerms {
  /** Without leases it is ended after this long, in milliseconds. */
  readonly idleMs: () => number;
  /** It ends with its last lease: nobody can come back to it. */
  readonly isBrief: boolean;
  /** Where it stands while nobody has a lease on it any more. */
  readonly idle: Set<SharedProcess<unknown>>;
}

/** Time for whoever was led here to lease it, in milliseconds. */
const BRIEF_MS = 100;

export class SharedProcess<T> {
  readonly state: T;
  /** Nobody new should be led to it: it is being ended, or will be with its last lease. */
  readonly over = new Ending<void>();
  readonly #instance: Instance;
  readonly #terms: SharedTerms;
  #isBrief: boolean;
  #leases = 0;
  #over = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(instance: Instance, state: T, terms: SharedTerms) {
    this.#instance = instance;
    this.state = state;
    this.#terms = terms;
    this.#isBrief = terms.isBrief;
    this.#startIdle();
    void instance.ended.then(() => this.#close());
  }

  get server(): string {
    return this.#instance.spec.name;
  }

  get instance(): number {
    return this.#instance.id;
  }

  get ended(): Promise<InstanceExit> {
    return this.#instance.ended;
  }

  /** @throws GatewayError SERVER_EXITED */
  lease(options?: LeaseOptions): Upstream {
    if (this.#over) throw new GatewayError('SERVER_EXITED');
    clearTimeout(this.#idle);
    this.#terms.idle.delete(this);
    this.#leases += 1;
    return this.#instance.attach(undefined, () => this.#release(), options);
  }

  /** Whoever was just led here still gets a lease. */
  retire(): void {
    this.#isBrief = true;
    this.over.end();
    if (this.#leases > 0 || this.#over) return;
    clearTimeout(this.#idle);
    this.#startIdle();
  }

  /** Ends it, used or not. */
  end(): Promise<void> {
    this.#close();
    return this.#instance.stop();
  }

  async #release(): Promise<void> {
    this.#leases -= 1;
    if (this.#leases > 0 || this.#over) return;
    if (this.#isBrief) return void this.end();
    this.#terms.idle.add(this);
    this.#startIdle();
  }

  #close(): void {
    this.#over = true;
    clearTimeout(this.#idle);
    this.#terms.idle.delete(this);
    this.over.end();
  }

  #startIdle(): void {
    this.#idle = setTimeout(() => void this.end(), this.#isBrief ? BRIEF_MS : this.#terms.idleMs());
  }
}
