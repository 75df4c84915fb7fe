/** JSON-RPC messages that the gateway itself writes, as text. */
import { GatewayError } from '../errors.ts';

/** `id` is the request's own text; see `refusedId` for what null and undefined say, which leaves the member out. */
export function errorText(
  id: Buffer | string | null | undefined,
  code: number,
  message: string,
  data?: unknown,
): string {
  const error = data === undefined ? { code, message } : { code, message, data };
  const member = id === undefined ? '' : `"id":${String(id)},`;
  return `{"jsonrpc":"2.0",${member}"error":${JSON.stringify(error)}}`;
}

export function gatewayErrorText(
  id: Buffer | string | null | undefined,
  error: GatewayError,
  requestId?: string,
): string {
  return errorText(id, error.row.rpc, error.message, dataOf(error, requestId));
}

/** The same for a request of the modern era, which keeps -32000 to -32019 to older revisions (2026-07-28 basic). */
export function modernErrorText(
  id: Buffer | string | undefined,
  error: GatewayError,
  requestId?: string,
): string {
  const { rpc } = error.row;
  const code = rpc <= -32000 && rpc >= -32019 ? -32600 : rpc;
  return errorText(id, code, error.message, dataOf(error, requestId));
}

function dataOf(error: GatewayError, requestId: string | undefined): Record<string, unknown> {
  return { reason: error.row.reason, ...error.data, ...(requestId === undefined ? {} : { requestId }) };
}

export function resultText(id: Buffer | string, result: string): string {
  return `{"jsonrpc":"2.0","id":${id.toString()},"result":${result}}`;
}

export function requestText(id: number | string, method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params}}`;
}

export function notificationText(method: string, params?: string): string {
  const body = params === undefined ? '' : `,"params":${params}`;
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)}${body}}`;
}
