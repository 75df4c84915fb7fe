/**
 * Whose a question is. Requests of a legacy server name no call, so it is given to one that can carry it to the
 * principal the process works for; with none in flight it is held for the next.
 */

import { ownFrame } from '../instance/own-frame.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Delivery } from '../instance/upstream.ts';
import type { Frame } from '../protocol/frame.ts';
import type { Message } from '../protocol/message.ts';
import { errorText, resultText } from '../protocol/rpc-text.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { CapabilityClass } from './capability-class.ts';
import type { LegacyCall } from './park-call.ts';
import { keyIn, lackingFor, type Question, refusalOf } from './park-question.ts';
import { relatedTask } from './translate-modern-to-legacy.ts';

/** How long a question waits for a call that can carry it, in milliseconds. */
const MAX_HELD_MS = 60_000;
/** Questions held at a time; a server that asks more asks in a loop. */
const MAX_HELD = 64;
/** Servers ask for roots as soon as they are initialised: how long a first call waits for that, in milliseconds. */
const ROOTS_GRACE_MS = 100;

export interface QuestionsOptions {
  /** Whose questions these are, and who answers them. */
  readonly attendant: () => Lease;
  readonly capabilities: CapabilityClass;
  readonly clock: Clock;
  /** In the order they were made. */
  readonly calls: ReadonlySet<LegacyCall>;
}

export class LegacyQuestions {
  readonly #options: QuestionsOptions;
  readonly #held = new Map<Question, Timer>();
  #onHeld: (() => void) | undefined;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** `gone` has the instance answer itself: ping with a result, all else with -32601. */
  offer(message: Message): Delivery {
    const { frame } = message;
    const refusal = refusalOf(frame, this.#options.capabilities);
    if (refusal !== undefined) this.#blame(frame, refusal);
    if (refusal === -32601) return 'gone';
    const question = { key: keyIn(message), method: frame.method ?? '', frame };
    if (refusal !== undefined) this.#fail(question, refusal, 'The client did not declare this.');
    else this.#assign(question);
    return 'sent';
  }

  /** The server cancelled a question; the message names it by the gateway's key. */
  withdraw(message: Message): void {
    const key = keyIn(message);
    for (const call of this.#options.calls) if (call.withdraw(key)) return;
    for (const [question, timer] of this.#held) {
      if (question.key !== key) continue;
      timer.cancel();
      this.#held.delete(question);
    }
  }

  /** Questions that a call carried which has ended. When its client left, and nobody else is there, they are moot. */
  reassign(questions: readonly Question[], wasCancelled: boolean): void {
    const isMoot = wasCancelled && ![...this.#options.calls].some(({ mayAsk }) => mayAsk);
    for (const question of questions) {
      if (isMoot) this.refuse(question);
      else this.#assign(question);
    }
  }

  /** Questions that came while no call could carry them; the caller does. */
  takeHeld(): readonly Question[] {
    const held = [...this.#held.keys()];
    for (const timer of this.#held.values()) timer.cancel();
    this.#held.clear();
    return held;
  }

  /** Resolves when what the server asks on its own at the start has most likely come. */
  async settled(): Promise<void> {
    const { capabilities, clock } = this.#options;
    if (capabilities.declared['roots'] === undefined || this.#held.size > 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(ROOTS_GRACE_MS, resolve);
      this.#onHeld = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#onHeld = undefined;
  }

  answer({ key }: Question, result: string): void {
    this.#options.attendant().answer(ownFrame(resultText(key, result)));
  }

  /** An elicitation can be cancelled; the others know no such answer. */
  refuse(question: Question): void {
    if (question.method === 'elicitation/create') this.answer(question, '{"action":"cancel"}');
    else this.#fail(question, -32603, 'The client did not answer.');
  }

  close(): void {
    this.takeHeld();
    this.#onHeld?.();
  }

  /** The call, if only one can be meant, fails for want of a capability when it fails with what the server is told. */
  #blame(frame: Frame, refusal: number): void {
    const [asking, ...others] = [...this.#options.calls].filter(({ mayAsk }) => mayAsk);
    if (asking !== undefined && others.length === 0) asking.lacking = lackingFor(frame, refusal);
  }

  #assign(question: Question): void {
    const carriers = [...this.#options.calls].filter(({ mayAsk }) => mayAsk);
    if (carriers.length === 0) return this.#hold(question);
    const task = relatedTask(question.frame);
    const own = task === undefined ? undefined : carriers.find((call) => call.task === task);
    // Never a guess between two people.
    const sole = carriers.every(({ principal }) => principal === carriers[0]?.principal);
    const carrier =
      own ?? (sole ? (carriers.findLast(({ isParked }) => !isParked) ?? carriers.at(-1)) : undefined);
    if (carrier === undefined) this.#fail(question, -32603, 'It cannot be told whom this asks.');
    else carrier.question(question);
  }

  #hold(question: Question): void {
    if (this.#held.size >= MAX_HELD) return this.#fail(question, -32603, 'Too many questions are open.');
    const late = (): void => {
      this.#held.delete(question);
      this.#fail(question, -32603, 'No client was there to be asked.');
    };
    this.#held.set(question, this.#options.clock.setTimer(MAX_HELD_MS, late));
    this.#onHeld?.();
  }

  #fail({ key }: Question, code: number, why: string): void {
    this.#options.attendant().answer(ownFrame(errorText(key, code, why)));
  }
}
