/** The right to use an instance: an upstream that rewrites ids on the way in. Given back exactly once. */
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { InstanceExit } from '../events.ts';
import { type Era, LOG_LEVEL_KEY } from '../protocol/era.ts';
import { bodyMember, metaMember } from '../protocol/frame-members.ts';
import type { Message } from '../protocol/message.ts';
import { editAt } from '../protocol/splice.ts';
import { type Deferred, deferred } from '../util/deferred.ts';
import type { CallDeadlines } from './call-deadlines.ts';
import { hashOf, keyOf, type LeaseId, type Route, type RoutingTable } from './routing-table.ts';
import type { Call, Exchange, ServerFacts, Upstream } from './upstream.ts';
import type { Written } from './wire.ts';

/** What a lease needs of its instance. */
export interface LeaseHost {
  readonly id: number;
  readonly era: Era;
  readonly table: RoutingTable;
  readonly deadlines: CallDeadlines;
  readonly facts: ServerFacts | undefined;
  readonly spec: { readonly maxCalls: number };
  /** @returns a function that takes the listener away */
  whenEnded(listener: (exit: InstanceExit) => void): () => void;
  write(message: Message): Written;
  resume(): void;
  gone(): GatewayError;
  awaitHandshake(): void;
  detach(lease: LeaseId, why: ErrorCode): void;
  /** Tells the server that nobody waits any more. */
  cancelled(route: Route, reason: string): void;
  fail(route: Route, error: GatewayError): void;
  dropped(why: string): void;
}

export interface LeaseOptions {
  /** Its requests know nothing of one another, and so two of them may have one id at the same time. */
  readonly independent?: boolean;
}

const SETTLED: Call = { cancel: () => undefined };
/** Told of a process that lives on without the lease. */
const GIVEN_BACK: InstanceExit = {
  exitCode: null,
  signal: null,
  expected: true,
  spawnError: undefined,
  stderrTail: [],
};

/** An object instead of a function: a call would otherwise make three things of which it needs one. */
class RunningCall implements Call {
  readonly #lease: InstanceLease;
  readonly #route: Route;

  constructor(lease: InstanceLease, route: Route) {
    this.#lease = lease;
    this.#route = route;
  }

  cancel(reason: string): void {
    this.#lease.cancel(this.#route, reason);
  }
}

export class InstanceLease implements Upstream {
  readonly id: LeaseId;
  readonly #host: LeaseHost;
  readonly #release: () => Promise<void>;
  readonly #independent: boolean;
  #released: Promise<void> | undefined;
  /** Made when somebody asks for it. */
  #ended: Deferred<InstanceExit> | undefined;
  #forget: (() => void) | undefined;
  #isOver = false;

  constructor(id: LeaseId, host: LeaseHost, release: () => Promise<void>, options: LeaseOptions = {}) {
    this.id = id;
    this.#host = host;
    this.#release = release;
    this.#independent = options.independent === true;
  }

  get instance(): number {
    return this.#host.id;
  }

  get era(): Era {
    return this.#host.era;
  }

  get facts(): ServerFacts | undefined {
    return this.#host.facts;
  }

