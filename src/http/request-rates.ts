/** How many requests are taken from one address, before anything is known of it, and from one principal. */
import type { Principal } from '../auth/principal.ts';
import { GatewayError } from '../errors.ts';
import { toAddressKey } from '../util/address-key.ts';
import type { Clock } from '../util/clock.ts';
import { RateLimit } from '../util/rate-limit.ts';

/** Requests in a minute; 0 is any number. */
export interface RequestRateLimits {
  readonly requestsPerAddress: number;
  readonly requestsPerPrincipal: number;
}

export class RequestRates {
  readonly #limits: () => RequestRateLimits;
  readonly #clock: Clock;
  readonly #addresses = new RateLimit();
  readonly #principals = new RateLimit();

  /** Limits are asked for each time, as they may change. */
  constructor(limits: () => RequestRateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** @throws GatewayError RATE_LIMIT */
  takeOfAddress(address: string | undefined): void {
    const { requestsPerAddress } = this.#limits();
    if (requestsPerAddress === 0) return;
    refuseFor(this.#addresses.take(toAddressKey(address), requestsPerAddress, this.#clock.now()));
  }

  /** @throws GatewayError RATE_LIMIT */
  takeOfPrincipal({ id }: Principal): void {
    const { requestsPerPrincipal } = this.#limits();
    if (requestsPerPrincipal === 0) return;
    refuseFor(this.#principals.take(id, requestsPerPrincipal, this.#clock.now()));
  }
}

function refuseFor(waitMs: number): void {
  if (waitMs > 0) throw new GatewayError('RATE_LIMIT', undefined, { retryAfterMs: waitMs });
}
