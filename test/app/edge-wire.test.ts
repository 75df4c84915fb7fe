import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/errors.ts';
import { createEvents } from '../../src/events.ts';
import { AnswerCounts } from '../../src/http/answer-counts.ts';
import { OpenRequests } from '../../src/http/open-requests.ts';
import { RequestRates } from '../../src/http/request-rates.ts';
import { createHttpServer, serve } from '../../src/http/server.ts';
import { systemClock } from '../../src/util/clock.ts';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { collect, exchange, expectProblem, expectRpcError, head } from './edge-support.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({ servers: { echo: runs(HOSTILE_SERVER) } });
});
afterEach(() => expect(gateway.pids()).toEqual([]));
afterAll(() => gateway.stop());

describe('[fault 57] a request that two parsers could read differently', () => {
  const CHUNKED = '0\r\n\r\n';
  it.each([
    [
      'Content-Length and Transfer-Encoding',
      `POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`,
    ],
    [
      'two different Content-Lengths',
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    ],
    [
      'a Content-Length with a sign',
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\nhello',
    ],
    ['a folded header', 'GET /echo HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n\r\n'],
    ['a blank before the colon', 'GET /echo HTTP/1.1\r\nHost : localhost\r\n\r\n'],
    ['bare line feeds', 'GET /echo HTTP/1.1\nHost: localhost\n\n'],
    [
      'chunked that is not the last coding',
      `POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n${CHUNKED}`,
    ],
    [
      'a chunk size that is none',
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n',
    ],
    ['a carriage return in a header', 'GET /echo HTTP/1.1\r\nHost: localhost\r\nX-A: b\rX-B: c\r\n\r\n'],
    ['a NUL in a header', 'GET /echo HTTP/1.1\r\nHost: localhost\r\nX-A: b\0c\r\n\r\n'],
    ['no Host', 'GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ])('is answered with 400 and the connection closed: %s', async (_what, text) => {
    const answer = await exchange(gateway.port, text);
    expect(answer.status).toBe(400);
    expect(answer.text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    // Node itself answers where Host is missing, with an empty chunked body.
    expect(answer.body.replace(/^0\r\n\r\n$/, '')).toBe('');
  });

  it.each([
    ['two Host headers', 'Host: localhost'],
    ['two Host headers in another case', 'hOsT: evil.example'],
  ])('is answered with 400: %s', async (_what, line) => {
    expectRpcError(await exchange(gateway.port, head('GET /echo', line)), 400, -32600, 'bad-http');
    expectProblem(await exchange(gateway.port, head('GET /api/sessionid', line)), 400, 'BAD_HTTP');
  });

  it.each([
    'http://evil.example/api/sessionid',
    'https://evil.example/api/sessionid',
    'http://localhost:1/api/sessionid',
    'http://localhost@evil.example/api/sessionid',
    'file:///api/sessionid',
  ])('is answered with 400: the absolute target %s', async (target) => {
    expect((await exchange(gateway.port, head(`GET ${target}`))).status).toBe(400);
  });

  it('is served when the absolute target agrees with Host, with errors of the same shape', async () => {
    expect((await exchange(gateway.port, head('GET http://localhost/api/sessionid'))).status).toBe(200);
    expectProblem(
      await exchange(gateway.port, head('POST http://localhost/api/echo/echo', 'Content-Length: 0')),
      400,
      'SESSION_MISSING',
    );
  });
});

describe('[fault 58] what is not HTTP', () => {
  it.each<[string, string | Buffer]>([
    ['a TLS hello', Buffer.from('16030100a5010000a10303', 'hex')],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['garbage', Buffer.from(Array.from({ length: 512 }, (_, n) => (n * 151) % 256))],
    ['a method that does not exist', 'FOO /echo HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['raw bytes in the target', 'GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('is answered with 400 and nothing more: %s', async (_what, bytes) => {
    const answer = await exchange(gateway.port, bytes);
    expect([answer.status, answer.body]).toEqual([400, '']);
  });

  it('of more header bytes than the limit is answered with 431', async () => {
    const answer = await exchange(gateway.port, head('GET /healthz', `X-Big: ${'x'.repeat(17_000)}`));
    expect([answer.status, answer.body]).toEqual([431, '']);
  });

  it('leaves the gateway serving', async () => {
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  });
});

describe('[fault 65] a path that names no server', () => {
  it.each([
    '/%2e%2e/x',
    '/..%2fetc',
    '/echo%2f..',
    '/echo%00',
    '/%00',
    '/__proto__',
    '/constructor',
    '/toString',
    '/ECHO',
    '/echo;a=b',
    '/echo%20',
    '/nobody',
    '//echo',
    '/echo/',
    '/a/b/c/d',
    '/api',
  ])('is answered with 404: %s', async (path) => {
    for (const method of ['GET', 'POST']) {
      const answer = await exchange(
        gateway.port,
        head(`${method} ${path}`, 'Accept: text/event-stream', 'Content-Length: 0'),
      );
      expect([method, answer.status]).toEqual([method, 404]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it.each<[string, 'BAD_HTTP' | 'NOT_FOUND']>([
    ['/%zz', 'BAD_HTTP'],
    ['/echo/%', 'BAD_HTTP'],
    ['/%ff', 'BAD_HTTP'],
    [`/${'a'.repeat(3000)}`, 'NOT_FOUND'],
  ])('is told no more than that, in our own shape: %s', async (path, code) => {
    const { status, rpc: rpcCode, reason } = ERRORS[code];
    const rpc = await exchange(gateway.port, head(`GET ${path}`));
    expectRpcError(rpc, status, rpcCode, reason);
    expectProblem(await exchange(gateway.port, head(`GET /api/echo${path}`)), status, code);
    expect(rpc.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    });
  });

  it('has the shape of its front in its errors, with a query too', async () => {
    expectProblem(await exchange(gateway.port, head('GET /api?x=1')), 404, 'SERVER_UNKNOWN');
    expectRpcError(await exchange(gateway.port, head('GET /apis')), 404, -32601, 'server-unknown');
  });
});

describe('[fault 67] a method that a path does not have', () => {
  it.each([
    ['PUT', '/api/echo/echo', 'POST, OPTIONS'],
    ['PATCH', '/api/openapi.json', 'GET, OPTIONS'],
    ['TRACE', '/api/sessionid', 'GET, OPTIONS'],
    ['GET', '/api/echo/echo', 'POST, OPTIONS'],
    ['HEAD', '/api/sessionid', 'GET, OPTIONS'],
    ['POST', '/api/sessions/x', 'DELETE, OPTIONS'],
    ['DELETE', '/healthz', 'GET, OPTIONS'],
    ['HEAD', '/healthz', 'GET, OPTIONS'],
  ])('is answered with 405 and Allow: %s %s', async (method, path, allow) => {
    const answer = await exchange(gateway.port, head(`${method} ${path}`, 'Content-Length: 0'));
    expect([answer.status, answer.headers['allow']]).toEqual([405, allow]);
    if (method === 'HEAD') expect(answer.body).toBe('');
  });

  it.each(['PUT', 'PATCH', 'TRACE', 'HEAD'])(
    'is answered with 405 and Allow at a server: %s',
    async (method) => {
      const answer = await exchange(gateway.port, head(`${method} /echo`, 'Content-Length: 0'));
      expect([answer.status, answer.headers['allow']]).toEqual([
        405,
        expect.stringMatching(/^GET, POST,.*OPTIONS$/),
      ]);
    },
  );

  it('cannot be hidden in a header', async () => {
    const answer = await exchange(
      gateway.port,
      head('GET /api/sessions/x', 'X-HTTP-Method-Override: DELETE'),
    );
    expect(answer.status).toBe(405);
  });
});

describe('[fault 55] a client that sends slowly', () => {
  const TIMES = { headersTimeout: 150, requestTimeout: 300, connectionsCheckingInterval: 50 };

  async function listening() {
    const app = createHttpServer({
      authenticator: undefined,
      openRequests: new OpenRequests(),
      answerCounts: new AnswerCounts(),
      rates: new RequestRates(() => ({ requestsPerAddress: 0, requestsPerPrincipal: 0 }), systemClock),
      realAuth: false,
      allowedHosts: [],
      allowedOrigins: [],
      publicUrl: undefined,
      maxBodyBytes: 1024,
      events: createEvents(),
      receiveTimes: TIMES,
    });
    serve(app, '/slow', {
      GET: async (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(200);
        reply.raw.write('begun');
        setTimeout(() => reply.raw.end(' and done'), TIMES.requestTimeout + 300);
      },
      POST: async () => 'taken',
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as { port: number };
    return { port, [Symbol.asyncDispose]: () => app.close() };
  }

  it('is cut with 408 in the middle of its headers', async () => {
    await using server = await listening();
    const answer = await exchange(server.port, 'GET /slow HTTP/1.1\r\nHost: local');
    expect([answer.status, answer.body]).toEqual([408, '']);
  });

  it('is cut with 408 in the middle of its body, however it trickles', async () => {
    await using server = await listening();
    const socket = connect(server.port, '127.0.0.1');
    socket.write(head('POST /slow', 'Content-Type: application/json', 'Content-Length: 1000'));
    const trickle = setInterval(() => socket.write(' '), 40);
    const answer = await collect(socket);
    clearInterval(trickle);
    expect(answer.status).toBe(408);
  });

  it('is not cut while its answer streams', async () => {
    await using server = await listening();
    expect((await exchange(server.port, head('GET /slow'))).text).toContain('and done');
  });
});

describe('[fault 56] a connection that is only opened', () => {
  it('costs no session and no process', async () => {
    const before = gateway.gateway.inspect();
    const sockets = Array.from({ length: 50 }, () => connect(gateway.port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    expect(gateway.gateway.inspect()).toEqual(before);
    const client = await BareSseClient.open(`${gateway.url}/echo`);
    expect(await client.endpoint()).toContain('/echo?sessionId=');
    client.close();
    for (const socket of sockets) socket.destroy();
  });
});
