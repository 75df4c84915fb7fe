/**
 * Tools that a server only runs as tasks, for clients that share its process: the gateway makes the task and waits for
 * it, and its client never hears of it. Ids of tasks are worth something to everybody on the process.
 */
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Call, Delivery, Exchange } from '../instance/upstream.ts';
import { idText } from '../protocol/id-text.ts';
import { findMember } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { editAt } from '../protocol/splice.ts';
import type { Clock } from '../util/clock.ts';
import { type RequiredTasks, type TaskCaller, TaskRun } from './legacy-tasks.ts';
import { withoutTask } from './task-edits.ts';
import { asTask } from './translate-modern-to-legacy.ts';
import { WrappedExchange } from './wrapped-upstream.ts';

export interface TaskHost {
  readonly attendant: Lease;
  readonly tasks: RequiredTasks;
  readonly clock: Clock;
  readonly maxCallMs: number;
}

export class GuestTasks {
  readonly #host: TaskHost;
  readonly #lease: Lease;
  /** By the client's id, until it is known how the tool runs, and until it has run. */
  readonly #running = new Map<string, TaskExchange>();

  constructor(host: TaskHost, lease: Lease) {
    this.#host = host;
    this.#lease = lease;
  }

  /** Takes a tools/call on; undefined at once for a server that knows no tasks. */
  call(request: Message, exchange: Exchange): Call | undefined {
    const { frame } = request;
    const span = frame.body && findMember(frame.bytes, frame.body, 'name');
    const required = this.#host.tasks.requires((span && stringAt(frame.bytes, span)) ?? '');
    if (required === undefined) return undefined;
    const plain = { frame, edits: [...request.edits, ...withoutTask(frame)] };
    const clientId = idText(frame);
    const id = clientId.toString('latin1');
    if (this.#running.has(id)) {
      exchange.fail(new GatewayError('DUPLICATE_ID'));
      return { cancel: () => undefined };
    }
    const running = new TaskExchange(exchange, clientId, () => this.#running.delete(id));
    this.#running.set(id, running);
    void required.then((isTask) => {
      if (running.isOver) return;
      running.call = isTask ? this.#runAsTask(plain, running) : this.#lease.call(plain, running);
    });
    return { cancel: (reason) => running.cancel(reason) };
  }

  /** @returns false for an id that is not running here */
  cancel(id: string): boolean {
    const running = this.#running.get(id);
    running?.abort('cancelled by the client', 'CALL_CANCELLED');
    return running !== undefined;
  }

  end(why: ErrorCode): void {
    for (const running of this.#running.values()) running.abort('the session has ended', why);
  }

  #runAsTask({ frame, edits }: Message, exchange: TaskExchange): Call {
    const { attendant, clock, maxCallMs } = this.#host;
    const run = new TaskRun({ server: attendant, clock, maxCallMs }, exchange);
    return run.start((first) => this.#lease.call({ frame, edits: [...asTask(frame), ...edits] }, first));
  }
}

class TaskExchange extends WrappedExchange implements TaskCaller {
  task: string | undefined;
  call: Call | undefined;
  isOver = false;
  readonly #clientId: Buffer;
  readonly #onOver: () => void;

  constructor(inner: Exchange, clientId: Buffer, onOver: () => void) {
    super(inner);
    this.#clientId = clientId;
    this.#onOver = onOver;
  }

  /** What answers the last request of a task has the id of that, not of the call. */
  override settle({ frame, edits }: Message): Delivery {
    this.#close();
    const { id } = frame;
    if (id === undefined) return super.settle({ frame, edits });
    const others = edits.filter(({ start }) => start !== id.start);
    return super.settle({ frame, edits: [...others, editAt(id, this.#clientId)] });
  }

  override fail(error: GatewayError): void {
    this.#close();
    super.fail(error);
  }

  cancel(reason: string): void {
    this.#close();
    this.call?.cancel(reason);
  }

  /** Cancels what its client still waits for. */
  abort(reason: string, why: ErrorCode): void {
    this.cancel(reason);
    super.fail(new GatewayError(why));
  }

  #close(): void {
    this.isOver = true;
    this.#onOver();
  }
}
