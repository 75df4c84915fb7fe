/** Requests that no HTTP client would send: bytes on a socket, and what came back. */
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { ERRORS, type ErrorCode } from '../../src/errors.ts';

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  /** Names in lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Everything that came, further answers on the same connection included. */
  readonly text: string;
}

/** Sends the bytes as they are and resolves when the server has closed the connection. */
export function exchange(port: number, ...pieces: readonly (string | Buffer)[]): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    void collect(socket).then(resolve);
    for (const piece of pieces)
      socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  });
}

/** Everything a socket receives until it is closed, by whomever and however. */
export async function collect(socket: Socket): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  const text = Buffer.concat(chunks).toString();
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines)
    headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n'), text };
}

/** A request head with the lines given, from a client of this machine that closes afterwards. */
export function head(requestLine: string, ...lines: readonly string[]): string {
  return [`${requestLine} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...lines, '', ''].join('\r\n');
}

export const JSON_TYPE = { 'content-type': 'application/json' } as const;

/** What every JSON-RPC error of the edge looks like; nothing else may stand in it. `id` is the request's where it could be read. */
export function expectRpcError(
  answer: { readonly status: number; readonly body: string },
  status: number,
  code: number,
  reason: string,
  id: number | null = null,
): void {
  expect([answer.status, answer.body.slice(0, 300)]).toEqual([status, expect.any(String)]);
  expect(JSON.parse(answer.body)).toEqual({
    jsonrpc: '2.0',
    id,
    error: { code, message: expect.stringMatching(/^[A-Z].*\.$/), data: { reason } },
  });
}

/** RFC 9457, with nothing but what the table of errors says. */
export function expectProblem(
  answer: { readonly status: number; readonly body: string },
  status: number,
  code: ErrorCode,
): void {
  expect([answer.status, answer.body.slice(0, 300)]).toEqual([status, expect.any(String)]);
  expect(JSON.parse(answer.body)).toEqual({
    type: `urn:mcp-gateway:${ERRORS[code].reason}`,
    title: ERRORS[code].text,
    status,
    detail: expect.stringMatching(/^[A-Z].*\.$/),
    code,
  });
}

/** A fetch answer as status, headers and text. */
export async function told(
  response: Promise<Response>,
): Promise<{ status: number; headers: Headers; body: string }> {
  const { status, headers } = await response;
  return { status, headers, body: await (await response).text() };
}
