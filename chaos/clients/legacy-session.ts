/** What a client of a revision with a handshake does in its session, whichever transport carries it. */
import { createParser } from 'eventsource-parser';
import { answerTo, anyCall, askingCall, lateLog, longCall, type ToolCall } from '../calls.ts';
import type { Exchange } from '../exchange.ts';
import { nonceIn } from '../nonce.ts';
import type { Random } from '../random.ts';
import { type PendingCall, RpcCalls, type RpcMessage } from './rpc-calls.ts';
import { HANG_MS, type Scene, within } from './scene.ts';

export type Step = () => Promise<void>;

const CAPABILITIES = { elicitation: {}, sampling: {}, roots: { listChanged: true } };

export abstract class LegacySession {
  protected readonly scene: Scene;
  protected readonly random: Random;
  protected readonly calls: RpcCalls;
  protected readonly capabilities: object;
  /** Ended, by whomever; it is used no more. */
  protected over = false;
  readonly #open = new Set<Exchange>();

  protected constructor(scene: Scene, front: string) {
    this.scene = scene;
    this.random = scene.random;
    this.calls = new RpcCalls(scene, front);
    this.capabilities = scene.random.chance(0.5) ? CAPABILITIES : {};
  }

  /** Sends messages that wait for nothing. */
  protected abstract tell(message: unknown): Promise<void>;
  /** Sends the calls, in one body or each in its own. */
  protected abstract start(calls: readonly PendingCall[]): void;
  protected abstract ownSteps(): readonly (readonly [number, Step])[];
  protected abstract leave(): Promise<void>;

