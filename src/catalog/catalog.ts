/** What each server offers. One start per server serves everybody who asks while its answer is fresh. */
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Events } from '../events.ts';
import { ask, bodyOf } from '../instance/ask.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Policy } from '../instance/pool/decide-isolation.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Upstream } from '../instance/upstream.ts';
import { notificationText } from '../protocol/rpc-text.ts';
import type { LegacyAccess } from '../relay/connect.ts';

/** A tool as the server described it; nothing in it is trusted. */
export interface ListedTool {
  readonly name: string;
  readonly [member: string]: unknown;
}

export interface Offer {
  readonly server: string;
  readonly tools: readonly ListedTool[];
  readonly instructions: string | undefined;
  readonly version: string | undefined;
  /** What the server says that it has besides tools. */
  readonly offers: {
    readonly resources: boolean;
    readonly prompts: boolean;
    readonly completions: boolean;
  };
}

/** How long an offer, and a failure to get one, is kept, in milliseconds. */
const FRESH_MS = 60_000;
const FAILURE_MS = 10_000;
/** A server that has more is cut off here; lists are held in memory. */
const MAX_TOOLS = 10_000;
const MAX_PAGES = 1000;

/** A server that announces changes without end is asked no more often than this, in milliseconds. */
const CALM_MS = 1000;

interface Entry {
  readonly offer: Promise<Offer>;
  readonly askedMs: number;
  untilMs: number;
  /** The server said that its tools are others now. */
  changed: boolean;
  /** The process that was asked, where it was started for that: what it announces, its own list has already. */
  ownInstance: number | undefined;
  /** On a process that many use: held while the offer is fresh, so that changes are heard. */
  watch: { readonly lease: Lease; readonly timer: NodeJS.Timeout } | undefined;
}

/** Whoever makes one stops it. */
export class Catalog {
  readonly #access: LegacyAccess;
  readonly #events: Events;
  readonly #entries = new Map<string, Entry>();
  readonly #policyOf: (server: string) => Policy | undefined;
  readonly #unsubscribe: () => void;
  #stopped = false;

  /** `policyOf` a server tells whether it may be asked on a process that callers use. */
  constructor(access: LegacyAccess, events: Events, policyOf: (server: string) => Policy | undefined) {
    this.#access = access;
    this.#policyOf = policyOf;
    this.#events = events;
    this.#unsubscribe = events.subscribe((event) => {
      if (event.type === 'server.tools-changed') this.#changed(event.server, event.instance);
    });
  }

  /** Rejects with the GatewayError that the server could not be asked for. */
  offer(server: string): Promise<Offer> {
    const known = this.#entries.get(server);
    const nowMs = performance.now();
    if (known !== undefined && isFresh(known, nowMs)) return known.offer;
    if (known !== undefined) unwatch(known);
    const entry: Entry = {
      offer: Promise.resolve()
        .then(() => this.#ask(server, entry))
        .catch(throwAfresh),
      askedMs: nowMs,
      untilMs: Number.POSITIVE_INFINITY,
      changed: false,
      ownInstance: undefined,
      watch: undefined,
    };
    this.#entries.set(server, entry);
    entry.offer.then(
      () => {
        entry.untilMs = performance.now() + FRESH_MS;
      },
      (cause: unknown) => {
        entry.untilMs = performance.now() + FAILURE_MS;
        this.#events.emit({ type: 'catalog.failed', server, why: toGatewayError(cause).message });
      },
    );
    return entry.offer;
  }

  /** What is being asked at the moment is answered still. */
  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    for (const entry of this.#entries.values()) unwatch(entry);
  }

  #changed(server: string, instance: number): void {
    const entry = this.#entries.get(server);
    if (entry !== undefined && entry.ownInstance !== instance) entry.changed = true;
  }

  /** The server has changed: what it offered may be wrong. */
  forget(server: string): void {
    const entry = this.#entries.get(server);
    this.#entries.delete(server);
    if (entry !== undefined) unwatch(entry);
  }

  async #ask(server: string, entry: Entry): Promise<Offer> {
    const chosen = this.#policyOf(server);
    const lease = await this.#access.connect({
      server,
      // Where it is anybody's, it is the gateway's as well; else the gateway is a session of its own.
      policy: chosen === 'shared' || chosen === undefined ? chosen : 'session',
      principal: 'gateway',
      session: 'catalog',
      initialize: undefined,
      outbox: { offer: () => 'sent' },
      signal: new AbortController().signal,
    });
    const isShared = chosen === 'shared' || (chosen === undefined && this.#access.isBridged(server));
    if (isShared) lease.tell(ownFrame(notificationText('notifications/initialized')));
    else entry.ownInstance = lease.instance;
    try {
      const facts = lease.facts === undefined ? {} : asObject(bodyOf(lease.facts.frame));
      const info = asObject(facts['serverInfo']);
      const { tools, resources, prompts, completions } = asObject(facts['capabilities']);
      return {
        server,
        tools: tools === undefined ? [] : await listTools(lease),
        instructions: asString(facts['instructions']),
        version: asString(info['version']),
        offers: {
          resources: resources !== undefined,
          prompts: prompts !== undefined,
          completions: completions !== undefined,
        },
      };
    } finally {
      if (isShared && !this.#stopped && this.#entries.get(server) === entry) watch(entry, lease);
      else void lease.end('SESSION_UNKNOWN');
    }
  }
}

/** A failure is kept, and the stack of an error keeps alive the process that it came through. */
function throwAfresh(cause: unknown): never {
  if (!(cause instanceof GatewayError)) throw cause;
  const { code, detail, data, retryAfterMs } = cause;
  throw new GatewayError(code, detail, {
    ...(data !== undefined && { data }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function isFresh({ askedMs, changed, untilMs }: Entry, nowMs: number): boolean {
  return untilMs > nowMs && !(changed && nowMs - askedMs > CALM_MS);
}

function watch(entry: Entry, lease: Lease): void {
  entry.watch = { lease, timer: setTimeout(() => unwatch(entry), FRESH_MS) };
}

function unwatch(entry: Entry): void {
  if (entry.watch === undefined) return;
  clearTimeout(entry.watch.timer);
  void entry.watch.lease.end('SESSION_UNKNOWN');
  entry.watch = undefined;
}

/** All pages of tools/list; a cursor that comes back ends the list instead of looping. */
export async function listTools(upstream: Upstream): Promise<readonly ListedTool[]> {
  const tools: ListedTool[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const answer = await ask(upstream, 'tools/list', cursor === undefined ? {} : { cursor });
    if (answer.kind === 'error') throw new GatewayError('SERVER_ERROR', 'It refused to list its tools.');
    const page = asObject(bodyOf(answer));
    if (!Array.isArray(page['tools']))
      throw new GatewayError('BAD_ANSWER', 'Its list of tools is not a list.');
    for (const tool of page['tools'] as unknown[]) if (isTool(tool)) tools.push(tool);
    cursor = asString(page['nextCursor']);
    if (cursor !== undefined && seen.has(cursor)) break;
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined && tools.length < MAX_TOOLS && seen.size < MAX_PAGES);
  return tools.slice(0, MAX_TOOLS);
}

function isTool(value: unknown): value is ListedTool {
  return typeof asObject(value)['name'] === 'string';
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
