/** Modern callers of a real pool, without HTTP: requests in, everything their exchanges were told out. */

import type { GatewayError } from '../../src/errors.ts';
import { createEvents, type GatewayEvent } from '../../src/events.ts';
import type { Caller, Isolation } from '../../src/instance/pool/decide-isolation.ts';
import type { Pool } from '../../src/instance/pool/pool.ts';
import { createPool } from '../../src/instance/pool/processes.ts';
import type { ServerSpec } from '../../src/instance/spec.ts';
import type { Call, Delivery, Exchange, Upstream } from '../../src/instance/upstream.ts';
import { envelope } from '../../src/protocol/envelope.ts';
import { scanFrame } from '../../src/protocol/frame.ts';
import { type Message, unedited } from '../../src/protocol/message.ts';
import { splice } from '../../src/protocol/splice.ts';
import { classOf } from '../../src/relay/capability-class.ts';
import { ModernAccess } from '../../src/relay/modern-access.ts';
import { StateSeal } from '../../src/relay/sealed-state.ts';
import type { Isolate } from '../../src/relay/shared-servers.ts';
import { Verdicts } from '../../src/relay/verdicts.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { deferred } from '../../src/util/deferred.ts';

const HOSTILE = new URL('../fixtures/hostile-server.mjs', import.meta.url).pathname;
export const ASKING = { args: [new URL('../fixtures/asking-server.mjs', import.meta.url).pathname] };

/** JSON as it came; `pick` looks into it. */
export interface Answer {
  readonly id?: unknown;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

export interface Told {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

export function pick(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce(
    (at: unknown, key) => (at as Record<string | number, unknown> | undefined)?.[key],
    value,
  );
}

/** The text of the first content of a tool's result, which the servers of these tests write as JSON. */
export function said(answer: Answer): unknown {
  const text = pick(answer, 'result', 'content', 0, 'text');
  if (typeof text !== 'string') throw new Error(`no text in ${JSON.stringify(answer)}`);
  return JSON.parse(text);
}

/** One exchange and what became of it. */
export class Collector implements Exchange {
  readonly notifications: Told[] = [];
  readonly #text = deferred<string>();
  readonly #notified: { readonly count: number; readonly resolve: () => void }[] = [];
  failure: GatewayError | undefined;
  isSettled = false;

  /** The text of the answer; a failure of the gateway is one of the form `!CODE`. */
  get text(): Promise<string> {
    return this.#text.promise;
  }

  /** Resolves when so many notifications have come. */
  async until(count: number): Promise<void> {
    if (this.notifications.length >= count) return;
    await new Promise<void>((resolve) => this.#notified.push({ count, resolve }));
  }

  notify(message: Message): Delivery {
    this.notifications.push(JSON.parse(textOf(message)) as Told);
    for (const { count, resolve } of this.#notified) if (this.notifications.length >= count) resolve();
    return 'sent';
  }

  ask(): Delivery {
    throw new Error('a request on a modern stream');
  }

  settle(message: Message): Delivery {
    this.#over();
    this.#text.resolve(textOf(message));
    return 'sent';
  }

  fail(error: GatewayError): void {
    this.#over();
    this.failure = error;
    this.#text.resolve(`!${error.code}`);
  }

  #over(): void {
    if (this.isSettled) throw new Error('settled twice');
    this.isSettled = true;
  }
}

function textOf({ frame, edits }: Message): string {
  const text = Buffer.concat(splice(frame, edits)).toString();
  JSON.parse(text);
  return text;
}

export interface Asked {
  readonly exchange: Collector;
  readonly call: Call;
  readonly upstream: Upstream;
}

export interface CallOptions {
  readonly id?: unknown;
  readonly principal?: string;
  readonly isolation?: string;
  readonly server?: string;
  readonly capabilities?: object;
  /** More members of `_meta`. */
  readonly meta?: object;
}

export class Bench implements AsyncDisposable {
  readonly events: GatewayEvent[] = [];
  /** Lines written to servers, in order. */
  readonly lines: string[] = [];
  /** Lines that servers wrote. */
  readonly read: string[] = [];
  /** Both, in order. */
  readonly traffic: string[] = [];
  readonly access: ModernAccess;
  readonly pool: Pool;
  #lastId = 0;

