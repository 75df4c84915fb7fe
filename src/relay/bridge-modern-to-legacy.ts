/**
 * The clients of one legacy process that they share. What a legacy session would keep is kept here, for all of them:
 * what the server asks, whom it tells of changes, what it logs, and which calls wait for their modern clients to come
 * back. Clients with a handshake are guests (`legacy-guest.ts`).
 */

import { GatewayError } from '../errors.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { SharedHost } from '../instance/pool/shared-processes.ts';
import type { Call, Delivery, Exchange, Upstream } from '../instance/upstream.ts';
import { MAY_ASK, REMOVED_METHODS } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';
import { idText } from '../protocol/id-text.ts';
import { findMember } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { errorText, resultText } from '../protocol/rpc-text.ts';
import type { Clock } from '../util/clock.ts';
import type { CapabilityClass } from './capability-class.ts';
import { LegacyChanges } from './legacy-changes.ts';
import { type Guest, type GuestHost, LegacyGuest } from './legacy-guest.ts';
import { LegacyLogs } from './legacy-logs.ts';
import { LegacyQuestions } from './legacy-questions.ts';
import { RequiredTasks, TaskRun } from './legacy-tasks.ts';
import { type LeaseHold, LegacyUpstream } from './legacy-upstream.ts';
import { type CallHost, LegacyCall } from './park-call.ts';
import { digestOf } from './park-digest.ts';
import { declaresUrl } from './park-question.ts';
import type { Parks } from './parks.ts';
import type { ResourceSubscriptions } from './resource-subscriptions.ts';
import { asTask, discoverResult, serverInfoOf, toLegacyRequest } from './translate-modern-to-legacy.ts';

/** Methods that are no more, and those of tasks, which name what another client may have made: the server never sees them. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  ...REMOVED_METHODS,
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
]);
const UNATTRIBUTABLE = 'a message that no client is attributable to';
const SETTLED: Call = { cancel: () => undefined };

export interface GroupOptions {
  /** What the process was told that its clients can do. */
  readonly capabilities: CapabilityClass;
  readonly parks: Parks<LegacyCall>;
  /** It works for one principal. */
  readonly isPrivate: boolean;
}

export class LegacyGroup implements GuestHost {
  /** The gateway's own lease; it is there before the handshake, so that no early question is lost. */
  readonly attendant: Lease;
  readonly tasks: RequiredTasks;
  readonly #host: SharedHost;
  readonly #capabilities: CapabilityClass;
  readonly #parks: Parks<LegacyCall>;
  readonly #calls = new Set<LegacyCall>();
  readonly #leases = new Map<LegacyCall, LeaseHold>();
  readonly #questions: LegacyQuestions;
  readonly #logs: LegacyLogs;
  readonly #changes: LegacyChanges;
  #callHost: CallHost | undefined;
  #isClosed = false;

