import type { Json } from './mcp-body-client.ts';

const PATIENCE_MS = 5_000;

export interface WireMessage {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: { code: number; message: string; data?: unknown };
}

/** What the server sent to one client, in order of arrival, before the SDK saw it. */
export interface Wire {
  readonly messages: readonly WireMessage[];
  /** The params of the notifications that arrived so far. */
  notifications(method: string): Json[];
  /** The first match that arrived or will arrive. Rejects after 5 s, telling what came instead. */
  next(match: (message: WireMessage) => boolean): Promise<WireMessage>;
  /** `next` for a notification with at least these params. */
  notified(method: string, params?: Json): Promise<Json>;
  /** `next` for the answer to a request sent with `send`. */
  answer(id: string | number): Promise<WireMessage>;
}

interface Tappable {
  onmessage?: unknown;
}

/** Records what `transport` receives. Call it before the SDK connects: the SDK chains an earlier `onmessage`. */
export function tap(transport: Tappable): Wire {
  const messages: WireMessage[] = [];
  const watchers = new Set<() => void>();
  const onmessage = (message: WireMessage): void => {
    messages.push(message);
    for (const watcher of watchers) watcher();
  };
  Object.assign(transport, { onmessage });

  const next = (match: (message: WireMessage) => boolean) =>
    new Promise<WireMessage>((resolve, reject) => {
      const look = (): void => {
        const found = messages.find(match);
        if (found === undefined) return;
        watchers.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(() => {
        watchers.delete(look);
        reject(new Error(`never came; these came: ${JSON.stringify(messages).slice(0, 2_000)}`));
      }, PATIENCE_MS);
      watchers.add(look);
      look();
    });

  return {
    messages,
    next,
    notifications: (method) =>
      messages.filter((message) => message.method === method).map((message) => message.params ?? {}),
    notified: async (method, params = {}) => {
      const message = await next(
        (candidate) => candidate.method === method && includes(candidate.params, params),
      );
      return message.params ?? {};
    },
    answer: (id) => next((message) => message.id === id && message.method === undefined),
  };
}

function includes(actual: Json | undefined, expected: Json): boolean {
  return Object.entries(expected).every(
    ([key, value]) => JSON.stringify(actual?.[key]) === JSON.stringify(value),
  );
}
