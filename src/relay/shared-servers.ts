/**
 * Processes of servers that several callers may use, opened and ready: found by era, isolation, capability class and
 * version, so that nobody meets a process that was told something else of its client than is true of him.
 */
import { type Caller, type Isolation, isBrief } from '../instance/pool/decide-isolation.ts';
import type { Pool } from '../instance/pool/pool.ts';
import type { Shared, SharedHost } from '../instance/pool/shared-processes.ts';
import { LATEST_LEGACY_VERSION } from '../protocol/era.ts';
import { LegacyGroup } from './bridge-modern-to-legacy.ts';
import { type CapabilityClass, NO_CAPABILITIES } from './capability-class.ts';
import { ListenHub } from './listen-hub.ts';
import type { LegacyCall } from './park-call.ts';
import type { Parks } from './parks.ts';
import { openEitherEra, openLegacy, openModern, type ProbeOptions } from './probe.ts';

export interface Sharer extends Caller {
  readonly server: string;
  readonly capabilities: CapabilityClass;
  /** Who the first caller of a legacy process says it is; the process is told, unless everybody may come to it. */
  readonly clientInfo: object;
  /** The revision that a handshake asks for; the newest when absent, which a modern client counts as. */
  readonly version?: string;
}

/** The rule of the policies; tests put others in its place. */
export interface Isolate {
  readonly legacy: (caller: Caller, unique: number) => Isolation;
  readonly modern: (caller: Caller, unique: number) => Isolation;
}

/** What a shared process turned out to be. */
export type Opened =
  | { readonly era: 'modern'; readonly hub: ListenHub }
  | { readonly era: 'legacy'; readonly group: LegacyGroup };

/** Kinds of handshakes of one isolation key on one server; clients send the same one every time. */
const MAX_KINDS = 8;

export class SharedServers {
  readonly #pool: Pool;
  readonly #parks: Parks<LegacyCall>;
  readonly #isolate: Isolate;
  /** The kinds that have a process, by server and isolation. */
  readonly #kinds = new Map<string, Set<string>>();
  #lastUnique = 0;

  constructor(pool: Pool, parks: Parks<LegacyCall>, isolate: Isolate) {
    this.#pool = pool;
    this.#parks = parks;
    this.#isolate = isolate;
  }

  /** A process that is known to be modern. Rejects with START_FAILED when it is not after all. */
  modern(sharer: Sharer): Promise<Shared<Opened>> {
    const isolation = this.#isolate.modern(sharer, this.#unique());
    return this.#share(sharer, { isolation, key: modernKey(sharer, isolation), openAs: openModern });
  }

  /**
   * A process that is known to be legacy. Undefined for a caller that declares something else each time: it would
   * have a process for each, and beyond a few it gets no more. `tentative` when it is not known, but tried.
   */
  legacy(sharer: Sharer, tentative = false): Promise<Shared<Opened>> | undefined {
    const isolation = this.#isolate.legacy(sharer, this.#unique());
    const owner = `${sharer.server} ${isolation.key}`;
    const kinds = this.#kinds.get(owner) ?? new Set();
    const kind = kindOf(sharer);
    if (!kinds.has(kind) && kinds.size >= MAX_KINDS && !isPlain(sharer)) return undefined;
    const isNew = !kinds.has(kind);
    this.#kinds.set(owner, kinds.add(kind));
    const key = legacyKey(sharer, isolation);
    const sharing = this.#share(sharer, { isolation, key, openAs: openAsLegacy, tentative });
    // Once for each process, not for each who comes to it.
    if (isNew) this.#forgetAfter(sharing, owner, kind);
    return sharing;
  }

  #forgetAfter(sharing: Promise<Shared<Opened>>, owner: string, kind: string): void {
    const forget = (): void => {
      const kinds = this.#kinds.get(owner);
      kinds?.delete(kind);
      if (kinds?.size === 0) this.#kinds.delete(owner);
    };
    sharing.then((shared) => void shared.ended.then(forget), forget);
  }

  /** A process that is asked what it is. Rejects as `openEitherEra` does. */
  async either(sharer: Sharer): Promise<Shared<Opened>> {
    const unique = this.#unique();
    const isolation = this.#isolate.legacy(sharer, unique);
    const key = legacyKey(sharer, isolation);
    const openAs = openEitherEra;
    const shared = await this.#share(sharer, { isolation, key, openAs, tentative: true });
    if (shared.state.era === 'modern')
      this.#pool.shared.rename(key, modernKey(sharer, this.#isolate.modern(sharer, unique)));
    return shared;
  }

  #share(sharer: Sharer, { isolation, key, openAs, tentative = false }: Place): Promise<Shared<Opened>> {
    const { server, capabilities } = sharer;
    return this.#pool.shared.share<Opened>({
      server,
      key,
      isBrief: ({ era }) => isBrief(era === 'legacy' ? isolation : this.#isolate.modern(sharer, 0)),
      tentative,
      // Who declares nothing is no other client than the gateway itself.
      handshake: openAs === openAsLegacy && isPlain(sharer) ? 'gateway' : undefined,
      open: async (host): Promise<Opened> => {
        const { clientInfo } = isolation.reach === 'everybody' ? this.#pool : sharer;
        const group = new LegacyGroup(host, {
          capabilities,
          parks: this.#parks,
          isPrivate: isolation.reach !== 'everybody',
        });
        const options = { clientInfo, capabilities: capabilities.declared, version: versionOf(sharer) };
        const isShaken = host.instance.facts !== undefined;
        const era = isShaken ? 'legacy' : await openAs(host.instance, group.attendant, options);
        if (era === 'modern') return { era, hub: new ListenHub(group.attendant, this.#pool.clientInfo) };
        await group.ready();
        return { era, group };
      },
    });
  }

  #unique(): number {
    this.#lastUnique += 1;
    return this.#lastUnique;
  }
}

/** Where a caller is led to, and how it is opened there. */
interface Place {
  readonly isolation: Isolation;
  readonly key: string;
  readonly openAs: OpenAs;
  readonly tentative?: boolean;
}

type OpenAs = (
  instance: SharedHost['instance'],
  lease: LegacyGroup['attendant'],
  options: ProbeOptions,
) => Promise<'modern' | 'legacy'>;
const openAsLegacy: OpenAs = (_instance, lease, options) => openLegacy(lease, options);

function versionOf({ version = LATEST_LEGACY_VERSION }: Sharer): string {
  return version;
}

function isPlain(sharer: Sharer): boolean {
  return sharer.capabilities.key === NO_CAPABILITIES.key && versionOf(sharer) === LATEST_LEGACY_VERSION;
}

function kindOf(sharer: Sharer): string {
  return `${versionOf(sharer)} ${sharer.capabilities.key}`;
}

function modernKey({ server }: Sharer, isolation: Isolation): string {
  return `modern ${server} ${isolation.key}`;
}

function legacyKey(sharer: Sharer, isolation: Isolation): string {
  return `legacy ${sharer.server} ${isolation.key} ${kindOf(sharer)}`;
}
