import type { InstanceExit } from '../events.ts';
import type { Frame } from '../protocol/frame.ts';
import type { Payload } from '../protocol/payload.ts';

/** What became of a write. `full`: not written, too much is waiting already. `gone`: there is nobody to read it. */
export type Written = 'written' | 'full' | 'gone';

/** Bytes that passed, newlines not counted. */
export interface Traffic {
  readonly toServer: number;
  readonly fromServer: number;
}

/** Frames in, frames out: a child process now, anything that speaks frames later. */
export interface Wire {
  readonly traffic: Traffic;
  readonly pid: number | undefined;
  /** Writes the payload and a newline as one message. `isLone`: no other is expected soon, nothing is waited for. */
  write(payload: Payload, isLone?: boolean): Written;
  /** Set once, before the first frame can arrive. */
  read(handler: (frame: Frame) => void): void;
  /** Stops reading, so that the peer blocks; frames already received are still handed over. */
  pause(): void;
  resume(): void;
  /** Ends the peer and everything it started. Safe to call twice, never rejects. `now` skips the graces. */
  stop(now?: boolean): Promise<void>;
  /** Resolves once, after the last frame was handed over. */
  readonly ended: Promise<InstanceExit>;
}