  constructor(host: SharedHost, { capabilities, parks, isPrivate }: GroupOptions) {
    this.#host = host;
    this.#capabilities = capabilities;
    this.#parks = parks;
    const { clock } = parks;
    this.#questions = new LegacyQuestions({
      attendant: () => this.attendant,
      capabilities,
      clock,
      calls: this.#calls,
    });
    this.attendant = host.attend({ offer: (message) => this.#receive(message) });
    this.#logs = new LegacyLogs(this.attendant, clock, isPrivate);
    this.#changes = new LegacyChanges(this.attendant, clock, () => this.dropped(UNATTRIBUTABLE));
    this.tasks = new RequiredTasks(this.attendant);
    parks.opened(host.instance.id);
    void host.instance.ended.then(() => this.#close());
  }

  /** Resolves when callers may come. */
  ready(): Promise<void> {
    return this.#questions.settled();
  }

  /**
   * For one caller. Takes the lease over: it is given back when the upstream is ended and no call of it is parked.
   * `keeps`: what is parked ends with the upstream.
   */
  upstream(lease: Lease, principal: string, keeps: boolean): Upstream {
    return new LegacyUpstream(this, lease, principal, keeps);
  }

  /** Cancels every call of this hold that is parked. */
  abandon(hold: LeaseHold, reason: string): void {
    for (const [call, held] of this.#leases) if (held === hold) call.cancel(reason);
  }

  /** For one client with a handshake, who declared nothing that it could be asked. Takes the lease over. */
  guest(lease: Lease, guest: Guest): Lease {
    const joined = new LegacyGuest(this, lease, guest);
    this.#changes.guests.add(joined);
    return joined;
  }

  left(guest: LegacyGuest): void {
    this.#changes.guests.delete(guest);
  }

  get subscriptions(): ResourceSubscriptions {
    return this.#changes.subscriptions;
  }

  get clock(): Clock {
    return this.#parks.clock;
  }

  get maxCallMs(): number {
    return this.#host.instance.spec.maxCallMs;
  }

  call(request: Message, exchange: Exchange, hold: LeaseHold, principal: string): Call {
    const { frame } = request;
    const method = frame.method ?? '';
    if (this.#isClosed) {
      exchange.fail(new GatewayError('SERVER_EXITED'));
      return SETTLED;
    }
    if (NOT_FORWARDED.has(method)) {
      exchange.fail(new GatewayError('METHOD_NOT_FOUND'));
      return SETTLED;
    }
    if (method === 'server/discover') {
      const facts = this.attendant.facts?.frame;
      const result = facts === undefined ? undefined : discoverResult(facts, this.#forCalls.serverInfo);
      if (result === undefined) exchange.fail(new GatewayError('SERVER_EXITED'));
      else exchange.settle(ownFrame(resultText(idText(frame), result)));
      return SETTLED;
    }
    if (method === 'subscriptions/listen') return this.#changes.listen(request, exchange);
    return this.#resume(request, exchange, principal) ?? this.#start(request, exchange, hold, principal);
  }

  dropped(why: string): void {
    this.#host.instance.dropped(why);
  }

  /** Undefined when nothing waits for the request, so that it is a call of its own. */
  #resume(request: Message, exchange: Exchange, principal: string): Call | undefined {
    const { frame } = request;
    const span =
      MAY_ASK.has(frame.method ?? '') && frame.body
        ? findMember(frame.bytes, frame.body, 'requestState')
        : undefined;
    if (span === undefined) return undefined;
    const token = stringAt(frame.bytes, span) ?? '';
    const state = this.#parks.open(token, {
      server: this.#host.instance.spec.name,
      principal,
      digest: () => digestOf(frame),
    });
    if (state?.kind === 'resend') return undefined;
    const parked = state && this.#parks.find(state.park);
    if (state !== undefined && parked?.resume(state.round, request, exchange) === true) {
      return { cancel: (reason) => parked.cancel(reason) };
    }
    // The process that the question came from, and with it the call, may have ended.
    if (state !== undefined && !this.#parks.isLive(state.instance))
      exchange.fail(new GatewayError('SERVER_EXITED'));
    else exchange.settle(ownFrame(errorText(idText(frame), -32602, 'requestState invalid or expired')));
    return SETTLED;
  }

  #start(request: Message, exchange: Exchange, hold: LeaseHold, principal: string): Call {
    const call = new LegacyCall(this.#forCalls, request, exchange, principal);
    const early = call.mayAsk ? this.#questions.takeHeld() : [];
    this.#calls.add(call);
    this.#leases.set(call, hold.take());
    call.start(early);
    return { cancel: (reason) => call.cancel(reason) };
  }

  /** Waits, where it must, until the server logs what the call wants and it is known how its tool is run. */
  #send(call: LegacyCall, request: Message): Call {
    const others = [...this.#calls].filter((each) => each !== call);
    const tool = call.method === 'tools/call' ? nameOf(request.frame) : undefined;
    const levelled = this.#logs.prepare(call.logLevel, others);
    const required = tool === undefined ? undefined : this.tasks.requires(tool);
    if (levelled === undefined && required === undefined) return this.#write(call, request, false);
    let running: Call | undefined;
    let isCancelled = false;
    const write = async (): Promise<void> => {
      await levelled;
      const isTask = (await required) ?? false;
      if (!isCancelled) running = this.#write(call, request, isTask);
    };
    void write();
    return {
      cancel: (reason) => {
        isCancelled = true;
        running?.cancel(reason);
      },
    };
  }

  #write(call: LegacyCall, { frame, edits }: Message, isTask: boolean): Call {
    const lease = this.#leases.get(call)?.lease;
    if (lease === undefined) return SETTLED;
    const translated = [...edits, ...toLegacyRequest(frame)];
    if (!isTask) return lease.call({ frame, edits: translated }, call);
    const { clock, maxCallMs } = this;
    const run = new TaskRun({ server: this.attendant, clock, maxCallMs }, call);
    return run.start((exchange) => lease.call({ frame, edits: [...asTask(frame), ...translated] }, exchange));
  }

  // What the server says

  #receive(message: Message): Delivery {
    const { kind, method } = message.frame;
    if (kind === 'request') return this.#questions.offer(message);
    if (method === 'notifications/cancelled') this.#questions.withdraw(message);
    else if (this.#tell(message) === 'dropped') this.dropped(UNATTRIBUTABLE);
    return 'sent';
  }

  #tell(message: Message): 'delivered' | 'dropped' {
    const { method } = message.frame;
    if (method === 'notifications/message')
      return this.#logs.deliver(message, this.#calls, this.#host.instance.table.size === 1);
    if (method === 'notifications/tools/list_changed') this.tasks.listChanged();
    return this.#changes.offer(message) ? 'delivered' : 'dropped';
  }

  /** Made when the handshake is through: it tells what the server calls itself. */
  get #forCalls(): CallHost {
    const { instance } = this.#host;
    this.#callHost ??= {
      parks: this.#parks,
      clock: this.#parks.clock,
      server: instance.spec.name,
      instance: instance.id,
      parkTtlMs: instance.spec.parkTtlMs,
      serverInfo: serverInfoOf(this.attendant.facts?.frame, instance.spec.name),
      mayAskUrl: declaresUrl(this.#capabilities),
      send: (call, request) => this.#send(call, request),
      answer: (question, result) => this.#questions.answer(question, result),
      refuse: (question) => this.#questions.refuse(question),
      wait: (call, waiting) => this.#wait(call, waiting),
      over: (call, left, wasCancelled) => {
        this.#calls.delete(call);
        this.#questions.reassign(left, wasCancelled);
        void this.#leases.get(call)?.release();
        this.#leases.delete(call);
      },
    };
    return this.#callHost;
  }

  /** The clock of a call stands while its client is asked; that has a bound of its own. */
  #wait(call: LegacyCall, waiting: boolean): void {
    const { table, deadlines } = this.#host.instance;
    for (const route of table.routes()) {
      if (route.exchange === call)
        route.deadlineMs = waiting ? Number.POSITIVE_INFINITY : deadlines.start(performance.now());
    }
  }

  #close(): void {
    this.#isClosed = true;
    this.#parks.ended(this.#host.instance.id);
    for (const call of this.#calls) call.abandon();
    this.#changes.close();
    this.#questions.close();
  }
}

function nameOf({ bytes, body }: Frame): string | undefined {
  const span = body && findMember(bytes, body, 'name');
  return span && stringAt(bytes, span);
}
