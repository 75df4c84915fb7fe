/** A bare HTTP+SSE client: exactly what is on the wire, without an SDK in between. */
import { EventSourceParserStream } from 'eventsource-parser/stream';

export interface WireEvent {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string;
}

export interface RpcMessage {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { code: number; message: string; data?: unknown };
}

export class BareSseClient {
  readonly response: Response;
  readonly events: WireEvent[] = [];
  readonly #base: string;
  readonly #abort: AbortController;
  readonly #headers: Record<string, string>;
  readonly #waiting = new Set<() => void>();
  #closed = false;
  #lastId = 0;

  private constructor(
    base: string,
    response: Response,
    abort: AbortController,
    headers: Record<string, string>,
  ) {
    this.#base = base;
    this.response = response;
    this.#abort = abort;
    this.#headers = headers;
    void this.#read();
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<BareSseClient> {
    const abort = new AbortController();
    const response = await fetch(url, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: abort.signal,
    });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return new BareSseClient(url, response, abort, headers);
  }

  /** Opens a stream and shakes hands. */
  static async initialized(
    url: string,
    capabilities: object = {},
    headers: Record<string, string> = {},
  ): Promise<BareSseClient> {
    const client = await BareSseClient.open(url, headers);
    await client.request('initialize', {
      protocolVersion: '2024-11-05',
      capabilities,
      clientInfo: { name: 'bare', version: '0' },
    });
    await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return client;
  }

  async endpoint(): Promise<string> {
    const event = await this.waitFor((each) => (each.event === 'endpoint' ? each : undefined));
    return new URL(event.data, this.#base).href;
  }

  async post(message: unknown): Promise<Response> {
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    return fetch(await this.endpoint(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.#headers },
      body,
    });
  }

  /** Resolves with the whole answer, an error included. */
  async request(
    method: string,
    params: object = {},
    id: string | number = this.nextId(),
  ): Promise<RpcMessage> {
    const posted = await this.post({ jsonrpc: '2.0', id, method, params });
    if (posted.status !== 202) throw new Error(`${posted.status} ${await posted.text()}`);
    return this.message((message) => message.id === id && message.method === undefined);
  }

  async callTool(name: string, args: object = {}): Promise<string> {
    const { result, error } = await this.request('tools/call', { name, arguments: args });
    if (result === undefined) throw new Error(`${error?.code} ${error?.message}`);
    return (result['content'] as { text: string }[])[0]?.text ?? '';
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  message(wanted: (message: RpcMessage) => boolean): Promise<RpcMessage> {
    return this.waitFor((event) => {
      if (event.event !== 'message') return undefined;
      const message = JSON.parse(event.data) as RpcMessage;
      return wanted(message) ? message : undefined;
    });
  }

  /** The first event, past or future, of which `pick` makes something. Rejects when the stream ends before. */
  waitFor<T>(pick: (event: WireEvent) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let looked = 0;
      const look = (): void => {
        for (; looked < this.events.length; looked += 1) {
          const event = this.events[looked];
          const picked = event && pick(event);
          if (picked === undefined) continue;
          this.#waiting.delete(look);
          return resolve(picked);
        }
        if (this.#closed) reject(new Error('the stream has ended'));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves when the server has ended the stream. */
  async ended(): Promise<void> {
    await this.waitFor(() => undefined).catch(() => undefined);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    const stream = this.response.body
      ?.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    try {
      for await (const { event, id, data } of stream ?? []) {
        this.events.push({ event, id, data });
        for (const look of this.#waiting) look();
      }
    } catch {
      // Aborted by close(), or cut by the server: both end the stream.
    }
    this.#closed = true;
    for (const look of this.#waiting) look();
  }
}
