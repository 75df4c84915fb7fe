/** Subscriptions to resources of one legacy process: it is asked once for all who want the same, and told when none does. */
import { ask } from '../instance/ask.ts';
import type { Upstream } from '../instance/upstream.ts';
import type { Frame } from '../protocol/frame.ts';

interface Subscription {
  holders: number;
  readonly answer: Promise<Frame>;
}

export class ResourceSubscriptions {
  readonly #server: Upstream;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(server: Upstream) {
    this.#server = server;
  }

  /** Resolves with the answer of the server. Whatever it is, or rejects with, the holder drops what it added. */
  add(uri: string): Promise<Frame> {
    const known = this.#subscriptions.get(uri);
    if (known !== undefined) {
      known.holders += 1;
      return known.answer;
    }
    const answer = ask(this.#server, 'resources/subscribe', { uri });
    this.#subscriptions.set(uri, { holders: 1, answer });
    return answer;
  }

  /** `wasRefused`: the server has answered that it did not take it. What it has not answered it may still take. */
  drop(uri: string, wasRefused: boolean): void {
    const subscription = this.#subscriptions.get(uri);
    if (subscription === undefined) return;
    subscription.holders -= 1;
    if (subscription.holders > 0) return;
    this.#subscriptions.delete(uri);
    if (!wasRefused) ask(this.#server, 'resources/unsubscribe', { uri }).catch(() => undefined);
  }

  /** The process has ended. */
  clear(): void {
    this.#subscriptions.clear();
  }
}

/** An update may name a part of what was subscribed to (2025-11-25 resources). */
export function covers(subscribed: string, updated: string | undefined): boolean {
  return (
    updated !== undefined &&
    (updated === subscribed || updated.startsWith(subscribed.endsWith('/') ? subscribed : `${subscribed}/`))
  );
}
