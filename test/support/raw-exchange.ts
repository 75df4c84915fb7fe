/** One HTTP exchange on a socket of its own: exactly what is on the wire, which can be cut at any byte. */
import { connect, type Socket } from 'node:net';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { RpcMessage } from './sse-client.ts';

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
    // What was written before is sent before.
    this.socket.on('connect', () => this.#look());
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
function parseEvents(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  createParser({ onEvent: (event) => events.push(event) }).feed(text);
  return events;
}
