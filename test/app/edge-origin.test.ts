import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, expectProblem, expectRpcError } from './edge-support.ts';

const PAGE = 'https://app.example';
const TOKEN = 'a-token-of-some-length';
const SERVERS = { echo: runs(HOSTILE_SERVER) };
let plain: TestGateway;
let configured: TestGateway;
let anonymous: TestGateway;
let authed: TestGateway;
let strict: TestGateway;

beforeAll(async () => {
  const auth = { bearer: { tokens: [TOKEN] } };
  [plain, configured, anonymous, authed, strict] = await Promise.all([
    startGateway({ servers: SERVERS }),
    startGateway({
      servers: SERVERS,
      publicUrl: 'https://mcp.example/base',
      http: { allowedHosts: ['gateway.internal'], allowedOrigins: [PAGE] },
      auth: { anonymous: true },
    }),
    startGateway({ servers: SERVERS, auth: { anonymous: true } }),
    startGateway({ servers: SERVERS, auth, http: { allowedOrigins: [PAGE] } }),
    startGateway({ servers: SERVERS, auth, http: { allowedHosts: ['gateway.internal'] } }),
  ]);
});
afterAll(() => Promise.all([plain, configured, anonymous, authed, strict].map((gateway) => gateway.stop())));

/** A request with Host as given. */
function from(
  gateway: TestGateway,
  host: string,
  lines: readonly string[] = [],
  requestLine = 'GET /api/sessionid',
) {
  return exchange(
    gateway.port,
    [`${requestLine} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines, '', ''].join('\r\n'),
  );
}

describe('[fault 61] Host without real authentication', () => {
  it.each([
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'foo.localhost',
    'localhost.',
  ])('[era 1] %s is refused on every route', async (host) => {
    for (const gateway of [plain, anonymous, configured]) {
      for (const path of ['/api/sessionid', '/api/openapi.json', '/api/no/where']) {
        expectProblem(await from(gateway, host, [], `GET ${path}`), 403, 'HOST');
      }
      for (const path of ['/echo', '/healthz', '/readyz', '/.well-known/x', '/no/where/at/all']) {
        expectRpcError(await from(gateway, host, [], `GET ${path}`), 403, -32000, 'host');
      }
    }
  });

  it('is refused in a preflight, too', async () => {
    const answer = await from(
      configured,
      'evil.example',
      [`Origin: ${PAGE}`, 'Access-Control-Request-Method: POST'],
      'OPTIONS /echo',
    );
    expect(answer.status).toBe(403);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it.each(['localhost', 'LOCALHOST:9', '127.0.0.1', '127.8.8.8:80', '[::1]:3000'])(
    '%s is this machine',
    async (host) => {
      expect((await from(plain, host)).status).toBe(200);
    },
  );

  it('an IP literal passes where everyone is served, since no name can be rebound to it', async () => {
    expect((await from(anonymous, '192.168.1.5:3000')).status).toBe(200);
    expect((await from(anonymous, '[fd00::1]')).status).toBe(200);
  });

  it('names of allowedHosts and publicUrl pass', async () => {
    for (const host of ['gateway.internal', 'gateway.internal:8443', 'mcp.example', 'MCP.example:443']) {
      expect([host, (await from(configured, host)).status]).toEqual([host, 200]);
    }
  });
});

describe('[fault 61] Host with real authentication', () => {
  const credentials = [`Authorization: Bearer ${TOKEN}`];

  it('is not enforced, since a rebound page has no credentials', async () => {
    expect((await from(authed, 'any.example', credentials)).status).toBe(200);
  });

  it('is enforced once allowedHosts is set', async () => {
    expect((await from(strict, 'any.example', credentials)).status).toBe(403);
    expect((await from(strict, '192.168.1.5', credentials)).status).toBe(403);
    expect((await from(strict, 'gateway.internal', credentials)).status).toBe(200);
    expect((await from(strict, 'localhost', credentials)).status).toBe(200);
  });
});

describe('[fault 62] [fault 64] Origin', () => {
  const foreign = [
    'https://evil.example',
    'null',
    'http://localhost.evil.com',
    'http://127.0.0.1.nip.io',
    'http://localhost:1',
    'https://app.example.evil',
    'HTTPS://APP.EXAMPLE',
    'https://app.example/',
    '*',
    '',
  ];

  it.each(foreign)('[era 1] %j is refused, whatever the method and the authentication', async (origin) => {
    for (const gateway of [plain, configured, anonymous, authed]) {
      for (const requestLine of [
        'GET /api/sessionid',
        'POST /api/echo/echo?sessionId=x',
        'DELETE /api/sessions/x',
      ]) {
        const answer = await from(
          gateway,
          `localhost:${gateway.port}`,
          [`Origin: ${origin}`, 'Content-Length: 0', `Authorization: Bearer ${TOKEN}`],
          requestLine,
        );
        expectProblem(answer, 403, 'ORIGIN');
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      }
      expectRpcError(
        await from(
          gateway,
          `localhost:${gateway.port}`,
          [`Origin: ${origin}`, 'Accept: text/event-stream'],
          'GET /echo',
        ),
        403,
        -32000,
        'origin',
      );
    }
  });

  it('two of them are refused, even when each is allowed', async () => {
    expect((await from(configured, 'localhost', [`Origin: ${PAGE}`, `Origin: ${PAGE}`])).status).toBe(403);
  });

  it('the same origin passes, under the name the page was loaded from', async () => {
    const own = (host: string): Promise<{ status: number }> => from(plain, host, [`Origin: http://${host}`]);
    expect((await own(`localhost:${plain.port}`)).status).toBe(200);
    expect((await own(`127.0.0.1:${plain.port}`)).status).toBe(200);
    expect(
      (await from(plain, `localhost:${plain.port}`, [`Origin: http://127.0.0.1:${plain.port}`])).status,
    ).toBe(403);
    expect((await from(configured, 'mcp.example', ['Origin: https://mcp.example'])).status).toBe(200);
    expect((await from(configured, 'mcp.example', ['Origin: http://mcp.example'])).status).toBe(403);
  });

  it('a cross-site request that hides its origin may not change anything', async () => {
    const lines = ['Sec-Fetch-Site: cross-site', 'Content-Length: 0'];
    expectProblem(await from(plain, 'localhost', lines, 'POST /api/echo/echo?sessionId=x'), 403, 'ORIGIN');
    expectProblem(await from(plain, 'localhost', lines, 'DELETE /api/sessions/x'), 403, 'ORIGIN');
  });

  it('starts nothing when refused', () => {
    expect([plain, configured, anonymous, authed].flatMap((gateway) => gateway.pids())).toEqual([]);
  });
});

