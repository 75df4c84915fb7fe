/** The calls of one client over JSON-RPC: which wait for what, and whether what comes is what was asked for. */
import { deferred } from '../../src/util/deferred.ts';
import type { ToolCall } from '../calls.ts';
import type { Scene } from './scene.ts';

export interface RpcMessage {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

export class PendingCall {
  readonly id: string | number;
  readonly nonce: string;
  readonly call: ToolCall;
  readonly #front: string;
  readonly #scene: Scene;
  readonly #settled = deferred<string>();
  outcome: string | undefined;
  /** Its client does not care any more: any outcome is right, and none. */
  abandoned = false;

  constructor(scene: Scene, front: string, id: string | number, nonce: string, call: ToolCall) {
    this.id = id;
    this.nonce = nonce;
    this.call = call;
    this.#front = front;
    this.#scene = scene;
  }

  get token(): string {
    return `token-${this.id}`;
  }

  get settled(): Promise<string> {
    return this.#settled.promise;
  }

  /** The first outcome counts. */
  settle(outcome: string): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.#scene.ledger.call(this.#front, outcome);
    this.#settled.resolve(outcome);
  }

  abandon(): void {
    this.abandoned = true;
    this.settle('given up by the client');
  }

  /** The message that answers it. */
  answer({ result, error }: RpcMessage): void {
    if (error !== undefined) {
      const { reason } = (error.data ?? {}) as { reason?: string };
      if (reason === 'internal') this.#scene.violate(`${this.call.kind} failed with a fault of the gateway`);
      this.settle(reason ?? (error.code === -32055 ? 'refused by the server' : `error ${error.code}`));
    } else if (JSON.stringify(result ?? {}).includes(this.nonce)) this.settle('answered');
    else {
      const isFailure = result?.['isError'] === true;
      if (this.call.echoes && !isFailure)
        this.#scene.violate(`${this.call.kind} ${this.nonce} was answered with something else`);
      this.settle(isFailure ? 'isError' : 'answered');
    }
  }

  toMessage(meta: object = {}): object {
    const { tool, args } = this.call;
    const params = { name: tool, arguments: args, _meta: { progressToken: this.token, ...meta } };
    return { jsonrpc: '2.0', id: this.id, method: 'tools/call', params };
  }
}

/** Ids and tokens are the same for all clients, so that whoever confuses them is found out. */
export class RpcCalls {
  readonly #scene: Scene;
  readonly #front: string;
  readonly #calls = new Map<string, PendingCall>();
  #lastId = 0;

  constructor(scene: Scene, front: string) {
    this.#scene = scene;
    this.#front = front;
  }

  add(make: (nonce: string) => ToolCall): PendingCall {
    const nonce = this.#scene.newNonce();
    const pending = new PendingCall(this.#scene, this.#front, this.newId(), nonce, make(nonce));
    if (pending.call.fault !== undefined) this.#scene.ledger.fault(pending.call.fault);
    this.#calls.set(JSON.stringify(pending.id), pending);
    return pending;
  }

  newId(): string | number {
    this.#lastId += 1;
    return this.#scene.random.chance(0.3) ? `${this.#lastId}` : this.#lastId;
  }

  get waiting(): PendingCall[] {
    return [...this.#calls.values()].filter(({ outcome }) => outcome === undefined);
  }

  /** A response or a notification; what belongs to a call must belong to the one that it names. */
  take(message: RpcMessage): void {
    if (message.method === 'notifications/progress') return this.#checkProgress(message);
    if (message.method !== undefined) return;
    const pending = this.#calls.get(JSON.stringify(message.id));
    pending?.answer(message);
  }

  abandon(nonce: string | undefined): void {
    for (const pending of this.waiting) if (pending.nonce === nonce) pending.abandon();
  }

  settleAll(outcome: string): void {
    for (const pending of this.waiting) pending.settle(outcome);
  }

  abandonAll(): void {
    for (const pending of this.waiting) pending.abandon();
  }

  #checkProgress({ params }: RpcMessage): void {
    const { progressToken, message } = (params ?? {}) as { progressToken?: string; message?: string };
    const owner = [...this.#calls.values()].find(({ token }) => token === progressToken);
    if (owner === undefined)
      this.#scene.violate(`progress came with the token ${progressToken}, never given`);
    else if (message?.startsWith('~') && !message.startsWith(owner.nonce))
      this.#scene.violate(`progress of ${message} came with the token of ${owner.nonce}`);
  }
}
