/** What each server offers. One start per server serves everybody who asks while its answer is fresh. */
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Events } from '../events.ts';
import { ask, bodyOf } from '../instance/ask.ts';
import type { Upstream } from '../instance/upstream.ts';
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
}

/** How long an offer, and a failure to get one, is kept, in milliseconds. */
const FRESH_MS = 60_000;
const FAILURE_MS = 10_000;
/** A server that has more is cut off here; lists are held in memory. */
const MAX_TOOLS = 10_000;
const MAX_PAGES = 1000;

interface Entry {
  readonly offer: Promise<Offer>;
  untilMs: number;
}

export class Catalog {
  readonly #access: LegacyAccess;
  readonly #events: Events;
  readonly #entries = new Map<string, Entry>();

  constructor(access: LegacyAccess, events: Events) {
    this.#access = access;
    this.#events = events;
  }

  /** Rejects with the GatewayError that the server could not be asked for. */
  offer(server: string): Promise<Offer> {
    const known = this.#entries.get(server);
    if (known !== undefined && known.untilMs > performance.now()) return known.offer;
    const entry: Entry = { offer: this.#ask(server), untilMs: Number.POSITIVE_INFINITY };
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

  async #ask(server: string): Promise<Offer> {
    const lease = await this.#access.connect(
      {
        server,
        policy: undefined,
        principal: 'gateway',
        session: 'catalog',
        initialize: undefined,
        outbox: { offer: () => 'gone' },
        signal: new AbortController().signal,
      },
      undefined,
    );
    try {
      const facts = lease.facts === undefined ? {} : asObject(bodyOf(lease.facts.frame));
      const info = asObject(facts['serverInfo']);
      const hasTools = asObject(facts['capabilities'])['tools'] !== undefined;
      return {
        server,
        tools: hasTools ? await listTools(lease) : [],
        instructions: asString(facts['instructions']),
        version: asString(info['version']),
      };
    } finally {
      void lease.end('SESSION_UNKNOWN');
    }
  }
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
