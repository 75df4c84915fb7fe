/** Requests as the classifier sees them, and what it says of them in a word or two. */
import { ERRORS, GatewayError } from '../../src/errors.ts';
import { parseClientBody } from '../../src/fronts/mcp/client-body.ts';
import {
  classifyEnd,
  classifyMessage,
  classifyStream,
  type Inbound,
  type InboundHead,
} from '../../src/protocol/classify-inbound.ts';

export const MODERN = '2026-07-28';
export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
export const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';

export type Head = Partial<Omit<InboundHead, 'method'>>;

/** `params` with the envelope of a modern request; a key that is set to undefined is left out. */
export function enveloped(envelope: Record<string, unknown> = {}): {
  readonly _meta: Record<string, unknown>;
} {
  return { _meta: { [VERSION_KEY]: MODERN, [CAPABILITIES_KEY]: {}, ...envelope } };
}

export function request(method: string, params?: object): object {
  return { jsonrpc: '2.0', id: 1, method, ...(params && { params }) };
}

export function notification(method: string, params?: object): object {
  return { jsonrpc: '2.0', method, ...(params && { params }) };
}

/**
 * `kind`, and the session it is for; or status and JSON-RPC code of a refusal.
 * `body` is sent as JSON unless it is a string already.
 */
export function classified(method: InboundHead['method'], head: Head, body?: unknown): string {
  try {
    return told(classify({ ...NO_HEADERS, ...head, method }, body));
  } catch (cause) {
    if (cause instanceof GatewayError) return refusal(cause.code);
    throw cause;
  }
}

export function classify(head: InboundHead, body: unknown): Inbound {
  if (head.method === 'GET') return classifyStream(head);
  if (head.method === 'DELETE') return classifyEnd(head);
  return classifyMessage(head, () => {
    if (body === undefined) throw new Error('the body was looked at');
    return parseClientBody(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
  });
}

export const NO_HEADERS: InboundHead = {
  method: 'POST',
  querySessionId: undefined,
  sessionId: undefined,
  version: undefined,
  lastEventId: undefined,
  accept: undefined,
};

function told(inbound: Inbound): string {
  if (inbound.kind === 'refused') return refusal(inbound.code);
  if (inbound.kind === 'sse-resume') return `sse-resume, otherwise ${told(inbound.otherwise)}`;
  return 'sessionId' in inbound ? `${inbound.kind} ${inbound.sessionId}` : inbound.kind;
}

function refusal(code: keyof typeof ERRORS): string {
  return `${ERRORS[code].status} ${ERRORS[code].rpc}`;
}
