/** A bare client of 2026-07-28: every request on a connection of its own, with headers that can be made to lie. */
import { RawExchange, type Sent, type WireHead } from './raw-exchange.ts';
import type { RpcMessage } from './sse-client.ts';
import { answerOf, BOTH } from './streamable-client.ts';

export const META = 'io.modelcontextprotocol/';
export const MODERN_VERSION = '2026-07-28';

/** Replaces what a well-behaved client would send; what is undefined is left out. */
export interface Lies {
  readonly headers?: Sent['headers'];
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly id?: string | number;
}

export interface Told extends RpcMessage {
  readonly status: number;
  readonly head: WireHead;
}

export class ModernClient {
  readonly #port: number;
  readonly #path: string;
  readonly #lies: Lies;
  #lastId = 0;

  /** `lies` are told with every request. */
  constructor(port: number, path: string, lies: Lies = {}) {
    this.#port = port;
    this.#path = path;
    this.#lies = lies;
  }

  /** Sends a request; the answer is yet to come. */
  send(method: string, params: object = {}, lies: Lies = {}): RawExchange {
    this.#lastId += 1;
    const id = lies.id ?? this.#lastId;
    return this.post(
      { jsonrpc: '2.0', id, method, params: { ...params, _meta: this.#meta(lies.meta) } },
      { ...headersOf(method, params), ...this.#lies.headers, ...lies.headers },
    );
  }

  /** Anything at all, with no headers but these. */
  post(body: unknown, headers: Sent['headers'] = {}): RawExchange {
    return new RawExchange(this.#port, {
      path: this.#path,
      headers: { accept: BOTH, ...headers },
      body,
    });
  }

  /** Resolves with the response and its status. */
  async request(method: string, params: object = {}, lies: Lies = {}): Promise<Told> {
    return told(this.send(method, params, lies));
  }

  call(tool: string, args: object = {}, lies: Lies = {}): Promise<Told> {
    return this.request('tools/call', { name: tool, arguments: args }, lies);
  }

  /** The text that a tool answers with. */
  async text(tool: string, args: object = {}, lies: Lies = {}): Promise<string> {
    const answer = await this.call(tool, args, lies);
    if (answer.result === undefined) throw new Error(JSON.stringify(answer.error));
    return (answer.result['content'] as { text: string }[])[0]?.text ?? '';
  }

  #meta(lies: Lies['meta']): object {
    return {
      [`${META}protocolVersion`]: MODERN_VERSION,
      [`${META}clientInfo`]: { name: 'bare', version: '0' },
      [`${META}clientCapabilities`]: {},
      ...this.#lies.meta,
      ...lies,
    };
  }
}

/** Resolves with the response, however it comes, and its status. */
export async function told(exchange: RawExchange): Promise<Told> {
  const head = await exchange.done();
  return { ...answerOf(exchange), status: head.status, head };
}

/** Status and code of an answer, or the status alone; as little as a test needs to compare. */
export function brief({ status, error }: Told): string {
  return error === undefined ? String(status) : `${status} ${error.code}`;
}

function headersOf(method: string, params: object): Record<string, string> {
  const { name, uri, taskId } = params as { name?: string; uri?: string; taskId?: string };
  const named = { 'tools/call': name, 'prompts/get': name, 'resources/read': uri, 'tasks/get': taskId }[
    method
  ];
  return {
    'mcp-protocol-version': MODERN_VERSION,
    'mcp-method': method,
    ...(named === undefined ? {} : { 'mcp-name': named }),
  };
}
