/** What one client of a run has and knows, and the checks that hold for every answer it gets. */
import type { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { anyCall, type CallMaker, type ToolCall } from '../calls.ts';
import { Exchange, keptConnections, type Sent } from '../exchange.ts';
import type { Ledger } from '../ledger.ts';
import { Ear, nonceOf } from '../nonce.ts';
import type { Random } from '../random.ts';
import type { ServerPlan } from '../servers.ts';

export interface Principal {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Its credential comes and goes while the gateway runs. */
  readonly fleeting?: true;
}

/** What a client left lying about for others to try: a session, a stream, the state of a question, a job. */
export interface Handle {
  readonly principal: Principal;
  readonly front: string;
  /** What its owner would send, without credentials. */
  readonly sent: Sent;
}

export interface SceneOptions {
  readonly port: number;
  readonly client: number;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly principal: Principal;
  readonly server: ServerPlan;
  /** Whose client that is. */
  readonly principalOf: (client: number) => string | undefined;
  /** Of all clients, the newest last. */
  readonly handles: Handle[];
  /** Aborted when nothing new shall begin. */
  readonly over: AbortSignal;
}

export interface SendOptions {
  /** The one nonce that may come back; any of this client's when left out. */
  readonly only?: string;
  /** A server of the older revisions does not say which call its question is for: it may be any of its principal's. */
  readonly mixes?: boolean;
  readonly agent?: Agent;
}

/** Longest that a call may stay without an answer: its time-out, and a place in the queue of starts before. */
export const HANG_MS = 60_000;
const MAX_HANDLES = 200;

export class Scene {
  readonly random: Random;
  readonly ledger: Ledger;
  readonly principal: Principal;
  readonly server: ServerPlan;
  readonly options: SceneOptions;
  #lastCall = 0;

  constructor(options: SceneOptions) {
    this.options = options;
    this.random = options.random;
    this.ledger = options.ledger;
    this.principal = options.principal;
    this.server = options.server;
  }

  get over(): boolean {
    return this.options.over.aborted;
  }

  /** Whether what belongs to it may end at any time, by a change of the configuration. */
  get fleeting(): boolean {
    return this.principal.fleeting === true || this.server.fleeting === true;
  }

  newNonce(): string {
    this.#lastCall += 1;
    return nonceOf(this.options.client, this.#lastCall);
  }

  /** A call of the kind that is wanted, or any where the server has none of it. */
  newCall(make: CallMaker): { readonly nonce: string; readonly call: ToolCall } {
    const nonce = this.newNonce();
    const { program } = this.server;
    const call = make(program, nonce, this.random) ?? anyCall(program, nonce, this.random);
    if (call.fault !== undefined) this.ledger.fault(call.fault);
    return { nonce, call };
  }

  /** Does some of these at random, one after the other, until the client or the run is over. */
  async doSome(
    steps: readonly (readonly [number, () => Promise<unknown>])[],
    isOver: () => boolean = () => false,
  ): Promise<void> {
    for (let left = this.random.between(2, 10); left > 0 && !isOver() && !this.over; left -= 1) {
      await this.random.weighted(steps)();
      await this.pause(0, 60);
    }
  }

  /** Connections are kept by half of the clients, until `use` is through. */
  async withConnections(use: (agent: Agent | undefined) => Promise<void>): Promise<void> {
    const agent = this.random.chance(0.5) ? keptConnections() : undefined;
    try {
      await use(agent);
    } finally {
      agent?.destroy();
    }
  }

  /** Sends with this client's credentials. */
  send(sent: Sent, more: SendOptions & { hear?: (text: string) => void } = {}): Exchange {
    const ear = new Ear((nonce, client) => this.#onNonce(nonce, client, sent, more));
    const exchange = new Exchange(
      this.options.port,
      { ...sent, headers: { ...this.principal.headers, ...sent.headers } },
      {
        hear: (text) => {
          ear.hear(text);
          more.hear?.(text);
        },
        agent: more.agent,
      },
    );
    void exchange.head.then(() => this.#checkHead(exchange, sent));
    return exchange;
  }

  /** Resolves with the status of a whole answer; 0 for one that was cut. */
  async answered(sent: Sent, more: SendOptions = {}): Promise<Exchange> {
    const exchange = this.send(sent, more);
    const ended = await within(exchange.ended, HANG_MS);
    if (ended === undefined) {
      this.violate(`${describe(sent)} was not answered within ${HANG_MS} ms`);
      exchange.reset();
    }
    return exchange;
  }

  leave(handle: Omit<Handle, 'principal'>): void {
    const { handles } = this.options;
    handles.push({ ...handle, principal: this.principal });
    if (handles.length > MAX_HANDLES) handles.shift();
  }

  /** Tries what somebody else left with the own credentials: it must not exist. */
  async trespass(front: string): Promise<void> {
    const foreign = this.options.handles.filter(
      (handle) => handle.front === front && handle.principal.name !== this.principal.name,
    );
    if (foreign.length === 0) return;
    const { sent } = this.random.pick(foreign);
    this.ledger.fault('client tries what is not its own');
    const exchange = this.send(sent);
    const status = await within(exchange.head, HANG_MS);
    // A forged Last-Event-ID of HTTP+SSE opens a stream of the own: that is no harm, and it is heard by an ear.
    const isOwnStream = status === 200 && front === 'sse' && sent.method === 'GET';
    const isRefused = status !== undefined && (status === 0 || status >= 400);
    if (!isRefused && !isOwnStream && !MODERN_REFUSAL.test((await this.bodyOf(exchange)) ?? ''))
      this.violate(
        `${describe(sent)} of somebody else was answered with ${status} to ${this.principal.name}`,
      );
    exchange.reset();
  }

  async bodyOf(exchange: Exchange): Promise<string | undefined> {
    await within(exchange.ended, HANG_MS);
    return exchange.text;
  }

  violate(what: string): void {
    const { client } = this.options;
    this.ledger.violate(`client ${client} (${this.principal.name}, ${this.server.name}): ${what}`);
  }

  /** Resolves early when the run is over. */
  async pause(lowMs: number, highMs: number): Promise<void> {
    const { over } = this.options;
    await delay(this.random.between(lowMs, highMs), undefined, { signal: over }).catch(() => undefined);
  }

  #onNonce(nonce: string, client: number, sent: Sent, { only, mixes = false }: SendOptions): void {
    this.ledger.heard += 1;
    if (mixes && this.options.principalOf(client) === this.principal.name) return;
    if (client !== this.options.client)
      this.violate(`${describe(sent)} brought ${nonce}, which is not its own`);
    else if (only !== undefined && nonce !== only)
      this.violate(`${describe(sent)} brought ${nonce}, which belongs to another of its calls`);
  }

  #checkHead(exchange: Exchange, sent: Sent): void {
    const { status, headers } = exchange;
    if (status === 500) this.violate(`${describe(sent)} was answered with 500: a fault of the gateway`);
    if ((status === 503 || status === 429) && !/^\d+$/.test(headers['retry-after'] ?? ''))
      this.violate(`${describe(sent)} was refused with ${status} without Retry-After`);
  }
}

/** A JSON-RPC error of 2026-07-28 may come with status 200. */
const MODERN_REFUSAL = /"error":\{"code":-32602/;

/** Resolves with undefined when it takes longer. */
export async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> {
  const abort = new AbortController();
  try {
    return await Promise.race([promise, delay(ms, undefined, { signal: abort.signal })]);
  } finally {
    abort.abort();
  }
}

function describe({ method = 'POST', path }: Sent): string {
  return `${method} ${path.replace(/sessionId=[^&]*/, 'sessionId=…')}`;
}