describe('[fault 63] CORS', () => {
  it('has no headers unless an origin is allowed', async () => {
    for (const lines of [[], [`Origin: http://localhost:${plain.port}`]]) {
      const answer = await from(plain, `localhost:${plain.port}`, lines);
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    const preflight = await from(
      plain,
      `localhost:${plain.port}`,
      [`Origin: http://localhost:${plain.port}`, 'Access-Control-Request-Method: POST'],
      'OPTIONS /echo',
    );
    expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('names an allowed origin exactly, never with credentials, and what scripts may read', async () => {
    const answer = await from(configured, 'localhost', [`Origin: ${PAGE}`]);
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(PAGE);
    expect(answer.headers['vary']).toContain('Origin');
    expect(answer.headers['access-control-expose-headers']).toContain('Mcp-Session-Id');
    expect(answer.headers['access-control-expose-headers']).toContain('WWW-Authenticate');
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('lets an allowed page read a 401 as well', async () => {
    const answer = await from(authed, 'localhost', [`Origin: ${PAGE}`]);
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([401, PAGE]);
  });

  it('answers a preflight without credentials, with the headers that MCP clients send', async () => {
    for (const path of [
      '/echo',
      '/echo/mcp',
      '/echo/message?sessionId=x',
      '/api/echo/echo',
      '/api/sessionid',
      '/api/openapi.json',
      '/api/sessions/x',
    ]) {
      const answer = await from(
        authed,
        'localhost',
        [
          `Origin: ${PAGE}`,
          'Access-Control-Request-Method: POST',
          'Access-Control-Request-Headers: authorization,mcp-protocol-version',
        ],
        `OPTIONS ${path}`,
      );
      expect([path, answer.status, answer.body]).toEqual([path, 204, '']);
      expect(answer.headers['access-control-allow-origin']).toBe(PAGE);
      expect(answer.headers['access-control-allow-methods']).toBe('GET, POST, DELETE, OPTIONS');
      const allowed = answer.headers['access-control-allow-headers']?.split(', ');
      expect(allowed).toEqual(
        expect.arrayContaining([
          'Authorization',
          'Content-Type',
          'Last-Event-ID',
          'Mcp-Session-Id',
          'MCP-Protocol-Version',
        ]),
      );
    }
  });
});
