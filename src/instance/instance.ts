/**
 * One running server process with its conversation. Owns the wire, the routing table and the call deadlines; all of
 * them end with the process. It knows leases, not sessions, and nothing of HTTP.
 */
import { ERRORS, type ErrorCode, GatewayError } from '../errors.ts';
import type { Events, InstanceExit } from '../events.ts';
import type { Era } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';
import { findMember } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { textPayload, toPayload } from '../protocol/payload.ts';
import { errorText, notificationText } from '../protocol/rpc-text.ts';
import { deferred } from '../util/deferred.ts';
import { Ending } from '../util/ending.ts';
import { CallDeadlines } from './call-deadlines.ts';
import { InstanceLease, type LeaseHost, type LeaseOptions } from './lease.ts';
import { type LeaseId, type Route, RoutingTable } from './routing-table.ts';
import { type MessageHost, ServerMessages } from './server-messages.ts';
import type { ServerSpec } from './spec.ts';
import type { Delivery, Outbox, ServerFacts } from './upstream.ts';
import type { Traffic, Wire, Written } from './wire.ts';

/** The cause of a failed start that no second process would survive either. */
export const NOT_SPAWNED = 'the process could not be spawned';

export class Instance implements LeaseHost, MessageHost {
  readonly id: number;
  readonly spec: ServerSpec;
  readonly table = new RoutingTable();
  readonly deadlines: CallDeadlines;
  readonly ended: Promise<InstanceExit>;
  facts: ServerFacts | undefined;
  /** Pinned by the first answer to a handshake or a discovery; a process is never used in both eras. */
  era: Era = 'legacy';
  /** Several clients read from it: a slow one must not stop the others. */
  shared = false;
  /**
   * Its end before it is ready says nothing of its server: it is tried with what another kind of server may die of, or
   * nobody has it yet.
   */
  tentative = false;
  /** Nobody has it yet. */
  isSpare = false;
  /** Calls that the end of the process took with it. */
  lostCalls = 0;
  readonly #wire: Wire;
  readonly #events: Events;
  /** Leases that take messages which name no call. */
  readonly #outboxes = new Map<LeaseId, Outbox>();
  readonly #handshaken = deferred<void>();
  readonly #ending = new Ending<InstanceExit>();
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
    const messages = new ServerMessages(this);
    wire.read((frame) => messages.receive(frame));
    if (wire.pid !== undefined) events.emit({ type: 'instance.started', ...this.#where(), pid: wire.pid });
    this.ended = wire.ended.then((exit) => this.#finish(exit));
    void this.ended.then((exit) => this.#ending.end(exit));
  }

  get pid(): number | undefined {
    return this.#wire.pid;
  }

  get traffic(): Traffic {
    return this.#wire.traffic;
  }

  /** Resolves when the handshake was answered or can no longer be. */
  get started(): Promise<void> {
    return this.#handshaken.promise;
  }

  /** `release` is called once, when the lease is given back. Without an outbox a lease only gets what belongs to its calls. */
  attach(
    outbox: Outbox | undefined,
    release: () => Promise<void>,
    options: LeaseOptions = {},
  ): InstanceLease {
    this.#lastLease += 1;
    if (outbox !== undefined) this.#outboxes.set(this.#lastLease, outbox);
    return new InstanceLease(this.#lastLease, this, release, options);
  }

  detach(lease: LeaseId, why: ErrorCode): void {
    this.#outboxes.delete(lease);
    const { routes, questions } = this.table.revoke(lease);
    for (const route of routes) {
      this.#tellCancelled(route, 'the session has ended');
      this.fail(route, new GatewayError(why));
    }
    for (const question of questions) this.refuse(question.serverId, 'the session has ended');
  }

  /** The process answered server/discover: it is used as a modern server from now on. */
  becomeModern(discover: Frame, protocolVersion: string): void {
    // A handshake that was tried as well need not be answered.
    clearTimeout(this.#startTimer);
    this.era = 'modern';
    this.#ready({ protocolVersion, frame: discover });
  }

  /** The handshake will not come, or has been left to somebody else: its place in the queue of starts is free. */
  giveUpHandshake(): void {
    this.#handshaken.resolve();
  }

  stop(now?: boolean): Promise<void> {
    return this.#wire.stop(now);
  }

  // What leases need of their instance

  whenEnded(listener: (exit: InstanceExit) => void): () => void {
    return this.#ending.add(listener);
  }

  write(message: Message | string): Written {
    // A call that runs alone is followed by another when it is answered, not before.
    const isLone = this.table.size === 1;
    return this.#wire.write(typeof message === 'string' ? textPayload(message) : toPayload(message), isLone);
  }

  resume(): void {
    this.#wire.resume();
  }

  /** Why a call that cannot be written any more fails. */
  gone(): GatewayError {
    const code = this.#failure ?? (this.facts === undefined ? 'START_FAILED' : 'SERVER_EXITED');
    return new GatewayError(
      code,
      undefined,
      this.#wire.pid === undefined ? { cause: NOT_SPAWNED } : undefined,
    );
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
    this.settled(route, ERRORS.CALL_CANCELLED.reason);
  }

  #tellCancelled(route: Route, reason: string): void {
    if (route.method === 'initialize') return;
    this.write(notificationText('notifications/cancelled', JSON.stringify({ requestId: route.key, reason })));
  }

  fail(route: Route, error: GatewayError): void {
    this.settled(route, error.row.reason);
    route.exchange.fail(error);
  }

  dropped(why: string): void {
    this.#events.emit({ type: 'instance.dropped', ...this.#where(), why });
  }

  // What its messages need of it

  toolsChanged(): void {
    this.#events.emit({ type: 'server.tools-changed', ...this.#where() });
  }

  deliver(delivery: Delivery): Delivery {
    // A reader that is full stops a private wire; the server's next write then blocks.
    if (delivery === 'full' && !this.shared) this.#wire.pause();
    return delivery;
  }

  offer(message: Message): Delivery {
    const reader = this.reader();
    const outbox = reader === undefined ? undefined : this.#outboxes.get(reader);
    if (outbox === undefined) {
      this.dropped('a message that no client is attributable to');
      return 'gone';
    }
    return this.deliver(outbox.offer(message));
  }

  reader(): LeaseId | undefined {
    return this.#outboxes.size === 1 ? this.#outboxes.keys().next().value : undefined;
  }

  handshakeAnswered(frame: Frame): void {
    clearTimeout(this.#startTimer);
    const version = frame.kind === 'response' ? memberText(frame, 'protocolVersion') : undefined;
    if (version !== undefined) this.#ready({ protocolVersion: version, frame });
    this.#handshaken.resolve();
  }

  refuse(serverId: Buffer, why: string): void {
    this.write(errorText(serverId, -32601, `Method not found: ${why}.`));
  }

  settled(route: Route, outcome: string): void {
    const tookMs = performance.now() - route.startedMs;
    this.#events.emit({
      type: 'call.settled',
      server: this.spec.name,
      method: route.method,
      outcome,
      tookMs,
    });
  }

  #ready(facts: ServerFacts): void {
    this.facts = facts;
    this.#events.emit({ type: 'instance.ready', ...this.#where(), tookMs: performance.now() - this.#bornMs });
    this.#handshaken.resolve();
  }

  #expire(route: Route): void {
    this.table.take(route.key);
    this.#tellCancelled(route, 'the call timed out');
    this.fail(route, new GatewayError('CALL_TIMEOUT'));
  }

  #finish(ended: InstanceExit): InstanceExit {
    const exit =
      this.#failure === 'START_TIMEOUT' ? { ...ended, expected: false, spawnError: this.#notReady() } : ended;
    clearTimeout(this.#startTimer);
    this.deadlines.end();
    if (this.facts === undefined) this.#failure ??= 'START_FAILED';
    const { routes } = this.table.revoke();
    this.lostCalls = routes.length;
    for (const route of routes) this.fail(route, this.gone());
    this.#outboxes.clear();
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
