/** Callers of a test gateway, reduced to what the tests of processes look at. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestGateway } from '../support/gateway.ts';
import { groupMembers } from '../support/no-leaks.ts';

export interface RestAnswer {
  readonly status: number;
  /** Of a problem document. */
  readonly code: string | undefined;
  /** Of the first content of a result. */
  readonly text: string;
}

interface RestBody {
  readonly code?: string;
  readonly content?: readonly { readonly text?: string }[];
}

/** `path` is `server/tool`. */
export async function rest(
  gateway: { readonly url: string },
  path: string,
  session: string,
  args: unknown = {},
): Promise<RestAnswer> {
  const response = await fetch(`${gateway.url}/api/${path}?sessionId=${session}`, {
    method: 'POST',
    // A connection that is kept would count among what a test holds.
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(args),
  });
  const body = (await response.json()) as RestBody;
  return { status: response.status, code: body.code, text: body.content?.[0]?.text ?? '' };
}

/** The text of a call that succeeds. */
export async function textOf(
  gateway: { readonly url: string },
  path: string,
  session: string,
  args: unknown = {},
): Promise<string> {
  const { status, code, text } = await rest(gateway, path, session, args);
  if (status !== 200) throw new Error(`${path}: ${status} ${code}`);
  return text;
}

/** An HTTP+SSE client on a bare socket, which can be reset, or stop reading. */
export class RawSseClient {
  readonly socket: Socket;
  readonly #base: string;
  #seen = '';
  #endpoint = '';

  private constructor(gateway: { readonly url: string; readonly port: number }) {
    this.#base = gateway.url;
    this.socket = connect(gateway.port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => {
      this.#seen += chunk.toString('latin1');
    });
  }

  static async open(gateway: TestGateway, server: string): Promise<RawSseClient> {
    const client = new RawSseClient(gateway);
    client.socket.write(`GET /${server} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
    const [, path = ''] = await client.until(/data: (\S+)\n/);
    client.#endpoint = path;
    return client;
  }

  static async initialized(gateway: TestGateway, server: string): Promise<RawSseClient> {
    const client = await RawSseClient.open(gateway, server);
    const params = {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'raw', version: '0' },
    };
    await client.post({ jsonrpc: '2.0', id: 'init', method: 'initialize', params });
    await client.until(/"id":"init"/);
    await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return client;
  }

  /** Everything read so far. */
  get seen(): string {
    return this.#seen;
  }

  /** The random part of the endpoint. */
  get sessionId(): string {
    return this.#endpoint.split('sessionId=')[1] ?? '';
  }

  /** The first match in what was read and will be; at most a few hundred characters long. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (let looked = 0; ; looked = Math.max(0, this.#seen.length - 500), await once(this.socket, 'data')) {
      const match = pattern.exec(this.#seen.slice(looked));
      if (match !== null) return match;
    }
  }

  /** Resolves with the status. */
  async post(message: object): Promise<number> {
    const response = await fetch(this.#base + this.#endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(message),
    });
    await response.text();
    return response.status;
  }

  /** Goes away with a TCP reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** The pid of the process that a session uses; of its group, too. */
export async function pidOfSession(gateway: TestGateway, sessionId: string): Promise<number> {
  const { server, instance } = await gateway.event('session.leased', ({ session }) => session === sessionId);
  const { pid } = await gateway.event(
    'instance.started',
    (event) => event.server === server && event.instance === instance,
  );
  return pid;
}

/** From the end of a session to the end of its last process, in milliseconds. */
export const BOUND_MS = 5000;

/** Resolves with the time it took until no process of the group ran any more, in milliseconds. */
export async function groupEnded(pid: number, withinMs = BOUND_MS): Promise<number> {
  const started = performance.now();
  while (groupMembers(pid).length > 0) {
    if (performance.now() - started > withinMs)
      throw new Error(`group ${pid} lives: ${groupMembers(pid).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return performance.now() - started;
}

/** Pids of all processes that were started for a server so far. */
export function pidsOf({ events }: TestGateway, server: string): number[] {
  return events.flatMap((event) =>
    event.type === 'instance.started' && event.server === server ? [event.pid] : [],
  );
}

/** A folder that goes with its scope. */
export function tempFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'mcp-gateway-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
