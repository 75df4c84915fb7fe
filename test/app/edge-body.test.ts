import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { collect, exchange, expectProblem, expectRpcError, head, JSON_TYPE, told } from './edge-support.ts';

const MAX_BODY_BYTES = 64 * 1024;
const REST_PATH = '/api/echo/echo?sessionId=never';
let gateway: TestGateway;
let mcpPath: string;
let client: BareSseClient;

beforeAll(async () => {
  gateway = await startGateway({
    http: { maxBodyBytes: MAX_BODY_BYTES },
    servers: { echo: runs(HOSTILE_SERVER) },
  });
  client = await BareSseClient.open(`${gateway.url}/echo`);
  mcpPath = (await client.endpoint()).slice(gateway.url.length);
});
afterEach(() => expect(gateway.pids()).toEqual([]));
afterAll(async () => {
  client.close();
  await gateway.stop();
});

function post(path: string, body: string | Buffer, headers: Record<string, string> = JSON_TYPE) {
  return told(fetch(gateway.url + path, { method: 'POST', headers, body }));
}

describe('a body that is too large', () => {
  it('[fault 51] is refused by its Content-Length before a byte of it is sent', async () => {
    const lines = ['Content-Type: application/json', `Content-Length: ${MAX_BODY_BYTES + 1}`];
    const rpc = await exchange(gateway.port, head(`POST ${mcpPath}`, ...lines));
    expectRpcError(rpc, 413, -32600, 'body-too-large');
    expect(rpc.headers['connection']).toBe('close');
    expectProblem(await exchange(gateway.port, head(`POST ${REST_PATH}`, ...lines)), 413, 'BODY_TOO_LARGE');
  });

  it('[fault 51] is refused while it streams in, without its end', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    const answer = collect(socket);
    socket.write(head(`POST ${mcpPath}`, 'Content-Type: application/json', 'Transfer-Encoding: chunked'));
    for (let sent = 0; sent <= MAX_BODY_BYTES; sent += 4096) socket.write(`1000\r\n${' '.repeat(4096)}\r\n`);
    expectRpcError(await answer, 413, -32600, 'body-too-large');
  });

  it('[fault 51] of exactly the limit is taken', async () => {
    const message = '{"jsonrpc":"2.0","method":"notifications/x","params":{"pad":""}}';
    const padded = message.replace('""', `"${'x'.repeat(MAX_BODY_BYTES - message.length)}"`);
    expect((await post(mcpPath, padded)).status).toBe(202);
    expect((await post(mcpPath, `${padded} `)).status).toBe(413);
  });

  it('[fault 51] with a Content-Length below its length is cut there, and the rest is no request', async () => {
    const answer = await exchange(
      gateway.port,
      head(`POST ${mcpPath}`, 'Content-Type: application/json', 'Content-Length: 4').replace(
        'close',
        'keep-alive',
      ),
      '{"jsonrpc":"2.0","method":"a"}',
    );
    expect(new Set(answer.text.match(/HTTP\/1\.1 \d+/g))).toEqual(new Set(['HTTP/1.1 400']));
    expect(answer.text).not.toContain('202');
  });
});

describe('a content type', () => {
  it.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['multipart/form-data; boundary=x', {}],
    ['application/jsonx', {}],
    ['application/json-rpc', {}],
    ['text/json', {}],
    ['application/json, text/plain', {}],
    ['application/json; charset', {}],
    ['application/json\tx', {}],
    ['', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
    ['application/json', { 'content-encoding': 'identity, gzip' }],
  ])(
    '[era 3] [fault 14] [fault 54] [fault 64] %j %j is answered with 415 on both fronts',
    async (type, more) => {
      const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
      const headers = { 'content-type': type, ...more };
      expectRpcError(await post(mcpPath, body, headers), 415, -32000, 'media-type');
      expectProblem(await post(REST_PATH, body, headers), 415, 'MEDIA_TYPE');
    },
  );

  it('[fault 64] that is absent is answered with 415 when there is a body', async () => {
    const body = '{}';
    const answer = await exchange(
      gateway.port,
      head(`POST ${REST_PATH}`, `Content-Length: ${body.length}`),
      body,
    );
    expectProblem(answer, 415, 'MEDIA_TYPE');
  });

  it('[fault 54] a gzip bomb is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
    expectRpcError(
      await post(mcpPath, bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' }),
      415,
      -32000,
      'media-type',
    );
  });

  it.each([
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/json;charset="UTF-8"',
    ' application/json ;',
  ])('%j is JSON', async (type) => {
    const answer = await post(mcpPath, '{"jsonrpc":"2.0","method":"notifications/x"}', {
      'content-type': type,
    });
    expect(answer.status).toBe(202);
  });
});

const CALL = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const DEEP = '['.repeat(30_000);

