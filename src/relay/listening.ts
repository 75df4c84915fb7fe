/** What a legacy client subscribed to, as one subscription of a modern server per item. */
import { GatewayError } from '../errors.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Call, Delivery, Upstream } from '../instance/upstream.ts';
import { findMember, parseAt } from '../protocol/json-member.ts';
import type { Message } from '../protocol/message.ts';
import { requestText } from '../protocol/rpc-text.ts';
import { asObject, withoutSubscription } from './translate-legacy-to-modern.ts';

/** How long a server may take to acknowledge a subscription, in milliseconds. */
const ACK_MS = 5000;
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

let lastId = 0;

export class Listening {
  readonly #upstream: Upstream;
  readonly #deliver: (message: Message) => Delivery;
  /** Kept from the moment they are asked for, so that asking twice at once opens one. */
  readonly #uris = new Map<string, Promise<Call>>();
  /** Every one that is open: on a process that lives on they would stay. */
  readonly #calls = new Set<Call>();
  #lists: object | undefined;

  constructor(upstream: Upstream, deliver: (message: Message) => Delivery) {
    this.#upstream = upstream;
    this.#deliver = deliver;
  }

  /** Changes of the lists that the server says it announces. */
  lists(capabilities: Readonly<Record<string, unknown>>, envelope: string): void {
    const announces = (name: string): boolean => asObject(capabilities[name])['listChanged'] === true;
    const wanted = {
      ...(announces('tools') ? { toolsListChanged: true } : {}),
      ...(announces('prompts') ? { promptsListChanged: true } : {}),
      ...(announces('resources') ? { resourcesListChanged: true } : {}),
    };
    this.#lists = Object.keys(wanted).length > 0 ? wanted : undefined;
    this.#listenToLists(envelope);
  }

  /** Asks another process for all that the last one was asked for. */
  again(envelope: string): void {
    this.#listenToLists(envelope);
    const uris = [...this.#uris.keys()];
    for (const uri of uris) {
      this.#uris.delete(uri);
      this.subscribe(uri, envelope).catch(() => undefined);
    }
  }

  /** @throws GatewayError INVALID_ARGUMENTS when the server does not take the subscription */
  async subscribe(uri: string, envelope: string): Promise<void> {
    const opening = this.#uris.get(uri) ?? this.#open(uri, envelope);
    this.#uris.set(uri, opening);
    try {
      await opening;
    } catch (cause) {
      if (this.#uris.get(uri) === opening) this.#uris.delete(uri);
      throw cause;
    }
  }

  unsubscribe(uri: string): void {
    this.#uris.get(uri)?.then(
      (call) => call.cancel('unsubscribed'),
      () => undefined,
    );
    this.#uris.delete(uri);
  }

  end(): void {
    for (const call of this.#calls) call.cancel('the session has ended');
    this.#calls.clear();
    this.#uris.clear();
  }

  #listenToLists(envelope: string): void {
    if (this.#lists !== undefined) void this.#listen(this.#lists, envelope).catch(() => undefined);
  }

  async #open(uri: string, envelope: string): Promise<Call> {
    const { call, honoured } = await this.#listen({ resourceSubscriptions: [uri] }, envelope);
    const uris = honoured['resourceSubscriptions'];
    if (Array.isArray(uris) && uris.includes(uri)) return call;
    call.cancel('not honoured');
    throw new GatewayError('INVALID_ARGUMENTS', 'The server does not take subscriptions to this resource.');
  }

  #listen(
    notifications: object,
    envelope: string,
  ): Promise<{ call: Call; honoured: Readonly<Record<string, unknown>> }> {
    lastId += 1;
    const params = `{"notifications":${JSON.stringify(notifications)},"_meta":{${envelope}}}`;
    return new Promise((resolve, reject) => {
      const over = (why?: GatewayError): void => {
        clearTimeout(timer);
        this.#calls.delete(listening);
        if (why !== undefined) reject(why);
      };
      const timer = setTimeout(() => {
        listening.cancel('not acknowledged');
        over(new GatewayError('CALL_TIMEOUT'));
      }, ACK_MS);
      let running: Call | undefined;
      const listening: Call = {
        cancel: (reason) => {
          over();
          running?.cancel(reason);
        },
      };
      this.#calls.add(listening);
      running = this.#upstream.call(
        ownFrame(requestText(`"listen-${lastId}"`, 'subscriptions/listen', params)),
        {
          notify: (message) => {
            if (message.frame.method !== ACKNOWLEDGED) return this.#deliver(withoutSubscription(message));
            clearTimeout(timer);
            resolve({ call: listening, honoured: honouredBy(message) });
            return 'sent';
          },
          ask: () => 'gone',
          settle: () => {
            over(new GatewayError('INVALID_ARGUMENTS', 'The server takes no subscriptions.'));
            return 'sent';
          },
          fail: over,
        },
      );
    });
  }
}

function honouredBy({ frame: { bytes, body } }: Message): Readonly<Record<string, unknown>> {
  const span = body && findMember(bytes, body, 'notifications');
  return span === undefined ? {} : asObject(parseAt(bytes, span));
}
