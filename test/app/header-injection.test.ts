import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { collect } from './edge-support.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    http: { allowedOrigins: ['https://app.example'] },
    servers: { echo: runs(HOSTILE_SERVER) },
  });
});
afterAll(() => gateway.stop());

/** Would be a header, or a second answer, if it were ever written as it is. */
const ENDINGS = [
  '\r\nX-Injected: yes',
  '\nX-Injected: yes',
  '\r\n\r\nHTTP/1.1 200 OK\r\nX-Injected: yes\r\n\r\n',
  '\u2028X-Injected: yes',
  '\u010d\u010aX-Injected: yes',
];
const PLACES: [string, (text: string) => string][] = [
  ['a server', (text) => `POST /${text} HTTP/1.1`],
  ['a server of the REST API', (text) => `POST /api/${text}/echo?sessionId=s HTTP/1.1`],
  ['a tool', (text) => `POST /api/echo/${text}?sessionId=s HTTP/1.1`],
  ['a session', (text) => `POST /api/echo/echo?sessionId=${text} HTTP/1.1`],
  ['a session that ends', (text) => `DELETE /api/sessions/${text} HTTP/1.1`],
  ['a session of HTTP+SSE', (text) => `POST /echo?sessionId=${text} HTTP/1.1`],
  ['a page', (text) => `GET /docs/${text} HTTP/1.1`],
];

async function send(requestLine: string, headers: readonly string[] = []): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1');
  const answer = collect(socket);
  const lines = [
    requestLine,
    'Host: localhost',
    'Connection: close',
    'Content-Type: application/json',
    ...headers,
  ];
  socket.write(`${lines.join('\r\n')}\r\nContent-Length: 2\r\n\r\n{}`, 'latin1');
  return (await answer).text;
}

describe('[fault 59] a line break in', () => {
  it.each(PLACES)('the name of %s ends no header of the answer', async (_what, requestLine) => {
    for (const ending of ENDINGS) {
      const text = await send(requestLine(encodeURIComponent(`x${ending}`)));
      const [head = ''] = text.split('\r\n\r\n');
      expect(text).toMatch(/^HTTP\/1\.1 \d{3} /);
      expect(head).not.toMatch(/injected/i);
      expect(text.match(/^HTTP\/1\.1 \d{3}/gm)).toHaveLength(1);
    }
  });

  it.each(['Mcp-Session-Id', 'Mcp-Protocol-Version', 'Mcp-Name', 'Last-Event-ID', 'Origin', 'Authorization'])(
    'the header %s is no request at all',
    async (name) => {
      const text = await send('POST /echo HTTP/1.1', [`${name}: a\rX-Injected: yes`]);
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
      expect(text).not.toMatch(/injected/i);
    },
  );
});
