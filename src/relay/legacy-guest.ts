/**
 * A client with a handshake on a legacy process that others use, too. What the process would keep for its one client
 * is kept here for each, and what could tell one of another is not offered: logs, questions, tasks.
 */
import { type ErrorCode, GatewayError, toGatewayError } from '../errors.ts';
import type { InstanceExit } from '../events.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Call, Exchange, Outbox, ServerFacts } from '../instance/upstream.ts';
import type { Frame } from '../protocol/frame.ts';
import { idText } from '../protocol/id-text.ts';
import { findMember } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { errorText, resultText } from '../protocol/rpc-text.ts';
import { editAt } from '../protocol/splice.ts';
import { GuestTasks, type TaskHost } from './guest-tasks.ts';
import { LOG_LEVELS } from './legacy-logs.ts';
import { covers, type ResourceSubscriptions } from './resource-subscriptions.ts';
import { withoutTasks } from './task-edits.ts';

/** Resources that one client may be subscribed to; each is remembered for it. */
const MAX_SUBSCRIPTIONS = 256;

/** What is a client's own, whatever process it is led to. */
export interface Guest {
  readonly outbox: Outbox;
  readonly subscribed: Set<string>;
  /** It has said that it is initialized; before that it is told nothing. */
  isInitialized: boolean;
}

export function newGuest(outbox: Outbox): Guest {
  return { outbox, subscribed: new Set(), isInitialized: false };
}

/** What a guest needs of the process it is on. */
export interface GuestHost extends TaskHost {
  readonly subscriptions: ResourceSubscriptions;
  dropped(why: string): void;
  left(guest: LegacyGuest): void;
}

const SETTLED: Call = { cancel: () => undefined };

export class LegacyGuest implements Lease {
  readonly era = 'legacy';
  readonly #host: GuestHost;
  readonly #lease: Lease;
  readonly #guest: Guest;
  readonly #tasks: GuestTasks;
  #ended: Promise<void> | undefined;

  /** Owns the lease. A guest that comes from another process is subscribed here to what it was there. */
  constructor(host: GuestHost, lease: Lease, guest: Guest) {
    this.#host = host;
    this.#lease = lease;
    this.#guest = guest;
    this.#tasks = new GuestTasks(host, lease);
    for (const uri of guest.subscribed) host.subscriptions.add(uri).catch(() => undefined);
  }

  get instance(): number {
    return this.#lease.instance;
  }

  get facts(): ServerFacts | undefined {
    return this.#host.attendant.facts;
  }

  get ended(): Promise<InstanceExit> {
    return this.#lease.ended;
  }

  call(request: Message, exchange: Exchange): Call {
    const { frame } = request;
    switch (frame.method) {
      case 'initialize':
        return this.#introduce(frame, exchange);
      case 'tools/call':
        return this.#tasks.call(request, exchange) ?? this.#lease.call(request, exchange);
      case 'logging/setLevel':
        return this.#setLevel(request, exchange);
      case 'resources/subscribe':
        void this.#subscribe(frame, exchange);
        return SETTLED;
      case 'resources/unsubscribe':
        this.#unsubscribe(uriOf(frame) ?? '');
        return reply(frame, exchange, '{}');
      default:
        if (frame.method?.startsWith('tasks/') !== true) return this.#lease.call(request, exchange);
        exchange.fail(new GatewayError('METHOD_NOT_FOUND', 'Sessions that share a process have no tasks.'));
        return SETTLED;
    }
  }

  tell(notification: Message): void {
    const { method } = notification.frame;
    if (method === 'notifications/initialized') this.#guest.isInitialized = true;
    else if (method === 'notifications/cancelled') this.#cancelled(notification);
    else this.#host.dropped('a notification of a client that shares its process');
  }

  /** It is asked nothing. */
  answer(): 'unknown' {
    this.#host.dropped('an answer of a client to nothing it was asked');
    return 'unknown';
  }

  /** A slow reader does not stop a process that others read from. */
  resume(): void {}

