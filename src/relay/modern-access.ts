/**
 * Upstreams for callers of the modern era: a lease on a modern process of a server, or a bridge to a legacy process of
 * the caller's isolation and capability class. Finds out which the server needs when it is first asked.
 */
import { GatewayError } from '../errors.ts';
import { isBrief, legacyIsolation, modernIsolation } from '../instance/pool/decide-isolation.ts';
import type { Lease, Pool } from '../instance/pool/pool.ts';
import type { Shared } from '../instance/pool/shared-processes.ts';
import type { ServerSpec } from '../instance/spec.ts';
import type { Outbox, Upstream } from '../instance/upstream.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { LegacyOnModern } from './bridge-legacy-to-modern.ts';
import { NO_CAPABILITIES } from './capability-class.ts';
import { KeptUpstreams } from './kept-upstreams.ts';
import { newGuest } from './legacy-guest.ts';
import { Parks } from './parks.ts';
import { PerCall } from './per-call.ts';
import { PinnedToLegacy, ProbeCrash } from './probe.ts';
import { Reviving } from './reviving.ts';
import { sealStates } from './seal-states.ts';
import type { StateSeal } from './sealed-state.ts';
import { type Isolate, type Opened, SharedServers, type Sharer } from './shared-servers.ts';
import type { Verdicts } from './verdicts.ts';

export interface ModernCaller extends Sharer {
  /** Whether the server may ask something in the course of the call; other calls need no class of their own. */
  readonly mayBeAsked: boolean;
  /** Whether its upstream lasts over several calls; what is parked then ends with it, since nobody can come back. */
  readonly keeps?: boolean | undefined;
}

/** A caller that can be asked nothing, or has a bridge that is asked in its place. */
export type PlainCaller = Pick<Sharer, 'server' | 'policy' | 'principal' | 'session'>;

export class ModernAccess {
  /** For sessions, too. */
  readonly shared: SharedServers;
  readonly #pool: Pool;
  readonly #verdicts: Verdicts;
  readonly #seal: StateSeal;
  readonly #isolate: Isolate;
  readonly #kept = new KeptUpstreams();
  /** One process at a time is used to find out about a server. */
  readonly #finding = new Map<string, Promise<unknown>>();

  constructor(
    pool: Pool,
    verdicts: Verdicts,
    seal: StateSeal,
    clock: Clock = systemClock,
    isolate: Isolate = { legacy: legacyIsolation, modern: modernIsolation },
  ) {
    this.#pool = pool;
    this.#verdicts = verdicts;
    this.#seal = seal;
    this.#isolate = isolate;
    this.shared = new SharedServers(pool, new Parks(seal, clock), isolate);
  }

  /** Whom the gateway introduces itself as. */
  get clientInfo(): object {
    return this.#pool.clientInfo;
  }

