/**
 * A session in which each request has a process of its own: nothing of one call is left for the next. The client's
 * handshake is repeated with each process, so that each knows whom it works for and what it may ask.
 */
import { type ErrorCode, GatewayError, toGatewayError } from '../errors.ts';
import type { InstanceExit } from '../events.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Call, Delivery, Exchange, Outbox, ServerFacts } from '../instance/upstream.ts';
import type { Frame } from '../protocol/frame.ts';
import { idText } from '../protocol/id-text.ts';
import { findMember } from '../protocol/json-member.ts';
import { type Message, unedited } from '../protocol/message.ts';
import { notificationText, resultText } from '../protocol/rpc-text.ts';
import { CallQuestions } from './call-questions.ts';
import { CallRun } from './call-run.ts';
import { withoutTasks } from './task-edits.ts';
import { WrappedExchange } from './wrapped-upstream.ts';

/** Starts a process for one request, ready but for a handshake of the client's own. */
export type StartProcess = (outbox: Outbox) => Promise<Lease>;

const SETTLED: Call = { cancel: () => undefined };
/** Methods that only make sense where a process is still there afterwards. */
const STATEFUL: ReadonlySet<string> = new Set([
  'resources/subscribe',
  'resources/unsubscribe',
  'subscriptions/listen',
  'tasks/get',
  'tasks/result',
  'tasks/list',
  'tasks/cancel',
  'tasks/update',
]);

export class PerCall implements Lease {
  readonly era: Lease['era'];
  /** Processes come and go; none of them is the session. */
  readonly ended = new Promise<InstanceExit>(() => undefined);
  readonly #start: StartProcess;
  readonly #questions: CallQuestions;
  readonly #leases = new Set<Lease>();
  /** By the text of the client's id. */
  readonly #runs = new Map<string, CallRun>();
  /** Started with the session: it hears the handshake and serves the first request. */
  #first: Lease | undefined;
  #last: Lease;
  #initialize: Frame | undefined;
  #facts: ServerFacts | undefined;
  #level: Frame | undefined;
  #endedWith: ErrorCode | undefined;

  /** A session whose first process does not start is none. */
  static async open(start: StartProcess, outbox: Outbox): Promise<PerCall> {
    const questions = new CallQuestions(outbox);
    return new PerCall(start, questions, await begin(start, questions));
  }

  private constructor(start: StartProcess, questions: CallQuestions, first: Lease) {
    this.#start = start;
    this.#questions = questions;
    this.era = first.era;
    this.#first = first;
    this.#last = first;
    this.#own(first);
    void first.ended.then(() => this.#takeFirst());
  }

  get instance(): number {
    return this.#last.instance;
  }

  get facts(): ServerFacts | undefined {
    this.#facts ??= this.#last.facts;
    return this.#facts;
  }

  call(request: Message, exchange: Exchange): Call {
    const { frame } = request;
    const { method = '' } = frame;
    if (method === 'initialize') return this.#introduce(request, exchange);
    if (method === 'logging/setLevel') this.#level = frame;
    if (method === 'logging/setLevel' || method === 'ping') {
      exchange.settle(ownFrame(resultText(idText(frame), '{}')));
      return SETTLED;
    }
    const id = idText(frame).toString('latin1');
    const refusal = STATEFUL.has(method)
      ? new GatewayError('METHOD_NOT_FOUND', 'Each request has a process of its own here.')
      : this.#runs.has(id)
        ? new GatewayError('DUPLICATE_ID')
        : undefined;
    if (refusal !== undefined) {
      exchange.fail(refusal);
      return SETTLED;
    }
    const run = new CallRun(exchange, () => this.#runs.delete(id));
    this.#runs.set(id, run);
    void this.#run(run, request);
    return { cancel: (reason) => run.cancel(reason) };
  }

  tell(notification: Message): void {
    const { bytes, body, method } = notification.frame;
    if (method === 'notifications/initialized') this.#first?.tell(notification);
    else if (method === 'notifications/progress') this.#questions.progress(notification);
    else if (method === 'notifications/cancelled') {
      const span = body && findMember(bytes, body, 'requestId');
      if (span !== undefined)
        this.#runs.get(bytes.toString('latin1', span.start, span.end))?.abort(notification);
    }
  }

  answer(response: Message): 'taken' | 'unknown' {
    return this.#questions.answer(response);
  }

  resume(): void {
    for (const lease of this.#leases) lease.resume();
  }

  async end(why: ErrorCode): Promise<void> {
    this.#endedWith ??= why;
    for (const run of this.#runs.values()) run.fail(new GatewayError(why));
    await Promise.all([...this.#leases].map((lease) => lease.end(why)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SESSION_UNKNOWN');
  }

  /** The client's handshake, as it is, with the first process. */
  #introduce(request: Message, exchange: Exchange): Call {
    this.#initialize = request.frame;
    const first = this.#first;
    if (first !== undefined) return first.call(request, new Introduction(exchange));
    exchange.fail(new GatewayError('START_FAILED'));
    return SETTLED;
  }

  async #run(run: CallRun, request: Message): Promise<void> {
    try {
      const lease = this.#takeFirst() ?? (await this.#fresh());
      if (this.#level !== undefined) lease.call(unedited(this.#level), new Unheard());
      run.start(lease, request);
    } catch (cause) {
      run.fail(toGatewayError(cause));
    }
  }

  #takeFirst(): Lease | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  async #fresh(): Promise<Lease> {
    const lease = await begin(this.#start, this.#questions);
    this.#own(lease);
    if (this.#endedWith !== undefined) {
      await lease.end(this.#endedWith);
      throw new GatewayError(this.#endedWith);
    }
    if (this.#initialize === undefined) return lease;
    try {
      await shake(lease, this.#initialize);
    } catch (cause) {
      void lease.end('START_FAILED');
      throw cause;
    }
    return lease;
  }

  #own(lease: Lease): void {
    this.#last = lease;
    this.#leases.add(lease);
    void lease.ended.then(() => this.#leases.delete(lease));
  }
}

async function begin(start: StartProcess, questions: CallQuestions): Promise<Lease> {
  const asker = questions.asker();
  const lease = await start(asker);
  asker.begin(lease);
  void lease.ended.then(() => asker.ended());
  return lease;
}

function shake(lease: Lease, initialize: Frame): Promise<void> {
  return new Promise((resolve, reject) => {
    lease.call(unedited(initialize), {
      notify: () => 'sent',
      ask: () => 'gone',
      settle: ({ frame }) => {
        if (frame.kind === 'error') reject(new GatewayError('START_FAILED', 'It refused to initialize.'));
        else {
          lease.tell(ownFrame(notificationText('notifications/initialized')));
          resolve();
        }
        return 'sent';
      },
      fail: reject,
    });
  });
}

class Introduction extends WrappedExchange {
  override settle({ frame, edits }: Message): Delivery {
    const hidden = frame.kind === 'response' ? withoutTasks(frame) : [];
    return super.settle({ frame, edits: [...edits, ...hidden] });
  }
}

/** For what the client has been answered already. */
class Unheard implements Exchange {
  notify(): Delivery {
    return 'sent';
  }

  ask(): Delivery {
    return 'gone';
  }

  settle(): Delivery {
    return 'sent';
  }

  fail(): void {}
}
