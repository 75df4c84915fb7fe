/** What a server process says, and to whom it goes: answers and progress by our own ids, the rest to its one reader. */
import { type Era, SUBSCRIPTION_KEY } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';
import { bodyMember, metaMember } from '../protocol/frame-members.ts';
import type { Message } from '../protocol/message.ts';
import { resultText } from '../protocol/rpc-text.ts';
import { type Edit, editAt } from '../protocol/splice.ts';
import type { CallDeadlines } from './call-deadlines.ts';
import { ownFrame } from './own-frame.ts';
import { keyOf, type LeaseId, type Question, type Route, type RoutingTable } from './routing-table.ts';
import type { Delivery } from './upstream.ts';
import type { Written } from './wire.ts';

/** What the messages of a process need of its instance. */
export interface MessageHost {
  readonly era: Era;
  readonly table: RoutingTable;
  readonly deadlines: CallDeadlines;
  write(message: string): Written;
  /** Heeds what became of a message handed to a client. */
  deliver(delivery: Delivery): Delivery;
  /** A message that names no call goes to the one reader there is, or to nobody: it is never broadcast. */
  offer(message: Message): Delivery;
  /** The lease that gets such messages. */
  reader(): LeaseId | undefined;
  handshakeAnswered(frame: Frame): void;
  settled(route: Route, outcome: string): void;
  /** Tells the server that nobody will answer its request. */
  refuse(serverId: Buffer, why: string): void;
  dropped(why: string): void;
  toolsChanged(): void;
}

export class ServerMessages {
  readonly #host: MessageHost;

  constructor(host: MessageHost) {
    this.#host = host;
  }

  receive(frame: Frame): void {
    if (frame.kind === 'response' || frame.kind === 'error') this.#answer(frame);
    else if (frame.kind === 'request') this.#request(frame);
    else if (frame.method === 'notifications/progress') this.#progress(frame);
    else if (frame.method === 'notifications/cancelled') this.#questionCancelled(frame);
    else this.#notification(frame);
  }

  #notification(frame: Frame): void {
    if (frame.method === 'notifications/tools/list_changed') this.#host.toolsChanged();
    if (this.#host.era === 'modern') this.#modernNotification(frame);
    else this.#host.offer({ frame, edits: [] });
  }

  #answer(frame: Frame): void {
    const key = keyOf(frame.bytes, frame.id);
    const route = key === undefined ? undefined : this.#host.table.take(key);
    if (route === undefined || frame.id === undefined)
      return this.#host.dropped('an answer to nothing that was asked');
    if (route.method === 'initialize') this.#host.handshakeAnswered(frame);
    // The result of a subscription names it as its messages do.
    const subscription =
      route.method === 'subscriptions/listen' ? metaMember(frame, SUBSCRIPTION_KEY) : undefined;
    const edits: Edit[] = [editAt(frame.id, route.clientId)];
    if (subscription !== undefined) edits.push(editAt(subscription, route.clientId));
    this.#host.settled(route, frame.kind === 'error' ? 'rpc-error' : 'ok');
    this.#host.deliver(route.exchange.settle({ frame, edits }));
  }

  #progress(frame: Frame): void {
    const token = bodyMember(frame, 'progressToken');
    const key = keyOf(frame.bytes, token);
    const route = key === undefined ? undefined : this.#host.table.find(key);
    if (route?.clientToken === undefined || token === undefined)
      return this.#host.dropped('progress of no running call');
    this.#host.deadlines.extend(route);
    this.#host.deliver(route.exchange.notify({ frame, edits: [editAt(token, route.clientToken)] }));
  }

  /** 2026-07-28 stdio: a server sends no requests; what looks like one is not answered. */
  #request(frame: Frame): void {
    if (this.#host.era === 'modern') this.#host.dropped('a request of a server that must not send any');
    else this.#question(frame);
  }

  /** Names its subscription, or is a log line for the one request that asked for logs; else it is nobody's. */
  #modernNotification(frame: Frame): void {
    const span = metaMember(frame, SUBSCRIPTION_KEY);
    const key = keyOf(frame.bytes, span);
    const route = key === undefined ? this.#soleLogReader(frame) : this.#subscription(key);
    if (route === undefined) return this.#host.dropped('a message that no client is attributable to');
    const edits = span === undefined ? [] : [editAt(span, route.clientId)];
    this.#host.deliver(route.exchange.notify({ frame, edits }));
  }

  #subscription(key: number): Route | undefined {
    const route = this.#host.table.find(key);
    return route?.method === 'subscriptions/listen' ? route : undefined;
  }

  #soleLogReader(frame: Frame): Route | undefined {
    if (frame.method !== 'notifications/message') return undefined;
    const readers = [...this.#host.table.routes()].filter((route) => route.wantsLogs);
    return readers.length === 1 ? readers[0] : undefined;
  }

  #question(frame: Frame): void {
    const lease = this.#host.reader();
    if (frame.id === undefined || frame.method === undefined) return;
    const serverId = frame.bytes.subarray(frame.id.start, frame.id.end);
    if (lease === undefined) return this.#host.refuse(serverId, 'no client is attributable to this request');
    const key = this.#host.table.nextKey();
    const token = metaMember(frame, 'progressToken');
    const edits: Edit[] = [editAt(frame.id, String(key))];
    if (token !== undefined) edits.push(editAt(token, String(key)));
    const serverToken = token && frame.bytes.subarray(token.start, token.end);
    const question: Question = { key, lease, method: frame.method, serverId, serverToken };
    this.#host.table.addQuestion(question);
    const delivery = this.#host.offer({ frame, edits });
    if (delivery !== 'gone') return;
    this.#host.table.dropQuestion(question);
    if (frame.method === 'ping') this.#host.write(resultText(serverId, '{}'));
    else this.#host.refuse(serverId, 'this client answers no requests');
  }

  #questionCancelled(frame: Frame): void {
    const span = bodyMember(frame, 'requestId');
    if (this.#host.era === 'modern') return this.#subscriptionEnded(keyOf(frame.bytes, span));
    const question =
      span && this.#host.table.findQuestionByServerId(frame.bytes.subarray(span.start, span.end));
    if (question === undefined || span === undefined)
      return this.#host.dropped('a cancellation of no open question');
    this.#host.table.dropQuestion(question);
    this.#host.offer({ frame, edits: [editAt(span, String(question.key))] });
  }

  /** A server may end a subscription this way (2026-07-28 cancellation); its client hears a result either way. */
  #subscriptionEnded(key: number | undefined): void {
    const route = key === undefined ? undefined : this.#subscription(key);
    if (route === undefined) return this.#host.dropped('a cancellation of no subscription');
    this.#host.table.take(route.key);
    const meta = `{"${SUBSCRIPTION_KEY}":${route.clientId.toString()}}`;
    route.exchange.settle(ownFrame(resultText(route.clientId, `{"resultType":"complete","_meta":${meta}}`)));
  }
}