  /** Does some of what clients do, then leaves in one of the ways that clients leave. */
  async live(): Promise<void> {
    const steps = [...this.#steps(), ...this.ownSteps()];
    await this.scene.doSome(steps, () => this.over);
    await this.leave();
    this.calls.abandonAll();
    for (const exchange of this.#open) exchange.reset();
  }

  protected initialize(protocolVersion: string): object {
    const clientInfo = { name: 'chaos', version: '0' };
    const params = { protocolVersion, capabilities: this.capabilities, clientInfo };
    return { jsonrpc: '2.0', id: 'initialize', method: 'initialize', params };
  }

  protected add(make: (program: Scene['server']['program'], nonce: string, random: Random) => ToolCall) {
    return this.calls.add((nonce) => make(this.scene.server.program, nonce, this.random));
  }

  /** Resolves when all of them have an outcome. */
  protected async outcomes(calls: readonly PendingCall[]): Promise<void> {
    if ((await within(Promise.all(calls.map(({ settled }) => settled)), HANG_MS)) !== undefined) return;
    for (const { call, nonce, outcome } of calls)
      if (outcome === undefined) this.scene.violate(`${call.kind} ${nonce} had no outcome in ${HANG_MS} ms`);
    this.calls.abandonAll();
  }

  /** Everything that comes from the server. */
  protected take(message: RpcMessage): void {
    if (message.method !== undefined && message.id !== undefined) void this.#onQuestion(message);
    else this.calls.take(message);
  }

  /** Has the exchange ended with the session. */
  protected own(exchange: Exchange): Exchange {
    this.#open.add(exchange);
    void exchange.ended.then(() => this.#open.delete(exchange));
    return exchange;
  }

  #steps(): readonly (readonly [number, Step])[] {
    return [
      [8, () => this.#call()],
      [4, () => this.#burst()],
      [2, () => this.#ask()],
      [1, () => this.#lateLog()],
      [2, () => this.#cancel()],
      [1, () => this.#cancelNothing()],
      [1, () => this.#answerNothing()],
      [1, () => this.tell({ jsonrpc: '2.0', id: `list-${this.calls.newId()}`, method: 'tools/list' })],
      [1, () => this.#rubbish()],
    ];
  }

  async #call(): Promise<void> {
    const call = this.add(anyCall);
    this.start([call]);
    await this.outcomes([call]);
  }

  async #burst(): Promise<void> {
    const calls = Array.from({ length: this.random.between(2, 6) }, () => this.add(anyCall));
    this.start(calls);
    await this.outcomes(calls);
  }

  async #ask(): Promise<void> {
    if (askingCall(this.scene.server.program, '', this.random) === undefined) return;
    const call = this.add((program, nonce, random) => askingCall(program, nonce, random) as ToolCall);
    this.start([call]);
    await this.outcomes([call]);
  }

  /** One principal that shares a process with itself may hear its own lines in another of its calls. */
  async #lateLog(): Promise<void> {
    const { program, config } = this.scene.server;
    if (program !== 'hostile' || config?.['policy'] === 'principal') return;
    const call = this.calls.add((nonce) => lateLog(nonce, this.random));
    this.start([call]);
    await this.outcomes([call]);
  }

  /** A call that is cancelled is not answered, unless its answer was on the way. */
  async #cancel(): Promise<void> {
    const call = this.add(longCall);
    this.start([call]);
    await this.scene.pause(0, 50);
    this.scene.ledger.fault('client cancels');
    call.abandon();
    await this.#tellCancelled(call.id);
  }

  async #cancelNothing(): Promise<void> {
    this.scene.ledger.fault('client cancels what is not its own');
    const inFlight = this.calls.waiting.map(({ id }) => id);
    const id = this.random.between(1, 60);
    if (!inFlight.includes(id)) await this.#tellCancelled(id);
  }

  /** The nonce would be heard if anybody took the answer for that to its own question. */
  async #answerNothing(): Promise<void> {
    this.scene.ledger.fault('client answers what nobody asked');
    const result = answerTo('elicitation/create', this.scene.newNonce());
    await this.tell({ jsonrpc: '2.0', id: this.#someId(), result });
  }

  async #rubbish(): Promise<void> {
    this.scene.ledger.fault('client sends rubbish in its session');
    await this.tell(
      this.random.pick([
        '{"jsonrpc":"2.0","id":1,"method":',
        '{"jsonrpc":"2.0","id":null,"method":"tools/list"}',
        '{"jsonrpc":"2.0","id":"dup","id":"dup","method":"tools/list"}',
        '[]',
        `{"jsonrpc":"2.0","id":"deep","method":"tools/call","params":${'['.repeat(5000)}${']'.repeat(5000)}}`,
        '5',
        this.initialize('2025-06-18'),
      ]),
    );
  }

  async #onQuestion({ id, method = '', params }: RpcMessage): Promise<void> {
    const nonce = nonceIn(JSON.stringify(params ?? {}));
    const result = answerTo(method, nonce ?? '');
    const answer = { jsonrpc: '2.0', id, result };
    const manner = this.random.weighted([
      [8, 'answers'],
      [1, 'refuses'],
      [1, 'twice'],
      [1, 'wrong'],
      [0.3, 'never'],
    ] as const);
    if (manner !== 'answers') this.scene.ledger.fault(`client answers a question ${FAULTY_MANNERS[manner]}`);
    // It may wait for its answer longer than a run does.
    if (manner === 'never') return this.calls.abandon(nonce);
    if (manner === 'refuses')
      return this.tell({ jsonrpc: '2.0', id, error: { code: -1, message: 'I will not say' } });
    if (manner === 'wrong') await this.tell({ ...answer, id: this.#someId() });
    await this.tell(answer);
    if (manner === 'twice') await this.tell(answer);
  }

  #someId(): string | number {
    return this.random.chance(0.3) ? `ask-${this.random.between(1, 9)}` : this.random.between(1, 40);
  }

  async #tellCancelled(requestId: string | number): Promise<void> {
    await this.tell({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
  }
}

const FAULTY_MANNERS = {
  refuses: 'with an error',
  twice: 'twice',
  wrong: 'with wrong ids',
  never: 'never',
} as const;

export interface StreamEvent {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string;
}

/** A reader for the pieces of an event stream. */
export function eventReader(onEvent: (event: StreamEvent) => void): (text: string) => void {
  const parser = createParser({ onEvent: ({ event, id, data }) => onEvent({ event, id, data }) });
  return (text) => parser.feed(text);
}
