import { expect } from 'vitest';
import type { Json } from './mcp-body-client.ts';

/** Where the promises of the body differ, because a revision or a bridge between two of them says so. */
export type Era = 'legacy' | 'modern';

export interface Traits {
  readonly client: Era;
  readonly serverInfo: { readonly name: string; readonly title: string; readonly version: string };
  /** State, and a change of the tools, belong to one client. */
  readonly processPerClient: boolean;
  /** What the server is told of a client that can answer everything. */
  readonly declared: object;
  /** The client has ping, and so has its server; subscriptions and log levels are requests. */
  readonly hasPing: boolean;
  /** The server can ping, hears of changed roots, and has tools to show it. */
  readonly hasLegacyTools: boolean;
  /** Client errors reach the server that asked. */
  readonly carriesRefusals: boolean;
  /** Who cannot be asked is told so by an error, or by a result with `isError`. */
  readonly mute: object | 'isError';
  /** What the server reads as the reason of a cancellation. */
  readonly cancelReason: string;
  readonly missingResource: number;
  /** The least severe level that is logged before a level was set; undefined for none. */
  readonly logsFrom: 'debug' | 'info' | undefined;
  /** The error with that code becomes -32603, and is kept in the data. */
  readonly movedCode: number | undefined;
}

/** A server's result as its client gets it: 2026-07-28 servers name themselves in each. */
export function named(result: Json, { client, serverInfo }: Traits): Json {
  if (client === 'legacy') return result;
  const meta = (result['_meta'] ?? {}) as Json;
  return { ...result, _meta: { ...meta, 'io.modelcontextprotocol/serverInfo': serverInfo } };
}

/**
 * What a request rejects with. The statuses that 2026-07-28 has for some codes reach callers of the SDK as HTTP
 * errors with the answer in their message.
 */
export function refusedWith(code: number, { client }: Traits): object {
  if (client === 'legacy') return { code };
  return { message: expect.stringContaining(`"error":{"code":${code}`) };
}

const LEGACY_SERVER = { name: 'full-v1', title: 'Full server', version: '1.2.3' };
const MODERN_SERVER = { name: 'full-v2', title: 'Full server', version: '2.3.4' };
const ANSWERS = { sampling: { tools: {} }, elicitation: { form: {}, url: {} } };

export const LEGACY_ON_LEGACY: Traits = {
  client: 'legacy',
  serverInfo: LEGACY_SERVER,
  processPerClient: true,
  declared: { ...ANSWERS, roots: { listChanged: true } },
  hasPing: true,
  hasLegacyTools: true,
  carriesRefusals: true,
  mute: { code: expect.any(Number) },
  cancelReason: 'not needed any more',
  missingResource: -32002,
  logsFrom: 'debug',
  movedCode: undefined,
};

export const LEGACY_ON_MODERN: Traits = {
  ...LEGACY_ON_LEGACY,
  serverInfo: MODERN_SERVER,
  processPerClient: false,
  declared: { ...ANSWERS, roots: {} },
  hasLegacyTools: false,
  carriesRefusals: false,
  mute: 'isError',
  missingResource: -32602,
  logsFrom: 'info',
};

export const MODERN_ON_MODERN: Traits = {
  ...LEGACY_ON_MODERN,
  client: 'modern',
  declared: { ...ANSWERS, roots: { listChanged: true } },
  hasPing: false,
  mute: { code: -32021 },
  // Over HTTP a cancellation is a closed connection, which has no words.
  cancelReason: 'the client has gone',
  logsFrom: undefined,
};

/** With a principal of its own for each client. */
export const MODERN_ON_LEGACY: Traits = {
  ...MODERN_ON_MODERN,
  serverInfo: LEGACY_SERVER,
  processPerClient: true,
  declared: { ...ANSWERS, roots: { listChanged: false } },
  hasLegacyTools: true,
  movedCode: -32099,
};
