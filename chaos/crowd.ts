/** Many clients at once, a new one for each that leaves. Who comes, and what it does, is decided by its number alone. */

import { modernClient } from './clients/modern.ts';
import { restClient } from './clients/rest.ts';
import { rubbishClient } from './clients/rubbish.ts';
import { type Handle, Scene, within } from './clients/scene.ts';
import { sseClient } from './clients/sse.ts';
import { streamableClient } from './clients/streamable.ts';
import { PRINCIPALS } from './config-file.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { ServerPlan } from './servers.ts';

export interface CrowdOptions {
  readonly port: number;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly plans: readonly ServerPlan[];
  /** Clients at once. */
  readonly size: number;
}

const KINDS: readonly (readonly [number, (scene: Scene) => Promise<void>])[] = [
  [4, streamableClient],
  [3, sseClient],
  [4, modernClient],
  [4, restClient],
  [1, rubbishClient],
];
/** A client does a handful of things, and none of them takes longer than a call may. */
const LIFE_MS = 600_000;

export class Crowd {
  readonly #options: CrowdOptions;
  readonly #handles: Handle[] = [];
  /** By the number of the client. */
  readonly #principals: string[] = [];
  #clients = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** So far. */
  get clients(): number {
    return this.#clients;
  }

  /** Resolves when it is over and everybody has left. */
  async live(over: AbortSignal): Promise<void> {
    await Promise.all(
      Array.from({ length: this.#options.size }, async () => {
        while (!over.aborted) await this.#one(over);
      }),
    );
  }

  async #one(over: AbortSignal): Promise<void> {
    const { port, random: seed, ledger, plans } = this.#options;
    this.#clients += 1;
    const client = this.#clients;
    const random = seed.fork(client);
    const kind = random.weighted(KINDS);
    const server = random.weighted(plans.map((plan) => [plan.weight, plan] as const));
    const principal = random.weighted(PRINCIPALS.map((each) => [each.fleeting ? 1 : 3, each] as const));
    if (server.fault !== undefined) ledger.fault(server.fault);
    this.#principals[client] = principal.name;
    const principalOf = (other: number): string | undefined => this.#principals[other];
    const handles = this.#handles;
    const scene = new Scene({ port, client, random, ledger, principal, principalOf, server, handles, over });
    try {
      if (
        (await within(
          kind(scene).then(() => true),
          LIFE_MS,
        )) === undefined
      )
        scene.violate(`it did not end in ${LIFE_MS} ms`);
    } catch (cause) {
      scene.violate(`the run itself failed: ${cause instanceof Error ? cause.stack : String(cause)}`);
    }
  }
}
