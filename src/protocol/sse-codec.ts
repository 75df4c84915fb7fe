import { type Payload, textPayload, wrapPayload } from './payload.ts';

/** Server-sent events as the WHATWG HTML standard writes them (section 9.2). */
export interface SseEvent {
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  /** One line of UTF-8: a proven frame has no raw newline. Not checked. */
  readonly data: Payload;
  /** Whole milliseconds that the client should wait before it reconnects. */
  readonly retryMs?: number | undefined;
}

/** A comment, which every client ignores: keeps proxies from closing a quiet stream and finds out who is gone. */
export const SSE_HEARTBEAT = ': ka\n\n';

/** Large data is passed on, not copied. Throws RangeError for a field that would break the stream. */
export function encodeSseEvent({ event, id, data, retryMs }: SseEvent): Payload {
  let head = '';
  if (event !== undefined) head += `event: ${oneLine('event', event)}\n`;
  if (id !== undefined) head += `id: ${oneLine('id', id)}\n`;
  if (retryMs !== undefined) head += `retry: ${wholeNumber(retryMs)}\n`;
  return wrapPayload(`${textPayload(head)}data: `, data, '\n\n');
}

function oneLine(field: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new RangeError(`the ${field} of an event must be one line without NUL`);
  return value;
}

function wholeNumber(retryMs: number): number {
  if (!Number.isSafeInteger(retryMs) || retryMs < 0)
    throw new RangeError(`retry must be whole milliseconds, not ${retryMs}`);
  return retryMs;
}
