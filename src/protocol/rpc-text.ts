/** JSON-RPC messages that the gateway itself writes, as text. */
import { GatewayError } from '../errors.ts';

/** `id` is the request's own text; undefined where it could not be read, which legacy revisions write as null. */
export function errorText(
  id: Buffer | string | undefined,
  code: number,
  message: string,
  data?: unknown,
): string {
  const error = data === undefined ? { code, message } : { code, message, data };
  return `{"jsonrpc":"2.0","id":${id === undefined ? 'null' : id.toString()},"error":${JSON.stringify(error)}}`;
}

export function gatewayErrorText(
  id: Buffer | string | undefined,
  error: GatewayError,
  requestId?: string,
): string {
  const data = { reason: error.row.reason, ...error.data, ...(requestId === undefined ? {} : { requestId }) };
  return errorText(id, error.row.rpc, error.message, data);
}

export function resultText(id: Buffer | string, result: string): string {
  return `{"jsonrpc":"2.0","id":${id.toString()},"result":${result}}`;
}

export function requestText(id: number, method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params}}`;
}

export function notificationText(method: string, params?: string): string {
  const body = params === undefined ? '' : `,"params":${params}`;
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)}${body}}`;
}
