/**
 * Upstreams for callers of the modern era: a lease on the one modern process of a server, or a bridge to a legacy
 * process of the caller's isolation and capability class. Finds out which the server needs when it is first asked.
 */
import { GatewayError } from '../errors.ts';
import {
  type Caller,
  type Isolation,
  isBrief,
  legacyIsolation,
  modernIsolation,
} from '../instance/pool/decide-isolation.ts';
import type { Lease, Pool } from '../instance/pool/pool.ts';
import type { Shared, SharedHost } from '../instance/pool/shared-processes.ts';
import type { ServerSpec } from '../instance/spec.ts';
import type { Upstream } from '../instance/upstream.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { LegacyOnModern } from './bridge-legacy-to-modern.ts';
import { LegacyGroup } from './bridge-modern-to-legacy.ts';
import { type CapabilityClass, NO_CAPABILITIES } from './capability-class.ts';
import { KeptUpstreams } from './kept-upstreams.ts';
import { ListenHub } from './listen-hub.ts';
import type { LegacyCall } from './park-call.ts';
import { Parks } from './parks.ts';
import {
  openEitherEra,
  openLegacy,
  openModern,
  PinnedToLegacy,
  ProbeCrash,
  type ProbeOptions,
} from './probe.ts';
import { sealStates } from './seal-states.ts';
import type { StateSeal } from './sealed-state.ts';
import type { Verdicts } from './verdicts.ts';

export interface ModernCaller extends Caller {
  readonly server: string;
  readonly capabilities: CapabilityClass;
  /** Who the first caller of a legacy process says it is; the process is told. */
  readonly clientInfo: object;
  /** Whether the server may ask something in the course of the call; other calls need no class of their own. */
  readonly mayBeAsked: boolean;
  /** Whether its upstream lasts over several calls; what is parked then ends with it, since nobody can come back. */
  readonly keeps?: boolean | undefined;
}

/** A caller that can be asked nothing, or has a bridge that is asked in its place. */
export type PlainCaller = Pick<ModernCaller, 'server' | 'policy' | 'principal' | 'session'>;

/** Capability classes of one isolation key on one server; clients send the same one with every request. */
const MAX_CLASSES = 8;

/** The rule of the policies; tests put others in its place. */
export interface Isolate {
  readonly legacy: (caller: Caller, unique: number) => Isolation;
  readonly modern: (caller: Caller, unique: number) => Isolation;
}

/** What a shared process turned out to be. */
type Opened =
  | { readonly era: 'modern'; readonly hub: ListenHub }
  | { readonly era: 'legacy'; readonly group: LegacyGroup };

export class ModernAccess {
  readonly #pool: Pool;
  readonly #verdicts: Verdicts;
  readonly #seal: StateSeal;
  readonly #parks: Parks<LegacyCall>;
  readonly #kept = new KeptUpstreams();
  /** The capability classes that have a process, by server and isolation. */
  readonly #classes = new Map<string, Set<string>>();
  /** One process at a time is used to find out about a server. */
  readonly #finding = new Map<string, Promise<unknown>>();
  readonly #isolate: Isolate;
  #lastUnique = 0;

  constructor(
    pool: Pool,
    verdicts: Verdicts,
    seal: StateSeal,
    clock: Clock = systemClock,
    isolate: Isolate = { legacy: legacyIsolation, modern: modernIsolation },
  ) {
    this.#isolate = isolate;
    this.#pool = pool;
    this.#verdicts = verdicts;
    this.#seal = seal;
    this.#parks = new Parks(seal, clock);
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

  /** An upstream that this principal's last requests had: there at once, or not at all. The caller ends it. */
  kept(server: string, principal: string): Upstream | undefined {
    return this.#kept.use(server, principal);
  }

  /** The same for a caller of older revisions that keeps no session: of any era, and asked nothing. */
  async plainUpstream(caller: PlainCaller): Promise<Upstream> {
    const { server } = caller;
    const shared = await this.#shared(this.#plain(caller));
    if (shared.state.era === 'legacy') return shared.lease();
    return new LegacyOnModern(
      shared.state.hub.wrap(shared.lease()),
      server,
      { offer: () => 'gone' },
      undefined,
    );
  }

  /** A lease on a modern process, for a bridge. @throws GatewayError START_FAILED when the server is not modern */
  async modernLease(caller: PlainCaller): Promise<Lease> {
    const shared = await this.#shareModern(this.#plain(caller));
    this.#verdicts.learnModern(this.#pool.spec(caller.server), true);
    return shared.state.era === 'modern' ? shared.state.hub.wrap(shared.lease()) : shared.lease();
  }

  /** Waits for whoever is finding out, so that a second process is not started to learn the same. */
  async #shared(caller: ModernCaller): Promise<Shared<Opened>> {
    const spec = this.#pool.spec(caller.server);
    for (;;) {
      const speaks = this.#verdicts.speaksModern(spec);
      if (speaks === 'yes') return this.#shareModern(caller);
      if (speaks === 'no') return this.#shareLegacy(caller);
      const finding = this.#finding.get(caller.server);
      if (finding === undefined) return this.#find(spec, caller);
      await finding.catch(() => undefined);
    }
  }

