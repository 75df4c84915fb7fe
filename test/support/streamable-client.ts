/** A bare Streamable HTTP client: each message on a connection of its own, with no SDK in between. */
import { RawExchange, type Sent } from './raw-exchange.ts';
import type { RpcMessage } from './sse-client.ts';

export const BOTH = 'application/json, text/event-stream';

export interface SessionOptions {
  readonly version?: string;
  readonly capabilities?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A session of a server; each message goes on a connection of its own. */
export class StreamableClient {
  readonly port: number;
  readonly path: string;
  readonly sessionId: string;
  readonly initialized: RpcMessage;
  readonly #headers: Readonly<Record<string, string>>;
  #lastId = 0;

  private constructor(
    port: number,
    path: string,
    sessionId: string,
    initialized: RpcMessage,
    headers: Readonly<Record<string, string>>,
  ) {
    this.port = port;
    this.path = path;
    this.sessionId = sessionId;
    this.initialized = initialized;
    this.#headers = headers;
  }

  static async open(port: number, path: string, options: SessionOptions = {}): Promise<StreamableClient> {
    const { version = '2025-11-25', headers = {} } = options;
    const opening = new RawExchange(port, {
      path,
      headers: { accept: BOTH, ...headers },
      body: initialize(version, options.capabilities),
    });
    const head = await opening.done();
    const sessionId = head.headers['mcp-session-id'];
    if (sessionId === undefined) throw new Error(opening.raw);
    const client = new StreamableClient(port, path, sessionId, answerOf(opening), {
      ...headers,
      'mcp-session-id': sessionId,
    });
    const { status } = await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' }).done();
    if (status !== 202) throw new Error(`initialized: ${status}`);
    return client;
  }

  /** Sends one or more messages; the answer is yet to come. */
  post(body: unknown, headers: Sent['headers'] = {}): RawExchange {
    return this.send('POST', { accept: BOTH, ...headers }, body);
  }

  call(
    tool: string,
    args: object = {},
    headers: Sent['headers'] = {},
    id: string | number = this.nextId(),
  ): RawExchange {
    return this.post(callOf(tool, args, id), headers);
  }

  listen(headers: Sent['headers'] = {}): RawExchange {
    return this.send('GET', { accept: 'text/event-stream', ...headers });
  }

  end(headers: Sent['headers'] = {}): RawExchange {
    return this.send('DELETE', headers);
  }

  send(method: string, headers: Sent['headers'] = {}, body?: unknown): RawExchange {
    return new RawExchange(this.port, this.sent(method, headers, body));
  }

  sent(method: string, headers: Sent['headers'] = {}, body?: unknown): Sent {
    return {
      method,
      path: this.path,
      headers: { ...this.#headers, ...headers },
      ...(body === undefined ? {} : { body }),
    };
  }

  /** The text that a tool answers with, however it comes. */
  async text(tool: string, args: object = {}): Promise<string> {
    const call = this.call(tool, args);
    await call.done();
    const { result, error } = answerOf(call);
    if (result === undefined) throw new Error(`${error?.code} ${error?.message}`);
    return (result['content'] as { text: string }[])[0]?.text ?? '';
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}

export function initialize(
  version = '2025-11-25',
  capabilities: object = {},
  id: string | number = 'init',
): object {
  return {
    jsonrpc: '2.0',
    id,
    method: 'initialize',
    params: { protocolVersion: version, capabilities, clientInfo: { name: 'bare', version: '0' } },
  };
}

export function callOf(
  tool: string,
  args: object,
  id: string | number,
  progressToken?: string | number,
): object {
  const meta = progressToken === undefined ? {} : { _meta: { progressToken } };
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name: tool, arguments: args, ...meta } };
}

/** The response in a complete answer, JSON or event stream. */
export function answerOf(raw: RawExchange): RpcMessage {
  if (!raw.raw.includes('content-type: text/event-stream')) return JSON.parse(raw.body) as RpcMessage;
  const answer = raw.messages.find(({ method }) => method === undefined);
  if (answer === undefined) throw new Error(`no response in: ${raw.body}`);
  return answer;
}
