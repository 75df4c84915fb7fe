/**
 * Upstreams that callers without a session use one after another and at the same time: what a request of 2026-07-28 needs
 * is there already when the next one of its principal comes, and nothing is made or awaited for it.
 */
import type { ErrorCode } from '../errors.ts';
import type { Upstream } from '../instance/upstream.ts';
import type { Ending } from '../util/ending.ts';
import { Patience, type Wait } from '../util/patience.ts';
import { WrappedUpstream } from './wrapped-upstream.ts';

/** How long one that nobody uses is kept, in milliseconds; only then does its process begin to be idle. */
const KEEP_MS = 250;

export class KeptUpstreams {
  readonly #patience = new Patience<KeptUpstream>(KEEP_MS, (kept) => void this.#drop(kept));
  /** By server, then by principal. */
  readonly #kept = new Map<string, Map<string, KeptUpstream>>();

  /** Another use of the one that is kept; its user ends it once. */
  use(server: string, principal: string): Upstream | undefined {
    return this.#kept.get(server)?.get(principal)?.use();
  }

  /**
   * Keeps an upstream, whose calls must not depend on one another. It is ended when nobody uses it, and given to nobody
   * once it is `over`. @returns the first use
   */
  keep(server: string, principal: string, upstream: Upstream, over: Ending<void>): Upstream {
    const kept = new KeptUpstream(upstream, this.#patience, server, principal);
    const former = this.#kept.get(server)?.get(principal);
    if (former === undefined) {
      const ofServer = this.#kept.get(server) ?? new Map<string, KeptUpstream>();
      this.#kept.set(server, ofServer.set(principal, kept));
    }
    // The process lives longer than what is kept.
    kept.onClosed = over.add(() => this.#forget(kept));
    return kept.use();
  }

  #drop(kept: KeptUpstream): Promise<void> {
    this.#forget(kept);
    return kept.close();
  }

  #forget(kept: KeptUpstream): void {
    const ofServer = this.#kept.get(kept.server);
    if (ofServer?.get(kept.principal) !== kept) return;
    ofServer.delete(kept.principal);
    if (ofServer.size === 0) this.#kept.delete(kept.server);
  }
}

const DONE = Promise.resolve();

class KeptUpstream extends WrappedUpstream {
  readonly server: string;
  readonly principal: string;
  readonly #patience: Patience<KeptUpstream>;
  onClosed: () => void = () => undefined;
  #uses = 0;
  #wait: Wait<KeptUpstream> | undefined;

  constructor(inner: Upstream, patience: Patience<KeptUpstream>, server: string, principal: string) {
    super(inner);
    this.#patience = patience;
    this.server = server;
    this.principal = principal;
  }

  use(): this {
    if (this.#wait !== undefined) this.#patience.remove(this.#wait);
    this.#wait = undefined;
    this.#uses += 1;
    return this;
  }

  /** Ends one use. Its call was answered or cancelled by then. */
  override end(_why: ErrorCode): Promise<void> {
    this.#uses -= 1;
    if (this.#uses === 0) this.#wait = this.#patience.add(this);
    return DONE;
  }

  close(): Promise<void> {
    this.onClosed();
    return this.inner.end('CALL_CANCELLED');
  }
}
