/**
 * Subscriptions of many clients on one modern process. Servers bound how many there may be on a connection, so there
 * is one for the changes of lists and one for each resource, whoever asks; each client hears what it asked for, under
 * its own id.
 */
import type { GatewayError } from '../errors.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Call, Exchange, Upstream } from '../instance/upstream.ts';
import { envelope } from '../protocol/envelope.ts';
import { SUBSCRIPTION_KEY } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';
import { idText } from '../protocol/id-text.ts';
import { findMember, parseAt } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { notificationText, requestText, resultText } from '../protocol/rpc-text.ts';
import { editAt } from '../protocol/splice.ts';
import { systemClock } from '../util/clock.ts';
import { Calm } from './calm.ts';
import { covers } from './resource-subscriptions.ts';
import { asObject } from './translate-legacy-to-modern.ts';
import { WrappedUpstream } from './wrapped-upstream.ts';

/** How long a server may take to acknowledge; what it did not by then is not honoured. In milliseconds. */
const ACK_MS = 5000;
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const UPDATED = 'notifications/resources/updated';
/** Which member of a filter asks for which notification. */
const LISTS: Readonly<Record<string, string>> = {
  'notifications/tools/list_changed': 'toolsListChanged',
  'notifications/prompts/list_changed': 'promptsListChanged',
  'notifications/resources/list_changed': 'resourcesListChanged',
};
const ALL_LISTS = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
const COALESCED: ReadonlySet<string> = new Set([...Object.values(LISTS), 'resourceSubscriptions']);

type Filter = Readonly<Record<string, unknown>>;

/** One subscription on the server. */
interface Source {
  readonly call: Call;
  readonly changes: Calm;
  /** What the server honours; nothing when it refused or stayed silent. */
  readonly honoured: Promise<Filter>;
  readonly listeners: Set<Listener>;
}

interface Listener {
  readonly exchange: Exchange;
  readonly clientId: Buffer;
  readonly filter: Filter;
  readonly sources: Set<string>;
  acknowledged: boolean;
}

export class ListenHub {
  readonly #upstream: Upstream;
  readonly #clientInfo: object;
  readonly #sources = new Map<string, Source>();
  #lastId = 0;

  /** Uses `upstream`, does not own it; it ends with its process. */
  constructor(upstream: Upstream, clientInfo: object) {
    this.#upstream = upstream;
    this.#clientInfo = clientInfo;
  }

  /** An upstream whose subscriptions go through this hub. */
  wrap(inner: Upstream): Upstream {
    return new HubUpstream(inner, this);
  }

  listen(frame: Frame, exchange: Exchange): Call {
    const listener: Listener = {
      exchange,
      clientId: idText(frame),
      filter: filterOf(frame),
      sources: new Set(),
      acknowledged: false,
    };
    const keys = sourceKeys(listener.filter);
    const honoured = keys.map((key) => {
      const source = this.#sources.get(key) ?? this.#open(key);
      source.listeners.add(listener);
      listener.sources.add(key);
      return source.honoured;
    });
    void Promise.all(honoured).then((parts) => acknowledge(listener, parts));
    return { cancel: () => this.#leave(listener) };
  }

  #open(key: string): Source {
    this.#lastId += 1;
    const notifications =
      key === LIST_KEY ? ALL_LISTS : { resourceSubscriptions: [key.slice(URI_PREFIX.length)] };
    const params = JSON.stringify({ notifications, _meta: envelope(this.#clientInfo, {}) });
    let heard: (filter: Filter) => void = () => undefined;
    const honoured = new Promise<Filter>((resolve) => {
      heard = resolve;
    });
    const timer = setTimeout(() => heard({}), ACK_MS);
    const over = (): void => {
      clearTimeout(timer);
      changes.end();
      heard({});
    };
    const listeners = new Set<Listener>();
    const changes = new Calm(systemClock, (message) => fanOut(listeners, message));
    const request = ownFrame(requestText(`"hub-${this.#lastId}"`, 'subscriptions/listen', params));
    const call = this.#upstream.call(request, {
      notify: (message) => {
        if (message.frame.method !== ACKNOWLEDGED) {
          changes.offer(message);
          return 'sent';
        }
        clearTimeout(timer);
        heard(filterOf(message.frame));
        return 'sent';
      },
      ask: () => 'gone',
      settle: () => {
        over();
        this.#ended(key, listeners);
        return 'sent';
      },
      fail: (error) => {
        over();
        this.#failed(key, listeners, error);
      },
    });
    const source: Source = { call, changes, honoured, listeners };
    this.#sources.set(key, source);
    return source;
  }

  #leave(listener: Listener): void {
    for (const key of listener.sources) {
      const source = this.#sources.get(key);
      source?.listeners.delete(listener);
      if (source?.listeners.size !== 0) continue;
      this.#sources.delete(key);
      source.changes.end();
      source.call.cancel('nobody listens any more');
    }
    listener.sources.clear();
  }

