/**
 * The subscriptions of modern clients on one legacy process. List changes a legacy server tells unasked; updates of a
 * resource it tells once it was subscribed to.
 */
import { GatewayError } from '../errors.ts';
import { bodyOf } from '../instance/ask.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Call, Exchange, Upstream } from '../instance/upstream.ts';
import { SUBSCRIPTION_KEY } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';
import { findMember, parseAt } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { notificationText } from '../protocol/rpc-text.ts';
import type { Clock } from '../util/clock.ts';
import { within } from './legacy-logs.ts';
import { covers, type ResourceSubscriptions } from './resource-subscriptions.ts';
import { onSubscription } from './translate-modern-to-legacy.ts';

/** How long the acknowledgement waits for the server to take subscriptions, in milliseconds. */
const MAX_ACK_MS = 5000;
/** Resources of one listen request; each may cost the server a watcher. */
const MAX_URIS = 256;
/** Messages kept for a client that is not acknowledged yet. */
const MAX_EARLY = 100;

/** Which flag of a listen request, and which capability, goes with a notification. */
const LISTS: ReadonlyMap<string, readonly [flag: string, capability: string]> = new Map([
  ['notifications/tools/list_changed', ['toolsListChanged', 'tools']],
  ['notifications/prompts/list_changed', ['promptsListChanged', 'prompts']],
  ['notifications/resources/list_changed', ['resourcesListChanged', 'resources']],
]);

interface Listen {
  readonly exchange: Exchange;
  /** JSON text of the id of the listen request. */
  readonly id: string;
  readonly flags: ReadonlySet<string>;
  uris: readonly string[];
  /** Undefined once acknowledged. */
  early: Message[] | undefined;
}

export class LegacyListens {
  readonly #server: Upstream;
  readonly #clock: Clock;
  readonly #listens = new Set<Listen>();
  readonly #subscriptions: ResourceSubscriptions;

  constructor(server: Upstream, subscriptions: ResourceSubscriptions, clock: Clock) {
    this.#server = server;
    this.#subscriptions = subscriptions;
    this.#clock = clock;
  }

  /** The exchange is never settled: it ends with its client or, by failing, with the process. */
  listen({ frame }: Message, exchange: Exchange): Call {
    const wanted = filterOf(frame);
    const offers = this.#capabilities();
    const flags = [...LISTS.values()].filter(
      ([flag, name]) => wanted[flag] === true && offers[name]?.['listChanged'] === true,
    );
    const listed: unknown =
      offers['resources']?.['subscribe'] === true ? wanted['resourceSubscriptions'] : undefined;
    const uris = Array.isArray(listed)
      ? [...new Set(listed.filter((uri) => typeof uri === 'string'))].slice(0, MAX_URIS)
      : [];
    const id = frame.id === undefined ? 'null' : frame.bytes.toString('utf8', frame.id.start, frame.id.end);
    const listen: Listen = { exchange, id, flags: new Set(flags.map(([flag]) => flag)), uris, early: [] };
    this.#listens.add(listen);
    if (uris.length === 0) this.#acknowledge(listen, []);
    else void this.#subscribeAll(listen);
    return { cancel: () => this.#leave(listen) };
  }

  /** A list_changed or resources/updated of the server. */
  deliver({ frame }: Message): 'delivered' | 'dropped' {
    const flag = LISTS.get(frame.method ?? '')?.[0];
    const span = frame.body && findMember(frame.bytes, frame.body, 'uri');
    const uri = flag === undefined && span !== undefined ? stringAt(frame.bytes, span) : undefined;
    const readers = [...this.#listens].filter(({ flags, uris }) =>
      flag === undefined ? uris.some((each) => covers(each, uri)) : flags.has(flag),
    );
    for (const listen of readers) {
      const message = { frame, edits: onSubscription(frame, listen.id) };
      if (listen.early === undefined) listen.exchange.notify(message);
      else if (listen.early.length < MAX_EARLY) listen.early.push(message);
    }
    return readers.length > 0 ? 'delivered' : 'dropped';
  }

  /** The process has ended. */
  close(): void {
    for (const { exchange } of this.#listens) exchange.fail(new GatewayError('SERVER_EXITED'));
    this.#listens.clear();
  }

  #acknowledge(listen: Listen, uris: readonly string[]): void {
    const flags = [...listen.flags].map((flag): [string, unknown] => [flag, true]);
    const honoured = Object.fromEntries([
      ...flags,
      ...(uris.length === 0 ? [] : [['resourceSubscriptions', uris] as const]),
    ]);
    const params = `{"_meta":{"${SUBSCRIPTION_KEY}":${listen.id}},"notifications":${JSON.stringify(honoured)}}`;
    const early = listen.early ?? [];
    listen.early = undefined;
    listen.exchange.notify(ownFrame(notificationText('notifications/subscriptions/acknowledged', params)));
    for (const message of early) listen.exchange.notify(message);
  }

  async #subscribeAll(listen: Listen): Promise<void> {
    const answers = new Map<string, boolean>();
    const pending = listen.uris.map(async (uri) => {
      answers.set(uri, await isResult(this.#subscriptions.add(uri)));
    });
    await within(Promise.all(pending), MAX_ACK_MS, this.#clock);
    if (!this.#listens.has(listen)) return;
    for (const uri of listen.uris)
      if (answers.get(uri) !== true) this.#subscriptions.drop(uri, answers.has(uri));
    listen.uris = listen.uris.filter((uri) => answers.get(uri) === true);
    this.#acknowledge(listen, listen.uris);
  }

  #leave(listen: Listen): void {
    if (!this.#listens.delete(listen)) return;
    for (const uri of listen.uris) this.#subscriptions.drop(uri, false);
  }

  #capabilities(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
    const facts = this.#server.facts;
    const body = facts === undefined ? undefined : bodyOf(facts.frame);
    return ((body as Record<string, unknown> | undefined)?.['capabilities'] ?? {}) as Record<
      string,
      Record<string, unknown>
    >;
  }
}

function filterOf({ bytes, body }: Frame): Readonly<Record<string, unknown>> {
  const span = body && findMember(bytes, body, 'notifications');
  const filter: unknown = span && parseAt(bytes, span);
  return typeof filter === 'object' && filter !== null ? (filter as Record<string, unknown>) : {};
}

async function isResult(answer: Promise<Frame>): Promise<boolean> {
  try {
    return (await answer).kind === 'response';
  } catch {
    return false;
  }
}
