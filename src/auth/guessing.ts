/**
 * Wrong passwords in a row, by address and user name: after some of them each further one costs a wait in which nothing
 * is checked. Never by user name alone, which would let a stranger lock somebody out from everywhere. Tokens are
 * not counted: nobody makes them up, and who they are for is not known before they are right.
 */
import { createHash } from 'node:crypto';
import { toAddressKey } from '../util/address-key.ts';
import type { Clock } from '../util/clock.ts';

export interface GuessingOptions {
  /** Wrong passwords in a row that cost nothing; 0 counts none. Asked for each time, as it may change. */
  readonly freeFailures: () => number;
  readonly clock: Clock;
  /** Told of each wait that begins. */
  readonly onWait: (address: string, failures: number, waitMs: number) => void;
}

interface Failures {
  readonly count: number;
  readonly lastMs: number;
  readonly untilMs: number;
}

/** The first wait, in milliseconds; every further failure doubles it, up to the longest. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** What was wrong longer ago than this is forgotten, in milliseconds. */
const FORGET_MS = 15 * 60_000;
/** Pairs that are remembered; the one that failed longest ago is forgotten first. */
const MAX_PAIRS = 10_000;

/** How long to wait after so many failures in a row. Pure. */
function decideWait(failures: number, free: number): number {
  if (free === 0 || failures < free) return 0;
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - free, 16));
}

export class Guessing {
  readonly #options: GuessingOptions;
  readonly #pairs = new Map<string, Failures>();

  constructor(options: GuessingOptions) {
    this.#options = options;
  }

  /** How long nothing of this user is checked for this address; 0 for most. */
  waitMs(address: string, username: string): number {
    if (this.#pairs.size === 0 || this.#options.freeFailures() === 0) return 0;
    const known = this.#pairs.get(keyOf(address, username));
    return known === undefined ? 0 : Math.max(0, known.untilMs - this.#options.clock.now());
  }

  failed(address: string, username: string): void {
    const { clock, freeFailures, onWait } = this.#options;
    const free = freeFailures();
    if (free === 0) return;
    const key = keyOf(address, username);
    const nowMs = clock.now();
    const known = this.#pairs.get(key);
    const count = known !== undefined && nowMs - known.lastMs < FORGET_MS ? known.count + 1 : 1;
    const waitMs = decideWait(count, free);
    this.#pairs.delete(key);
    this.#pairs.set(key, { count, lastMs: nowMs, untilMs: nowMs + waitMs });
    const [oldest] = this.#pairs.size > MAX_PAIRS ? this.#pairs.keys() : [];
    if (oldest !== undefined) this.#pairs.delete(oldest);
    if (waitMs > 0) onWait(address, count, waitMs);
  }

  succeeded(address: string, username: string): void {
    if (this.#pairs.size > 0) this.#pairs.delete(keyOf(address, username));
  }
}

/** Short, whatever a stranger calls himself. */
function keyOf(address: string, username: string): string {
  return createHash('sha256')
    .update(`${toAddressKey(address)}\n${username}`)
    .digest('base64');
}