  /** A server that refuses one item honours the others; one that ended its last ends the subscription. */
  #ended(key: string, listeners: ReadonlySet<Listener>): void {
    this.#sources.delete(key);
    for (const listener of listeners) {
      listener.sources.delete(key);
      if (listener.sources.size > 0 || !listener.acknowledged) continue;
      listener.exchange.settle(
        ownFrame(resultText(listener.clientId, subscriptionResult(listener.clientId))),
      );
    }
  }

  #failed(key: string, listeners: ReadonlySet<Listener>, error: GatewayError): void {
    this.#sources.delete(key);
    for (const listener of listeners) {
      this.#leave(listener);
      listener.exchange.fail(error);
    }
  }
}

/** The result with which a subscription ends. */
export function subscriptionResult(clientId: Buffer): string {
  return `{"resultType":"complete","_meta":{"${SUBSCRIPTION_KEY}":${clientId.toString()}}}`;
}

class HubUpstream extends WrappedUpstream {
  readonly #hub: ListenHub;

  constructor(inner: Upstream, hub: ListenHub) {
    super(inner);
    this.#hub = hub;
  }

  /** A filter with members that are unknown here is the server's own business. */
  override call(request: Message, exchange: Exchange): Call {
    const { frame } = request;
    const isOurs =
      frame.method === 'subscriptions/listen' &&
      Object.keys(filterOf(frame)).every((key) => COALESCED.has(key));
    return isOurs ? this.#hub.listen(frame, exchange) : this.inner.call(request, exchange);
  }
}

const LIST_KEY = 'lists';
const URI_PREFIX = 'uri ';

function sourceKeys(filter: Filter): string[] {
  const wantsLists = Object.values(LISTS).some((name) => filter[name] === true);
  return [...(wantsLists ? [LIST_KEY] : []), ...urisOf(filter).map((uri) => URI_PREFIX + uri)];
}

function urisOf(filter: Filter): string[] {
  const uris = filter['resourceSubscriptions'];
  return Array.isArray(uris) ? [...new Set(uris.filter((uri) => typeof uri === 'string'))] : [];
}

/** The first message of a subscription, with the part of the filter that is honoured. */
function acknowledge(listener: Listener, honoured: readonly Filter[]): void {
  const wanted = Object.values(LISTS).filter(
    (name) => listener.filter[name] === true && honoured.some((part) => part[name] === true),
  );
  const uris = urisOf(listener.filter).filter((uri) => honoured.some((part) => urisOf(part).includes(uri)));
  const notifications = {
    ...Object.fromEntries(wanted.map((name) => [name, true])),
    ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}),
  };
  listener.acknowledged = true;
  const meta = `"_meta":{"${SUBSCRIPTION_KEY}":${listener.clientId.toString()}}`;
  const params = `{"notifications":${JSON.stringify(notifications)},${meta}}`;
  listener.exchange.notify(ownFrame(notificationText(ACKNOWLEDGED, params)));
}

/** To each who asked for this kind; the id of the subscription becomes each listener's own. */
function fanOut(listeners: ReadonlySet<Listener>, { frame, edits }: Message): void {
  for (const listener of listeners) {
    if (!wants(listener.filter, frame)) continue;
    const own = edits.map((edit) => editAt(edit, listener.clientId));
    listener.exchange.notify({ frame, edits: own });
  }
}

function wants(filter: Filter, { bytes, body, method }: Frame): boolean {
  const list = LISTS[method ?? ''];
  if (list !== undefined) return filter[list] === true;
  if (method !== UPDATED) return false;
  const uri = body && findMember(bytes, body, 'uri');
  const text = uri && stringAt(bytes, uri);
  // A server may tell of a part of what was subscribed to.
  return urisOf(filter).some((wanted) => covers(wanted, text));
}

function filterOf({ bytes, body }: Frame): Filter {
  const span = body && findMember(bytes, body, 'notifications');
  return span === undefined ? {} : asObject(parseAt(bytes, span));
}