  end(why: ErrorCode): Promise<void> {
    this.#ended ??= this.#giveBack(why);
    return this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SESSION_UNKNOWN');
  }

  /** A change that the server tells without saying whom: to each who asked for it. */
  offer(message: Message): 'delivered' | 'dropped' {
    const { frame } = message;
    const isUpdate = frame.method === 'notifications/resources/updated';
    const uri = isUpdate ? uriOf(frame) : undefined;
    const wants = !isUpdate || [...this.#guest.subscribed].some((each) => covers(each, uri));
    if (!this.#guest.isInitialized || !wants) return 'dropped';
    return this.#guest.outbox.offer(message) === 'gone' ? 'dropped' : 'delivered';
  }

  /** What the process said when it was introduced to the first of its clients. */
  #introduce(frame: Frame, exchange: Exchange): Call {
    const facts = this.facts?.frame;
    if (facts?.id === undefined) exchange.fail(new GatewayError('SERVER_EXITED'));
    else
      exchange.settle({
        frame: facts,
        edits: [editAt(facts.id, idText(frame)), ...withoutTasks(facts)],
      });
    return SETTLED;
  }

  /** The level is one for the whole process, and nothing it logs says for whom; a client that sets one hears nothing. */
  #setLevel(request: Message, exchange: Exchange): Call {
    const { bytes, body } = request.frame;
    const span = body && findMember(bytes, body, 'level');
    const level = (span && stringAt(bytes, span)) ?? '';
    return LOG_LEVELS.includes(level)
      ? reply(request.frame, exchange, '{}')
      : refuse(request.frame, exchange, 'There is no such log level.');
  }

  async #subscribe(frame: Frame, exchange: Exchange): Promise<void> {
    const uri = uriOf(frame);
    const { subscribed } = this.#guest;
    if (uri === undefined) return void refuse(frame, exchange, 'A uri is missing.');
    if (subscribed.has(uri)) return void reply(frame, exchange, '{}');
    if (subscribed.size >= MAX_SUBSCRIPTIONS)
      return void refuse(frame, exchange, 'Too many resources are subscribed to.');
    // From here on, so that nothing is missed and asking twice at once counts once.
    subscribed.add(uri);
    try {
      const answer = await this.#host.subscriptions.add(uri);
      if (answer.kind === 'error') this.#forget(uri, true);
      const edits = answer.id === undefined ? [] : [editAt(answer.id, idText(frame))];
      exchange.settle({ frame: answer, edits });
    } catch (cause) {
      this.#forget(uri, false);
      exchange.fail(toGatewayError(cause));
    }
  }

  #unsubscribe(uri: string): void {
    if (this.#guest.subscribed.has(uri)) this.#forget(uri, false);
  }

  #forget(uri: string, wasRefused: boolean): void {
    this.#guest.subscribed.delete(uri);
    if (this.#ended === undefined) this.#host.subscriptions.drop(uri, wasRefused);
  }

  #cancelled(notification: Message): void {
    const { bytes, body } = notification.frame;
    const span = body && findMember(bytes, body, 'requestId');
    if (span === undefined || !this.#tasks.cancel(bytes.toString('latin1', span.start, span.end)))
      this.#lease.tell(notification);
  }

  async #giveBack(why: ErrorCode): Promise<void> {
    for (const uri of this.#guest.subscribed) this.#host.subscriptions.drop(uri, false);
    this.#host.left(this);
    this.#tasks.end(why);
    await this.#lease.end(why);
  }
}

function uriOf({ bytes, body }: Frame): string | undefined {
  const span = body && findMember(bytes, body, 'uri');
  return span && stringAt(bytes, span);
}

function refuse(frame: Frame, exchange: Exchange, why: string): Call {
  exchange.settle(ownFrame(errorText(idText(frame), -32602, why)));
  return SETTLED;
}

function reply(frame: Frame, exchange: Exchange, result: string): Call {
  exchange.settle(ownFrame(resultText(idText(frame), result)));
  return SETTLED;
}
