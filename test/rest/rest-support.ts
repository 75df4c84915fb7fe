/** A gateway with the same server in both eras, and requests as a program without any MCP makes them. */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';

export const ERAS = ['legacy', 'modern'] as const;

/** The same tools, resources and prompts, as servers of the two eras have them. */
export const FULL = {
  legacy: runs(fixture('full-server-v1.mjs')),
  modern: runs(fixture('full-server-v2.mjs')),
};

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; fails where it is none. */
  readonly json: Json;
}

// The shape of an answer is what a test is about.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export type RestGateway = TestGateway & {
  get(path: string, headers?: Record<string, string>): Promise<RestAnswer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<RestAnswer>;
  delete(path: string): Promise<RestAnswer>;
};

export async function startRest(config: Record<string, unknown> = {}): Promise<RestGateway> {
  const gateway = await startGateway({ servers: FULL, ...config });
  const send = async (path: string, init: RequestInit): Promise<RestAnswer> =>
    toAnswer(await fetch(gateway.url + path, init));
  return Object.assign(gateway, {
    get: (path: string, headers = {}) => send(path, { headers }),
    post: (path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
      send(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    delete: (path: string) => send(path, { method: 'DELETE' }),
  });
}

async function toAnswer(response: Response): Promise<RestAnswer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    text: bytes.toString(),
    get json(): Json {
      return JSON.parse(bytes.toString());
    },
  };
}

/** The events of a stream, their data parsed. */
export function eventsIn(text: string): { readonly event: string; readonly data: Json }[] {
  const events: { event: string; data: Json }[] = [];
  const parser = createParser({
    onEvent: ({ event = '', data }: EventSourceMessage) => events.push({ event, data: JSON.parse(data) }),
  });
  parser.feed(text);
  return events;
}

let lastSession = 0;

/** A session that no other test uses, as the end of a URL. */
export function inSession(): string {
  lastSession += 1;
  return `?sessionId=session-${lastSession}`;
}
