/**
 * Tools that a legacy server only runs as tasks (2025-11-25 tasks, `taskSupport: required`). The gateway makes the
 * task, polls it, and gives its result as that of the call; the client never hears of it.
 */
import { GatewayError } from '../errors.ts';
import { ask, bodyOf } from '../instance/ask.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Call, Exchange, Upstream } from '../instance/upstream.ts';
import type { Frame } from '../protocol/frame.ts';
import { findMember, parseAt } from '../protocol/json-member.ts';
import type { Message } from '../protocol/message.ts';
import { requestText } from '../protocol/rpc-text.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** Between two polls, in milliseconds: what a server may wish for, and what is taken when it says nothing. */
const POLL_MS = { least: 20, usual: 1000, most: 30_000 };
const MAX_PAGES = 100;

/** The tools that need it; asked of the server once, and again after its list has changed. */
export class RequiredTasks {
  readonly #server: Upstream;
  #required: Promise<ReadonlySet<string>> | undefined;
  #offersTasks: boolean | undefined;

  constructor(server: Upstream) {
    this.#server = server;
  }

  /** Undefined at once for servers that know no tasks. Never rejects. */
  requires(tool: string): Promise<boolean> | undefined {
    this.#offersTasks ??= this.#knowsTasks();
    if (!this.#offersTasks) return undefined;
    this.#required ??= this.#list();
    return this.#required.then((required) => required.has(tool));
  }

  listChanged(): void {
    this.#required = undefined;
  }

  #knowsTasks(): boolean {
    const facts = this.#server.facts?.frame;
    let span = facts?.body;
    for (const name of ['capabilities', 'tasks', 'requests', 'tools', 'call'])
      span = facts && span && findMember(facts.bytes, span, name);
    return span !== undefined;
  }

  async #list(): Promise<ReadonlySet<string>> {
    const required = new Set<string>();
    const seen = new Set<unknown>();
    try {
      let cursor: unknown;
      do {
        seen.add(cursor);
        const answer = await ask(this.#server, 'tools/list', cursor === undefined ? {} : { cursor });
        const page = answer.kind === 'response' ? asObject(bodyOf(answer)) : {};
        for (const tool of Array.isArray(page['tools']) ? page['tools'].map(asObject) : []) {
          if (asObject(tool['execution'])['taskSupport'] === 'required' && typeof tool['name'] === 'string')
            required.add(tool['name']);
        }
        cursor = page['nextCursor'];
      } while (typeof cursor === 'string' && !seen.has(cursor) && seen.size < MAX_PAGES);
    } catch {
      // Without the list a tool is called plainly; the server then says that it will not have that.
      this.#required = undefined;
    }
    return required;
  }
}

/** The exchange of a call that may be told which task it has become. */
export interface TaskCaller extends Exchange {
  task: string | undefined;
}

export interface TaskRunner {
  /** For what belongs to the task after it was made. */
  readonly server: Upstream;
  readonly clock: Clock;
  /** A task that runs longer than this is cancelled, in milliseconds. */
  readonly maxCallMs: number;
}

export class TaskRun {
  readonly #runner: TaskRunner;
  readonly #caller: TaskCaller;
  readonly #untilMs: number;
  #leg: Call | undefined;
  #timer: Timer | undefined;
  #pollMs = POLL_MS.usual;
  #over = false;

  constructor(runner: TaskRunner, caller: TaskCaller) {
    this.#runner = runner;
    this.#caller = caller;
    this.#untilMs = runner.clock.now() + runner.maxCallMs;
  }

  /** `create` sends the request that makes the task. */
  start(create: (exchange: Exchange) => Call): Call {
    this.#leg = create(this.#leg1());
    return { cancel: (reason) => this.#cancel(reason) };
  }

  #leg1(): Exchange {
    return this.#awaits((message) => {
      const { bytes, body, kind } = message.frame;
      const task = kind === 'response' && body !== undefined ? findMember(bytes, body, 'task') : undefined;
      const id = task && findMember(bytes, task, 'taskId');
      if (task === undefined || id === undefined) return this.#settle(message);
      this.#caller.task = bytes.toString('utf8', id.start, id.end);
      this.#look(message.frame, task);
    });
  }

  /** Waits, polls again or fetches, by what the server says of the task. */
  #look(frame: Frame, task: { readonly start: number; readonly end: number }): void {
    const { status, pollInterval } = asObject(parseAt(frame.bytes, task));
    if (typeof pollInterval === 'number')
      this.#pollMs = Math.min(POLL_MS.most, Math.max(POLL_MS.least, pollInterval));
    if (status !== 'working') return this.#fetch();
    if (this.#runner.clock.now() < this.#untilMs) {
      this.#timer = this.#runner.clock.setTimer(this.#pollMs, () => this.#poll());
      return;
    }
    this.#cancel('the task took too long');
    this.#caller.fail(new GatewayError('CALL_TIMEOUT'));
  }

  #poll(): void {
    const exchange = this.#awaits((message) => {
      const { frame } = message;
      if (frame.kind === 'response' && frame.body !== undefined) this.#look(frame, frame.body);
      else this.#settle(message);
    });
    this.#leg = this.#runner.server.call(this.#request('tasks/get'), exchange);
  }

  /** Blocks until the task has ended; what the server asks meanwhile comes here (2025-11-25 tasks). */
  #fetch(): void {
    this.#leg = this.#runner.server.call(this.#request('tasks/result'), this.#caller);
  }

  #settle(message: Message): void {
    this.#over = true;
    this.#caller.settle(message);
  }

  #cancel(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#leg?.cancel(reason);
    if (this.#caller.task !== undefined) this.#runner.server.call(this.#request('tasks/cancel'), NOBODY);
  }

  #awaits(settled: (message: Message) => void): Exchange {
    return {
      notify: (message) => this.#caller.notify(message),
      ask: () => 'gone',
      settle: (message) => {
        if (!this.#over) settled(message);
        return 'sent';
      },
      fail: (error) => {
        this.#over = true;
        this.#caller.fail(error);
      },
    };
  }

  #request(method: string): Message {
    lastId += 1;
    return ownFrame(requestText(lastId, method, `{"taskId":${this.#caller.task}}`));
  }
}

/** Apart from the ids of `ask`, which uses the same lease. */
let lastId = 1_000_000_000;

const NOBODY: Exchange = {
  notify: () => 'sent',
  ask: () => 'gone',
  settle: () => 'sent',
  fail: () => undefined,
};

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
