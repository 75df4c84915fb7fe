/** A bare Streamable HTTP client, and below it a bare HTTP client: exactly what is on the wire, with no SDK in between. */
import { connect, type Socket } from 'node:net';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { RpcMessage } from './sse-client.ts';

export const BOTH = 'application/json, text/event-stream';

export interface WireHead {
  readonly statusLine: string;
  readonly status: number;
  /** Names in lower case; repeated ones joined. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Text goes as it is, anything else as JSON. */
  readonly body?: unknown;
}

/** One HTTP exchange on a socket of its own. */
export class RawExchange {
  readonly socket: Socket;
  readonly #waiting = new Set<() => void>();
  #chunks: Buffer[] = [];
  #received = 0;
  #cutAt = Number.POSITIVE_INFINITY;

  constructor(port: number, ...requests: readonly Sent[]) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.socket.on('close', () => this.#look());
    for (const request of requests) this.socket.write(requestText(request));
  }

  /** Cuts the connection when that many bytes have come; what has come behind them is not seen. */
  cutAfter(bytes: number): this {
    const seen = this.#bytes.subarray(0, bytes);
    this.#cutAt = bytes;
    this.#chunks = [seen];
    this.#received = seen.length;
    this.#take(Buffer.alloc(0));
    return this;
  }

  /** Bytes received, head and framing included. */
  get received(): number {
    return this.#received;
  }

  get raw(): string {
    return this.#bytes.toString('latin1');
  }

  async head(): Promise<WireHead> {
    await this.until(() => this.raw.includes('\r\n\r\n'));
    return parseHead(this.raw);
  }

  /** The body so far, without its framing. */
  get body(): string {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end === -1) return '';
    const rest = this.#bytes.subarray(end + 4);
    const chunked = parseHead(this.raw).headers['transfer-encoding'] === 'chunked';
    return (chunked ? dechunk(rest).body : rest).toString('utf8');
  }

  get events(): readonly EventSourceMessage[] {
    return parseEvents(this.body);
  }

  get messages(): readonly RpcMessage[] {
    return this.events.flatMap(({ data }) => (data === '' ? [] : [JSON.parse(data) as RpcMessage]));
  }

  /** Whether all of the (only) answer is here. */
  get complete(): boolean {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const rest = this.#bytes.subarray(end + 4);
    const { headers } = parseHead(this.raw);
    return headers['transfer-encoding'] === 'chunked'
      ? dechunk(rest).ended
      : rest.length >= Number(headers['content-length'] ?? 0);
  }

  /** Resolves when it holds. Rejects when the connection ends before. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const held = holds();
        if (!held && !this.socket.destroyed) return;
        this.#waiting.delete(look);
        if (held) resolve();
        else reject(new Error(`the connection ended after: ${this.raw}`));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves with the head when all of the answer is here; the socket is closed then. */
  async done(): Promise<WireHead> {
    await this.until(() => this.complete);
    this.close();
    return parseHead(this.raw);
  }

  /** Resolves when the connection is closed, by whomever. */
  closed(): Promise<void> {
    return this.until(() => this.socket.destroyed);
  }

  close(): void {
    this.socket.destroy();
  }

  /** Goes away with a TCP reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  get #bytes(): Buffer {
    const [first, ...more] = this.#chunks;
    if (first === undefined || more.length > 0) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? first ?? Buffer.alloc(0);
  }

  #take(chunk: Buffer): void {
    const wanted = chunk.subarray(0, Math.max(0, this.#cutAt - this.#received));
    this.#chunks.push(wanted);
    this.#received += wanted.length;
    if (this.#received >= this.#cutAt) this.socket.destroy();
    this.#look();
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

/** Sends one request on a connection of its own and resolves with all of the answer. */
export async function exchange(port: number, request: Sent): Promise<WireHead & { readonly body: string }> {
  const raw = new RawExchange(port, request);
  const head = await raw.done();
  return { ...head, body: raw.body };
}

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

function requestText({ method = 'POST', path, headers = {}, body }: Sent): string {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const all = {
    host: 'localhost',
    ...(text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return [`${method} ${path} HTTP/1.1`, ...lines, '', text ?? ''].join('\r\n');
}

function parseHead(raw: string): WireHead {
  const [statusLine = '', ...lines] = raw.slice(0, raw.indexOf('\r\n\r\n')).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    const value = line.slice(line.indexOf(':') + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { statusLine, status: Number(statusLine.split(' ')[1]), headers };
}

/** The payload of all chunks that are here, the last one perhaps in part. */
function dechunk(bytes: Buffer): { readonly body: Buffer; readonly ended: boolean } {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end === -1) return { body: Buffer.concat(parts), ended: false };
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (size === 0) return { body: Buffer.concat(parts), ended: true };
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

/** Only events that are whole, as an EventSource would see them. */
export function parseEvents(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  createParser({ onEvent: (event) => events.push(event) }).feed(text);
  return events;
}