  /** Of its own, not of the process: what waits for a shared one's end must not stay with it when it is given back. */
  get ended(): Promise<InstanceExit> {
    if (this.#ended === undefined) {
      const ended = deferred<InstanceExit>();
      this.#ended = ended;
      if (this.#isOver) ended.resolve(GIVEN_BACK);
      else this.#forget = this.#host.whenEnded((exit) => ended.resolve(exit));
    }
    return this.#ended.promise;
  }

  call(request: Message, exchange: Exchange): Call {
    const { frame } = request;
    const { bytes, id, method } = frame;
    if (id === undefined || method === undefined) throw new TypeError('not a request');
    const clientId = bytes.subarray(id.start, id.end);
    const { table, deadlines } = this.#host;
    if (!this.#independent && table.findByClientId(this.id, clientId) !== undefined) {
      exchange.fail(new GatewayError('DUPLICATE_ID'));
      return SETTLED;
    }
    if (table.size >= this.#host.spec.maxCalls) {
      exchange.fail(new GatewayError('CALLS_FULL'));
      return SETTLED;
    }
    const key = table.nextKey();
    const token = metaMember(frame, 'progressToken');
    const edits = [...request.edits, editAt(id, String(key))];
    if (token !== undefined) edits.push(editAt(token, String(key)));
    const startedMs = performance.now();
    const initialize = method === 'initialize';
    // A subscription stays open for as long as its client wants it.
    const unbounded = initialize || method === 'subscriptions/listen';
    const route: Route = {
      key,
      lease: this.id,
      method,
      clientId,
      clientToken: token && bytes.subarray(token.start, token.end),
      exchange,
      startedMs,
      wantsLogs: this.era === 'modern' && metaMember(frame, LOG_LEVEL_KEY) !== undefined,
      // The handshake has a clock of its own.
      deadlineMs: unbounded ? Number.POSITIVE_INFINITY : deadlines.start(startedMs),
      hash: hashOf(this.id, clientId),
      next: undefined,
    };
    if (this.#released !== undefined) {
      this.#host.fail(route, new GatewayError('SERVER_EXITED'));
      return SETTLED;
    }
    table.add(route);
    if (initialize) this.#host.awaitHandshake();
    const written = this.#host.write({ frame: request.frame, edits });
    if (written === 'written') return new RunningCall(this, route);
    table.take(key);
    this.#host.fail(route, written === 'full' ? new GatewayError('SERVER_OVERLOADED') : this.#host.gone());
    return SETTLED;
  }

  tell(notification: Message): void {
    const { frame } = notification;
    if (frame.method === 'notifications/cancelled') this.#cancelled(notification);
    else if (frame.method === 'notifications/progress') this.#progress(notification);
    else this.#write(notification);
  }

  answer(response: Message): 'taken' | 'unknown' {
    const { frame } = response;
    const key = keyOf(frame.bytes, frame.id);
    const question = key === undefined ? undefined : this.#host.table.findQuestion(this.id, key);
    if (question === undefined || frame.id === undefined) {
      this.#host.dropped('an answer of a client to nothing it was asked');
      return 'unknown';
    }
    this.#host.table.dropQuestion(question);
    this.#write({ frame, edits: [...response.edits, editAt(frame.id, question.serverId)] });
    return 'taken';
  }

  resume(): void {
    this.#host.resume();
  }

  end(why: ErrorCode): Promise<void> {
    this.#released ??= this.#giveBack(why);
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SESSION_UNKNOWN');
  }

  /** Does nothing once it was answered. */
  cancel(route: Route, reason: string): void {
    if (this.#host.table.find(route.key) !== route || route.method === 'initialize') return;
    this.#host.table.take(route.key);
    this.#host.cancelled(route, reason);
  }

  async #giveBack(why: ErrorCode): Promise<void> {
    this.#host.detach(this.id, why);
    await this.#release();
    this.#isOver = true;
    this.#forget?.();
    this.#ended?.resolve(GIVEN_BACK);
  }

  /** The client cancels by its own id; another lease's ids are not even looked at. */
  #cancelled({ frame, edits }: Message): void {
    const span = bodyMember(frame, 'requestId');
    const route =
      span && this.#host.table.findByClientId(this.id, frame.bytes.subarray(span.start, span.end));
    // 2025-11-25 cancellation: initialize must not be cancelled.
    if (span === undefined || route === undefined || route.method === 'initialize') {
      return this.#host.dropped('a cancellation of no running call');
    }
    this.#host.table.take(route.key);
    this.#write({ frame, edits: [...edits, editAt(span, String(route.key))] });
    this.#host.fail(route, new GatewayError('CALL_CANCELLED'));
  }

  /** Progress of the client on a question of the server. */
  #progress({ frame, edits }: Message): void {
    const span = bodyMember(frame, 'progressToken');
    const key = keyOf(frame.bytes, span);
    const question = key === undefined ? undefined : this.#host.table.findQuestion(this.id, key);
    if (span === undefined || question?.serverToken === undefined)
      return this.#host.dropped('progress on no open question');
    this.#write({ frame, edits: [...edits, editAt(span, question.serverToken)] });
  }

  #write(message: Message): void {
    if (this.#host.write(message) === 'full') this.#host.dropped('the server does not read its input');
  }
}
