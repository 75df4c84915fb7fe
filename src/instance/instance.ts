/**
 * One running server process with its conversation. Owns the wire, the routing table and the call deadlines; all of
 * them end with the process. It knows leases, not sessions, and nothing of HTTP.
 */
import { ERRORS, type ErrorCode, GatewayError } from '../errors.ts';
import type { Events, InstanceExit } from '../events.ts';
import type { Frame } from '../protocol/frame.ts';
import { findMember } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { errorText, notificationText, resultText } from '../protocol/rpc-text.ts';
import { type Edit, splice } from '../protocol/splice.ts';
import { deferred } from '../util/deferred.ts';
import { CallDeadlines } from './call-deadlines.ts';
import { InstanceLease, type LeaseHost } from './lease.ts';
import { keyOf, type LeaseId, type Question, type Route, RoutingTable } from './routing-table.ts';
import type { ServerSpec } from './spec.ts';
import type { Delivery, Outbox, ServerFacts } from './upstream.ts';
import type { Wire, Written } from './wire.ts';

export class Instance implements LeaseHost {
  readonly id: number;
  readonly spec: ServerSpec;
  readonly table = new RoutingTable();
  readonly deadlines: CallDeadlines;
  readonly ended: Promise<InstanceExit>;
  facts: ServerFacts | undefined;
  readonly #wire: Wire;
  readonly #events: Events;
  readonly #leases = new Map<LeaseId, Outbox>();
  readonly #handshaken = deferred<void>();
  readonly #bornMs = performance.now();
  #startTimer: NodeJS.Timeout | undefined;
  #lastLease = 0;
  #failure: ErrorCode | undefined;

