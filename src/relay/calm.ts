/**
 * Tells of changes no more often than is of use: the first at once, then one for all that come within a while. What a
 * change is said to be of is the same each time, so nothing is lost; one server's storm is not everybody's.
 */

import { findMember } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** Between two messages about the same thing, in milliseconds. */
const CALM_MS = 100;
/** Things that are waited for at once; changes of more are told as they come. */
const MAX_WAITING = 1000;

interface Waiting {
  readonly timer: Timer;
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
    if (waiting !== undefined) {
      waiting.latest = message;
      return;
    }
    if (this.#waiting.size < MAX_WAITING) this.#wait(key);
    this.#tell(message);
  }

  end(): void {
    for (const { timer } of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
  }

  #wait(key: string): void {
    const waiting: Waiting = {
      latest: undefined,
      timer: this.#clock.setTimer(CALM_MS, () => {
        this.#waiting.delete(key);
        if (waiting.latest === undefined) return;
        this.#wait(key);
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