  async #find(spec: ServerSpec, caller: ModernCaller): Promise<Shared<Opened>> {
    // The caller may turn out to be of either kind, so the process is one that it can keep in both.
    const legacy = this.#isolate.legacy(caller, this.#unique());
    const modern = this.#isolate.modern(caller, this.#lastUnique);
    const finding = this.#share(caller, legacy, legacyKey(caller, legacy), openEitherEra);
    this.#finding.set(caller.server, finding);
    try {
      const shared = await finding;
      const isModern = shared.state.era === 'modern';
      if (isModern) this.#pool.shared.rename(legacyKey(caller, legacy), modernKey(caller, modern));
      this.#verdicts.learnModern(spec, isModern);
      return shared;
    } catch (cause) {
      if (cause instanceof PinnedToLegacy) return this.#learned(spec, caller);
      if (!(cause instanceof ProbeCrash)) throw cause;
      const shared = await this.#share(caller, legacy, legacyKey(caller, legacy), openAsLegacy);
      // A server that ends unprobed as well has told nothing of its era.
      this.#verdicts.learnCrashOnProbe(spec);
      return shared;
    } finally {
      this.#finding.delete(caller.server);
    }
  }

  #learned(spec: ServerSpec, caller: ModernCaller): Promise<Shared<Opened>> {
    this.#verdicts.learnModern(spec, true);
    this.#verdicts.learnLegacy(spec, true);
    return this.#shareModern(caller);
  }

  #shareModern(caller: ModernCaller): Promise<Shared<Opened>> {
    const isolation = this.#isolate.modern(caller, this.#unique());
    return this.#share(caller, isolation, modernKey(caller, isolation), openAsModern);
  }

  /** A caller that keeps declaring something else would have a process for each: beyond a few it gets no more. */
  #shareLegacy(caller: ModernCaller): Promise<Shared<Opened>> {
    const isolation = this.#isolate.legacy(caller, this.#unique());
    const owner = `${caller.server} ${isolation.key}`;
    const classes = this.#classes.get(owner) ?? new Set();
    const { key } = caller.capabilities;
    if (!classes.has(key) && classes.size >= MAX_CLASSES) {
      if (caller.mayBeAsked)
        throw new GatewayError('INSTANCES_FULL', 'This caller declares too many different capabilities.');
      const plain = { ...caller, capabilities: NO_CAPABILITIES };
      return this.#share(plain, isolation, legacyKey(plain, isolation), openAsLegacy);
    }
    this.#classes.set(owner, classes.add(key));
    const forget = (): void => {
      classes.delete(key);
      if (classes.size === 0) this.#classes.delete(owner);
    };
    const sharing = this.#share(caller, isolation, legacyKey(caller, isolation), openAsLegacy);
    sharing.then((shared) => void shared.ended.then(forget), forget);
    return sharing;
  }

  #share(caller: ModernCaller, isolation: Isolation, key: string, openAs: OpenAs): Promise<Shared<Opened>> {
    return this.#pool.shared.share<Opened>({
      server: caller.server,
      key,
      isBrief: ({ era }) => isBrief(era === 'legacy' ? isolation : this.#isolate.modern(caller, 0)),
      tentative: openAs === openEitherEra,
      open: async (host): Promise<Opened> => {
        const group = new LegacyGroup(host, caller.capabilities, this.#parks);
        const options = { clientInfo: caller.clientInfo, capabilities: caller.capabilities.declared };
        const era = await openAs(host.instance, group.attendant, options);
        if (era === 'modern') return { era, hub: new ListenHub(group.attendant, this.#pool.clientInfo) };
        await group.ready();
        return { era, group };
      },
    });
  }

  #plain(caller: PlainCaller): ModernCaller {
    const { clientInfo } = this.#pool;
    return { ...caller, capabilities: NO_CAPABILITIES, clientInfo, mayBeAsked: false };
  }

  #unique(): number {
    this.#lastUnique += 1;
    return this.#lastUnique;
  }
}

type OpenAs = (
  instance: SharedHost['instance'],
  lease: LegacyGroup['attendant'],
  options: ProbeOptions,
) => Promise<'modern' | 'legacy'>;
const openAsModern: OpenAs = openModern;
const openAsLegacy: OpenAs = (_instance, lease, options) => openLegacy(lease, options);

function modernKey({ server }: ModernCaller, isolation: Isolation): string {
  return `modern ${server} ${isolation.key}`;
}

function legacyKey({ server, capabilities }: ModernCaller, isolation: Isolation): string {
  return `legacy ${server} ${isolation.key} ${capabilities.key}`;
}