  constructor(id: number, spec: ServerSpec, wire: Wire, events: Events) {
    this.id = id;
    this.spec = spec;
    this.#wire = wire;
    this.#events = events;
    this.deadlines = new CallDeadlines(this.table, spec, (route) => this.#expire(route));
    wire.read((frame) => this.#receive(frame));
    if (wire.pid !== undefined) events.emit({ type: 'instance.started', ...this.#where(), pid: wire.pid });
    this.ended = wire.ended.then((exit) => this.#finish(exit));
  }

  get pid(): number | undefined {
    return this.#wire.pid;
  }

  /** Resolves when the handshake was answered or can no longer be. */
  get started(): Promise<void> {
    return this.#handshaken.promise;
  }

  /** `release` is called once, when the lease is given back. */
  attach(outbox: Outbox, release: () => Promise<void>): InstanceLease {
    this.#lastLease += 1;
    this.#leases.set(this.#lastLease, outbox);
    return new InstanceLease(this.#lastLease, this, release);
  }

  detach(lease: LeaseId, why: ErrorCode): void {
    this.#leases.delete(lease);
    const { routes, questions } = this.table.revoke(lease);
    for (const route of routes) {
      this.#tellCancelled(route, 'the session has ended');
      this.fail(route, new GatewayError(why));
    }
    for (const question of questions) this.#refuse(question.serverId, 'the session has ended');
  }

  stop(now?: boolean): Promise<void> {
    return this.#wire.stop(now);
  }

  // What leases need of their instance

  write(message: Message | string): Written {
    return this.#wire.write(
      typeof message === 'string' ? [Buffer.from(message)] : splice(message.frame, message.edits),
    );
  }

  resume(): void {
    this.#wire.resume();
  }

  /** Why a call that cannot be written any more fails. */
  gone(): GatewayError {
    return new GatewayError(this.#failure ?? (this.facts === undefined ? 'START_FAILED' : 'SERVER_EXITED'));
  }

  /** The clock of the start runs from the initialize request to its answer. */
  awaitHandshake(): void {
    this.#startTimer ??= setTimeout(() => {
      this.#failure = 'START_TIMEOUT';
      void this.#wire.stop();
      for (const route of this.table.revoke().routes) this.fail(route, this.gone());
      this.#handshaken.resolve();
    }, this.spec.startTimeoutMs);
  }

  cancelled(route: Route, reason: string): void {
    this.#tellCancelled(route, reason);
    this.#settled(route, ERRORS.CALL_CANCELLED.reason);
  }

  #tellCancelled(route: Route, reason: string): void {
    if (route.method === 'initialize') return;
    this.write(notificationText('notifications/cancelled', JSON.stringify({ requestId: route.key, reason })));
  }

  fail(route: Route, error: GatewayError): void {
    this.#settled(route, error.row.reason);
    route.exchange.fail(error);
  }

  dropped(why: string): void {
    this.#events.emit({ type: 'instance.dropped', ...this.#where(), why });
  }

  // What the server says

  #receive(frame: Frame): void {
    if (frame.kind === 'response' || frame.kind === 'error') this.#answer(frame);
    else if (frame.kind === 'request') this.#question(frame);
    else if (frame.method === 'notifications/progress') this.#progress(frame);
    else if (frame.method === 'notifications/cancelled') this.#questionCancelled(frame);
    else this.#offer({ frame, edits: [] });
  }

  #answer(frame: Frame): void {
    const key = keyOf(frame.bytes, frame.id);
    const route = key === undefined ? undefined : this.table.take(key);
    if (route === undefined || frame.id === undefined)
      return this.dropped('an answer to nothing that was asked');
    if (route.method === 'initialize') this.#observeHandshake(frame);
    this.#settled(route, frame.kind === 'error' ? 'rpc-error' : 'ok');
    this.#deliver(route.exchange.settle({ frame, edits: [{ ...frame.id, text: route.clientId }] }));
  }

  #observeHandshake(frame: Frame): void {
    clearTimeout(this.#startTimer);
    const version = frame.kind === 'response' ? memberText(frame, 'protocolVersion') : undefined;
    if (version !== undefined) {
      this.facts = { protocolVersion: version, frame };
      this.#events.emit({
        type: 'instance.ready',
        ...this.#where(),
        tookMs: performance.now() - this.#bornMs,
      });
    }
    this.#handshaken.resolve();
  }

  #progress(frame: Frame): void {
    const token = frame.body === undefined ? undefined : findMember(frame.bytes, frame.body, 'progressToken');
    const key = keyOf(frame.bytes, token);
    const route = key === undefined ? undefined : this.table.find(key);
    if (route?.clientToken === undefined || token === undefined)
      return this.dropped('progress of no running call');
    this.deadlines.extend(route);
    this.#deliver(route.exchange.notify({ frame, edits: [{ ...token, text: route.clientToken }] }));
  }

  #question(frame: Frame): void {
    const lease = this.#soleLease();
    if (frame.id === undefined || frame.method === undefined) return;
    const serverId = frame.bytes.subarray(frame.id.start, frame.id.end);
    if (lease === undefined) return this.#refuse(serverId, 'no client is attributable to this request');
    const key = this.table.nextKey();
    const token = frame.meta === undefined ? undefined : findMember(frame.bytes, frame.meta, 'progressToken');
    const edits: Edit[] = [{ ...frame.id, text: String(key) }];
    if (token !== undefined) edits.push({ ...token, text: String(key) });
    const serverToken = token && frame.bytes.subarray(token.start, token.end);
    const question: Question = { key, lease, method: frame.method, serverId, serverToken };
    this.table.addQuestion(question);
    const delivery = this.#offer({ frame, edits });
    if (delivery !== 'gone') return;
    this.table.dropQuestion(question);
    if (frame.method === 'ping') this.write(resultText(serverId, '{}'));
    else this.#refuse(serverId, 'this client answers no requests');
  }

  #questionCancelled(frame: Frame): void {
    const span = frame.body && findMember(frame.bytes, frame.body, 'requestId');
    const question = span && this.table.findQuestionByServerId(frame.bytes.subarray(span.start, span.end));
    if (question === undefined || span === undefined)
      return this.dropped('a cancellation of no open question');
    this.table.dropQuestion(question);
    this.#offer({ frame, edits: [{ ...span, text: String(question.key) }] });
  }

  /** A message that names no call goes to the one client there is, or to nobody: it is never broadcast. */
  #offer(message: Message): Delivery {
    const lease = this.#soleLease();
    const outbox = lease === undefined ? undefined : this.#leases.get(lease);
    if (outbox === undefined) {
      this.dropped('a message that no client is attributable to');
      return 'gone';
    }
    return this.#deliver(outbox.offer(message));
  }

  #soleLease(): LeaseId | undefined {
    return this.#leases.size === 1 ? this.#leases.keys().next().value : undefined;
  }

  /** A reader that is full stops the private wire; the server's next write then blocks. */
  #deliver(delivery: Delivery): Delivery {
    if (delivery === 'full') this.#wire.pause();
    return delivery;
  }

  #refuse(serverId: Buffer, why: string): void {
    this.write(errorText(serverId, -32601, `Method not found: ${why}.`));
  }

  #expire(route: Route): void {
    this.table.take(route.key);
    this.#tellCancelled(route, 'the call timed out');
    this.fail(route, new GatewayError('CALL_TIMEOUT'));
  }

  #settled(route: Route, outcome: string): void {
    const tookMs = performance.now() - route.startedMs;
    this.#events.emit({
      type: 'call.settled',
      server: this.spec.name,
      method: route.method,
      outcome,
      tookMs,
    });
  }

  #finish(ended: InstanceExit): InstanceExit {
    const exit =
      this.#failure === 'START_TIMEOUT' ? { ...ended, expected: false, spawnError: this.#notReady() } : ended;
    clearTimeout(this.#startTimer);
    this.deadlines.end();
    if (this.facts === undefined) this.#failure ??= 'START_FAILED';
    for (const route of this.table.revoke().routes) this.fail(route, this.gone());
    this.#leases.clear();
    this.#handshaken.resolve();
    this.#events.emit({
      type: 'instance.exited',
      ...this.#where(),
      pid: this.#wire.pid,
      ready: this.facts !== undefined,
      exit,
    });
    return exit;
  }

  #notReady(): string {
    return `no answer to initialize within ${this.spec.startTimeoutMs} ms (startTimeoutMs)`;
  }

  #where() {
    return { server: this.spec.name, instance: this.id };
  }
}

function memberText(frame: Frame, name: string): string | undefined {
  const span = frame.body && findMember(frame.bytes, frame.body, name);
  return span && stringAt(frame.bytes, span);
}
