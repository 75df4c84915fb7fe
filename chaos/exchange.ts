/** One HTTP exchange of a client that need not behave. Everything that comes is heard as it comes. */
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from 'node:http';
import type { Socket } from 'node:net';
import { deferred } from '../src/util/deferred.ts';

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Listener {
  /** Each piece of the body. */
  readonly hear: (text: string) => void;
  /** A connection that is kept; one of its own when left out. */
  readonly agent?: Agent | undefined;
}

/** `cut`: the connection ended before the answer did, whoever cut it. */
export type Ending = 'whole' | 'cut';

export class Exchange {
  /** 0 before the head is there. */
  status = 0;
  headers: IncomingHttpHeaders = {};
  /** The body so far; of long ones only the beginning. */
  text = '';
  /** Resolves with the status, with 0 when the connection ended before. */
  readonly head: Promise<number>;
  readonly ended: Promise<Ending>;
  /** Whether this side did something after which a cut is no surprise. */
  spoiled = false;
  readonly #request: ClientRequest;
  #response: IncomingMessage | undefined;

  constructor(port: number, sent: Sent, listener: Listener) {
    const head = deferred<number>();
    const ended = deferred<Ending>();
    this.head = head.promise;
    this.ended = ended.promise;
    const finish = (ending: Ending): void => {
      head.resolve(this.status);
      ended.resolve(ending);
    };
    this.#request = request(
      {
        host: '127.0.0.1',
        port,
        method: sent.method ?? 'POST',
        path: sent.path,
        headers: {
          ...(sent.body === undefined ? {} : { 'content-length': Buffer.byteLength(sent.body) }),
          ...sent.headers,
        },
        agent: listener.agent ?? false,
      },
      (response) => {
        this.#response = response;
        this.status = response.statusCode ?? 0;
        this.headers = response.headers;
        head.resolve(this.status);
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          if (this.text.length < MAX_KEPT) this.text += text;
          listener.hear(text);
        });
        response.on('error', () => undefined);
        response.on('close', () => finish(response.complete ? 'whole' : 'cut'));
      },
    );
    this.#request.on('error', () => finish(this.#response?.complete === true ? 'whole' : 'cut'));
    this.#request.on('close', () => {
      if (this.#response === undefined) finish('cut');
    });
    this.#request.end(sent.body);
  }

  /** A kept connection may have been closed at the other end just before it was used again. */
  get reusedConnection(): boolean {
    return this.#request.reusedSocket;
  }

  /** Goes away with a TCP reset. */
  reset(): void {
    this.spoiled = true;
    if (this.#request.socket) resetSocket(this.#request.socket);
    this.#request.destroy();
  }

  /** Says that nothing more will be sent, and goes on reading. */
  halfClose(): void {
    this.spoiled = true;
    this.#request.socket?.end();
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.spoiled = true;
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }
}

const MAX_KEPT = 8 * 1_048_576;

/** Node never closes a socket that is reset while it says goodbye, and then does not end either. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** Connections that are kept, as most HTTP clients do. */
export function keptConnections(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 8, timeout: KEEP_MS });
}

/** Less than what the gateway keeps an idle connection for. */
const KEEP_MS = 3000;
