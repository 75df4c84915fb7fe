/**
 * Tells of changes as they come, but not of a storm: of what is about the same thing only so many in a while, and then
 * one for all the others. Each says the same, so nothing is lost; one server's storm is not everybody's.
 */

import { findMember } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** A while, in milliseconds, and what is told in it about the same thing as it comes. */
const WHILE_MS = 250;
const AT_ONCE = 10;
/** Things that are waited for at once; changes of more are told as they come. */
const MAX_WAITING = 1000;

interface Waiting {
  readonly timer: Timer;
  told: number;
  latest: Message | undefined;
}

export class Calm {
  readonly #clock: Clock;
  readonly #tell: (message: Message) => void;
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock, tell: (message: Message) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  offer(message: Message): void {
    const key = keyOf(message);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined && waiting.told >= AT_ONCE) {
      waiting.latest = message;
      return;
    }
    if (waiting !== undefined) waiting.told += 1;
    else if (this.#waiting.size < MAX_WAITING) this.#wait(key, 1);
    this.#tell(message);
  }

  end(): void {
    for (const { timer } of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
  }

  #wait(key: string, told: number): void {
    const waiting: Waiting = {
      told,
      latest: undefined,
      timer: this.#clock.setTimer(WHILE_MS, () => {
        this.#waiting.delete(key);
        if (waiting.latest === undefined) return;
        // The storm may go on.
        this.#wait(key, AT_ONCE);
        this.#tell(waiting.latest);
      }),
    };
    this.#waiting.set(key, waiting);
  }
}

/** The kind of change, and the resource that it is of. */
function keyOf({ frame: { bytes, body, method } }: Message): string {
  const span = body && findMember(bytes, body, 'uri');
  return `${method} ${span === undefined ? '' : stringAt(bytes, span)}`;
}