  /** An upstream for one caller; the caller ends it. Rejects with the GatewayError that starting failed with. */
  async upstream(caller: ModernCaller): Promise<Upstream> {
    const shared = await this.#shared(caller);
    const { principal, server, keeps = false } = caller;
    if (shared.state.era === 'legacy') return shared.state.group.upstream(shared.lease(), principal, keeps);
    const lease = shared.state.hub.wrap(shared.lease({ independent: true }));
    const upstream = sealStates(lease, this.#seal, principal, server);
    if (keeps || isBrief(this.#isolate.modern(caller, 0))) return upstream;
    return this.#kept.keep(server, principal, upstream, shared.over);
  }

  /** For a session of a caller who says itself what it can be asked: it lasts for as long as the session does. */
  async sessionUpstream(caller: ModernCaller): Promise<Upstream> {
    if (caller.policy === 'call')
      return PerCall.open(() => this.upstream({ ...caller, session: undefined }), NOBODY);
    const open = (): Promise<Upstream> => this.upstream({ ...caller, keeps: true });
    const first = await open();
    const isModern = this.#verdicts.speaksModern(this.#pool.spec(caller.server)) === 'yes';
    const isolation = isModern ? this.#isolate.modern(caller, 0) : this.#isolate.legacy(caller, 0);
    return isBrief(isolation) ? first : new Reviving(first, open);
  }

  /** An upstream that this principal's last requests had: there at once, or not at all. The caller ends it. */
  kept(server: string, principal: string): Upstream | undefined {
    return this.#kept.use(server, principal);
  }

  /** The same for a caller of older revisions that keeps no session: of any era, and asked nothing. */
  async plainUpstream(caller: PlainCaller): Promise<Upstream> {
    const spec = this.#pool.spec(caller.server);
    const shared = await this.#shared(this.#plain(caller));
    if (shared.state.era === 'legacy') return shared.state.group.guest(shared.lease(), newGuest(NOBODY));
    const inner = shared.state.hub.wrap(shared.lease());
    return new LegacyOnModern(inner, spec, NOBODY, undefined);
  }

  /** A lease on a modern process, for a bridge. @throws GatewayError START_FAILED when the server is not modern */
  async modernLease(caller: PlainCaller): Promise<Lease> {
    const shared = await this.shared.modern(this.#plain(caller));
    this.#verdicts.learnModern(this.#pool.spec(caller.server), true);
    return shared.state.era === 'modern' ? shared.state.hub.wrap(shared.lease()) : shared.lease();
  }

  /** Waits for whoever is finding out, so that a second process is not started to learn the same. */
  async #shared(caller: ModernCaller): Promise<Shared<Opened>> {
    for (;;) {
      // Perhaps another one than before the wait.
      const spec = this.#pool.spec(caller.server);
      const speaks = this.#verdicts.speaksModern(spec);
      if (speaks === 'yes') return this.shared.modern(caller);
      if (speaks === 'no') return this.#sharedLegacy(caller);
      const finding = this.#finding.get(caller.server);
      if (finding === undefined) return this.#beginToFind(spec, caller);
      await finding.catch(() => undefined);
    }
  }

  /** It is under way until all is learnt: whoever waits would look again and again at something that is over. */
  #beginToFind(spec: ServerSpec, caller: ModernCaller): Promise<Shared<Opened>> {
    const finding = this.#find(spec, caller).finally(() => this.#finding.delete(caller.server));
    this.#finding.set(caller.server, finding);
    return finding;
  }

  async #find(spec: ServerSpec, caller: ModernCaller): Promise<Shared<Opened>> {
    try {
      const shared = await this.shared.either(caller);
      this.#verdicts.learnModern(spec, shared.state.era === 'modern');
      return shared;
    } catch (cause) {
      if (cause instanceof PinnedToLegacy) return this.#learned(spec, caller);
      if (!(cause instanceof ProbeCrash)) throw cause;
      const shared = await this.#sharedLegacy(caller);
      // A server that ends unprobed as well has told nothing of its era.
      this.#verdicts.learnCrashOnProbe(spec);
      return shared;
    }
  }

  #learned(spec: ServerSpec, caller: ModernCaller): Promise<Shared<Opened>> {
    this.#verdicts.learnModern(spec, true);
    this.#verdicts.learnLegacy(spec, true);
    return this.shared.modern(caller);
  }

  #sharedLegacy(caller: ModernCaller): Promise<Shared<Opened>> {
    const sharing = this.shared.legacy(caller);
    if (sharing !== undefined) return sharing;
    if (caller.mayBeAsked)
      throw new GatewayError('INSTANCES_FULL', 'This caller declares too many different capabilities.');
    return this.#sharedLegacy({ ...caller, capabilities: NO_CAPABILITIES });
  }

  #plain(caller: PlainCaller): ModernCaller {
    const { clientInfo } = this.#pool;
    return { ...caller, capabilities: NO_CAPABILITIES, clientInfo, mayBeAsked: false };
  }
}

const NOBODY: Outbox = { offer: () => 'gone' };