describe('a message that is not one', () => {
  it.each<[string, string | Buffer, number, string, 1?]>([
    ['nothing', '', -32700, 'parse-error'],
    ['blanks', ' \r\n', -32700, 'parse-error'],
    ['half a message', CALL.slice(0, -1), -32700, 'parse-error'],
    ['two messages', CALL + CALL, -32700, 'parse-error'],
    ['single quotes', CALL.replaceAll('"', "'"), -32700, 'parse-error'],
    ['a byte order mark in the middle', CALL.replace(',', ',\ufeff'), -32700, 'parse-error'],
    ['bad UTF-8', Buffer.from(CALL.replace('ping', '\xff\xfe'), 'latin1'), -32700, 'parse-error'],
    ['UTF-16', Buffer.from(CALL, 'utf16le'), -32700, 'parse-error'],
    [
      '[fault 52] thirty thousand open brackets',
      `{"jsonrpc":"2.0","id":1,"method":"a","params":${DEEP}`,
      -32700,
      'parse-error',
    ],
    [
      '[fault 52] nesting beyond 128',
      `{"jsonrpc":"2.0","id":1,"method":"a","params":${DEEP}${']'.repeat(30_000)}}`,
      -32600,
      'too-deep',
      1,
    ],
    ['a duplicate id', CALL.replace('"id":1', '"id":1,"id":2'), -32600, 'duplicate-member'],
    [
      'a duplicate method, one escaped',
      CALL.replace('"method"', '"m\\u0065thod":"x","method"'),
      -32600,
      'duplicate-member',
      1,
    ],
    ['an id null', CALL.replace(':1', ':null'), -32600, 'invalid-id'],
    ['an id object', CALL.replace(':1', ':{}'), -32600, 'invalid-id'],
    ['an id true', CALL.replace(':1', ':true'), -32600, 'invalid-id'],
    ['a huge id', CALL.replace(':1', `:"${'x'.repeat(1100)}"`), -32600, 'invalid-id'],
    ['a huge number as id', CALL.replace(':1', `:1${'0'.repeat(1100)}`), -32600, 'invalid-id'],
    ['a string', '"ping"', -32600, 'invalid-request'],
    ['another version', CALL.replace('2.0', '1.0'), -32600, 'invalid-request', 1],
    ['no version', '{"id":1,"method":"ping"}', -32600, 'invalid-request', 1],
    ['a method that is a number', CALL.replace('"ping"', '5'), -32600, 'invalid-request', 1],
    ['params that are a string', CALL.replace('}', ',"params":"x"}'), -32600, 'invalid-request', 1],
    ['a method and a result', CALL.replace('}', ',"result":{}}'), -32600, 'invalid-request'],
    ['neither method nor result', '{"jsonrpc":"2.0","id":1}', -32600, 'invalid-request'],
    ['a batch', `[${CALL}]`, -32600, 'batch'],
    ['an empty batch', '[]', -32600, 'invalid-request'],
    ['a batch with a fault', `[${CALL},{]`, -32700, 'parse-error'],
  ])('[era 3] is answered with 400 and starts nothing: %s', async (_what, body, code, reason, id) => {
    const answer = await post(mcpPath, body);
    expectRpcError(answer, 400, code, reason, id ?? null);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it.each<[string, string | Buffer, ErrorCode]>([
    ['half an object', '{"a":', 'PARSE'],
    ['bad UTF-8', Buffer.from('{"a":"\xff"}', 'latin1'), 'PARSE'],
    ['two objects', '{}{}', 'PARSE'],
    ['a way out of the arguments', '{}},"x":{"y":{}', 'PARSE'],
    ['a second name', '{}, "name":"crash", "x":{}', 'PARSE'],
    ['a list', '[]', 'INVALID_ARGUMENTS'],
    ['null', 'null', 'INVALID_ARGUMENTS'],
    ['[fault 52] deep arguments', `{"a":${DEEP}${']'.repeat(30_000)}}`, 'TOO_DEEP'],
    ['[fault 52] half of deep arguments', `{"a":${DEEP}`, 'PARSE'],
  ])('is answered as a problem on a REST path: %s', async (_what, body, code) => {
    const answer = await post(REST_PATH, body);
    expectProblem(answer, 400, code);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it('[fault 53] with very many members is read in linear time', async () => {
    const members = Array.from({ length: 5000 }, (_, n) => `"k${n}":${n}`).join(',');
    const started = performance.now();
    expect(
      (await post(mcpPath, `{"jsonrpc":"2.0","method":"notifications/x","params":{${members}}}`)).status,
    ).toBe(202);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('[fault 97] cannot reach a prototype', async () => {
    await post(
      mcpPath,
      '{"jsonrpc":"2.0","method":"notifications/x","params":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}',
    );
    await post(`${REST_PATH}&__proto__[polluted]=1&constructor.prototype.polluted=1`, '[]');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
