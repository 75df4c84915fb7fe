/** What a legacy process tells of its lists and resources, brought to each of its clients who asked for it. */
import type { Call, Exchange, Upstream } from '../instance/upstream.ts';
import type { Message } from '../protocol/message.ts';
import type { Clock } from '../util/clock.ts';
import { Calm } from './calm.ts';
import type { LegacyGuest } from './legacy-guest.ts';
import { LegacyListens } from './legacy-listens.ts';
import { ResourceSubscriptions } from './resource-subscriptions.ts';

export class LegacyChanges {
  readonly subscriptions: ResourceSubscriptions;
  /** Clients with a handshake. */
  readonly guests = new Set<LegacyGuest>();
  readonly #listens: LegacyListens;
  readonly #calm: Calm;
  readonly #onUnheard: () => void;

  /** `onUnheard` is told of a change that nobody asked for. */
  constructor(server: Upstream, clock: Clock, onUnheard: () => void) {
    this.subscriptions = new ResourceSubscriptions(server);
    this.#listens = new LegacyListens(server, this.subscriptions, clock);
    this.#calm = new Calm(clock, (message) => this.#spread(message));
    this.#onUnheard = onUnheard;
  }

  /** A subscription of a modern client. */
  listen(request: Message, exchange: Exchange): Call {
    return this.#listens.listen(request, exchange);
  }

  /** @returns false for a message that is no such change */
  offer(message: Message): boolean {
    const { method } = message.frame;
    if (method !== 'notifications/resources/updated' && method?.endsWith('/list_changed') !== true)
      return false;
    this.#calm.offer(message);
    return true;
  }

  /** The process has ended. */
  close(): void {
    this.#calm.end();
    this.#listens.close();
    this.subscriptions.clear();
  }

  #spread(message: Message): void {
    let isHeard = this.#listens.deliver(message) === 'delivered';
    for (const guest of this.guests) isHeard = guest.offer(message) === 'delivered' || isHeard;
    if (!isHeard) this.#onUnheard();
  }
}