  constructor(servers: Readonly<Record<string, Partial<ServerSpec>>>, clock: Clock = systemClock) {
    const events = createEvents();
    events.subscribe(
      (event) => {
        if (event.type !== 'message') this.events.push(event);
        else {
          const line = Buffer.concat(event.bytes).toString();
          (event.direction === 'to-server' ? this.lines : this.read).push(line);
          this.traffic.push(line);
        }
      },
      { messages: true },
    );
    const specs = new Map(
      Object.entries(servers).map(([name, spec]): [string, ServerSpec] => [name, { ...BASE, name, ...spec }]),
    );
    this.pool = createPool({
      servers: specs,
      events,
      clientInfo: { name: 'test', version: '0' },
      maxInstances: 8,
      concurrentStarts: 4,
      idleMs: 60_000,
      spareMaxAgeMs: 3_600_000,
      instanceMaxAgeMs: 86_400_000,
      queuedStarts: 1000,
    });
    this.access = new ModernAccess(this.pool, new Verdicts(), new StateSeal(), clock, ISOLATE);
  }

  /** Sends a request as its front would: a lease for it alone, ended with its exchange. */
  async send(method: string, params: object = {}, options: CallOptions = {}): Promise<Asked> {
    this.#lastId += 1;
    const capabilities = options.capabilities ?? {};
    const meta = { ...envelope({ name: 'client', version: '1' }, capabilities), ...options.meta };
    const message = {
      jsonrpc: '2.0',
      id: options.id ?? `c${this.#lastId}`,
      method,
      params: { ...params, _meta: meta },
    };
    return this.sendText(JSON.stringify(message), options);
  }

  async sendText(text: string, options: CallOptions = {}): Promise<Asked> {
    const { server = 'it', principal = 'alice', isolation = `principal ${principal}` } = options;
    const scan = scanFrame(Buffer.from(text), 'client');
    if (!scan.ok) throw new Error(`a bad request: ${scan.why}`);
    const upstream = await this.access.upstream({
      server,
      principal,
      policy: undefined,
      session: isolation,
      capabilities: classOf(options.capabilities ?? {}),
      clientInfo: { name: 'test', version: '0' },
      mayBeAsked: true,
    });
    const exchange = new Collector();
    const call = upstream.call(unedited(scan.frame), exchange);
    void exchange.text.then(() => upstream.end('CALL_CANCELLED'));
    return { exchange, call, upstream };
  }

  async text(method: string, params: object = {}, options: CallOptions = {}): Promise<string> {
    return (await this.send(method, params, options)).exchange.text;
  }

  /** The answer as data; a failure of the gateway becomes its error. */
  async ask(method: string, params: object = {}, options: CallOptions = {}): Promise<Answer> {
    const text = await this.text(method, params, options);
    return text.startsWith('!') ? { error: { code: 0, message: text } } : (JSON.parse(text) as Answer);
  }

  tool(name: string, args: object = {}, options: CallOptions = {}, more: object = {}): Promise<Answer> {
    return this.ask('tools/call', { name, arguments: args, ...more }, options);
  }

  /** Lines written to servers with this method. */
  written(method: string): Told[] {
    return this.lines.map((line) => JSON.parse(line) as Told).filter((message) => message.method === method);
  }

  /** Resolves when a server has written so many lines that contain the text. */
  said(text: string, count = 1): Promise<void> {
    return this.until(() => this.read.filter((line) => line.includes(text)).length >= count);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }

  get started(): number {
    return this.events.filter(({ type }) => type === 'instance.started').length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.stop(true);
  }
}

/** What a parked answer asks, and how it is answered: `answers` in the order of the questions. */
export function retryOf(
  answer: Answer,
  answers: readonly unknown[],
): { inputResponses: object; requestState: unknown } {
  const keys = Object.keys(answer.result?.['inputRequests'] ?? {});
  const entries = answers.map((value, n) => [keys[n] ?? `none-${n}`, value]);
  return {
    inputResponses: Object.fromEntries(entries) as object,
    requestState: answer.result?.['requestState'],
  };
}

/** These tests name their processes themselves, also in ways that no policy allows. */
const ISOLATE: Isolate = { legacy: named, modern: named };

function named({ session = '' }: Caller): Isolation {
  const [reach = ''] = session.split(' ');
  return { key: session, reach: reach === 'call' || reach === 'principal' ? reach : 'everybody' };
}

const BASE: Omit<ServerSpec, 'name'> = {
  command: process.execPath,
  args: [HOSTILE],
  cwd: undefined,
  env: {},
  era: 'legacy',
  startTimeoutMs: 10_000,
  probeTimeoutMs: 3000,
  parkTtlMs: 600_000,
  callTimeoutMs: 10_000,
  maxCallMs: 60_000,
  warm: 0,
  maxCalls: 1000,
  maxLinesPerSecond: 10_000,
  maxLineBytes: 16 * 1024 * 1024,
};
