import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/auth/secret-hash.ts';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, expectProblem, expectRpcError, head, JSON_TYPE, told } from './edge-support.ts';

const PASSWORD = 'with:two:colons and ünïcode 🔑';
const CHALLENGES = 'Basic realm="mcp-gateway", charset="UTF-8", Bearer realm="mcp-gateway"';
let gateway: TestGateway;

beforeAll(async () => {
  const [passwordHash, tokenHash] = await Promise.all([
    hashSecret('hashed:password'),
    hashSecret('hashed-token'),
  ]);
  gateway = await startGateway({
    servers: { echo: runs(HOSTILE_SERVER) },
    auth: {
      basic: {
        credentials: [
          { username: 'alice', password: PASSWORD },
          { username: 'bob', passwordHash },
        ],
      },
      bearer: {
        tokens: ['plain-token', { name: 'ci', token: 'named-token' }, { name: 'hashed', tokenHash }],
      },
    },
  });
});
afterAll(() => gateway.stop());

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function status(authorization?: string, path = '/api/sessionid'): Promise<number> {
  return fetch(gateway.url + path, authorization === undefined ? {} : { headers: { authorization } }).then(
    (response) => response.status,
  );
}

describe('any valid credential grants access', () => {
  it.each([
    ['a password with colons and unicode', basic('alice', PASSWORD)],
    ['a hashed password', basic('bob', 'hashed:password')],
    ['a token', 'Bearer plain-token'],
    ['a token with a name', 'Bearer named-token'],
    ['a hashed token', 'Bearer hashed-token'],
    ['a scheme in another case', basic('alice', PASSWORD).replace('Basic', 'bAsIc')],
    ['a scheme in upper case', 'BEARER plain-token'],
  ])('%s', async (_what, authorization) => {
    expect(await status(authorization)).toBe(200);
  });
});

describe('[fault 80] anything else', () => {
  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['a scheme alone', 'Bearer'],
    ['an empty token', 'Bearer '],
    ['no blank', 'Bearerplain-token'],
    ['a longer token', 'Bearer plain-tokenx'],
    ['a shorter token', 'Bearer plain-toke'],
    ['two tokens', 'Bearer plain-token plain-token'],
    ['comma-joined credentials', `Bearer wrong, ${basic('alice', PASSWORD)}`],
    ['another scheme', 'Digest plain-token'],
    ['a token as password', basic('alice', 'plain-token')],
    ['a password as token', 'Bearer hashed:password'],
    ['a wrong password', basic('alice', 'wrong')],
    ['a wrong password of a hashed user', basic('bob', 'wrong')],
    ['an unknown user', basic('nobody', PASSWORD)],
    ['another case of the user', basic('Alice', PASSWORD)],
    ['no colon', `Basic ${Buffer.from('alice').toString('base64')}`],
    ['no base64', 'Basic !!!'],
    ['bad UTF-8', `Basic ${Buffer.from('alice:\xff', 'latin1').toString('base64')}`],
    ['a very long token', `Bearer ${'x'.repeat(9000)}`],
    ['the hash itself', 'Bearer scrypt$32768$8$1$AAAA$AAAA'],
  ])('%s is answered with 401 and both schemes', async (_what, authorization) => {
    const answer = await told(
      fetch(
        `${gateway.url}/api/sessionid`,
        authorization === undefined ? {} : { headers: { authorization } },
      ),
    );
    expectProblem(answer, 401, 'UNAUTHORIZED');
    expect(answer.headers.get('www-authenticate')).toBe(CHALLENGES);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('[fault 82] two Authorization headers are answered with 400, even when both are right', async () => {
    const line = 'Authorization: Bearer plain-token';
    expectProblem(
      await exchange(gateway.port, head('GET /api/sessionid', line, line)),
      400,
      'AMBIGUOUS_CREDENTIALS',
    );
    expectRpcError(
      await exchange(gateway.port, head('GET /echo', line, `authorization: ${basic('alice', PASSWORD)}`)),
      400,
      -32000,
      'ambiguous-credentials',
    );
  });

  it('[fault 68] a token in the query is none', async () => {
    for (const query of [
      'access_token=plain-token',
      'token=plain-token',
      'authorization=Bearer%20plain-token',
      'api_key=plain-token',
    ]) {
      expect(await status(undefined, `/api/sessionid?${query}`)).toBe(401);
    }
  });

  it('is read from no other header', async () => {
    for (const line of [
      'X-Api-Key: plain-token',
      'Cookie: token=plain-token',
      'Proxy-Authorization: Bearer plain-token',
      'X-Forwarded-User: alice',
    ]) {
      expect((await exchange(gateway.port, head('GET /api/sessionid', line))).status).toBe(401);
    }
  });
});

describe('[fault 91] without credentials', () => {
  const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'];

  it.each([
    '/',
    '/no',
    '/no/such/path',
    '/api',
    '/api/',
    '/metrics',
    '/docs/a/b',
    '/admin',
    '/api/openapi.json',
    '/echo?sessionId=x',
    '/healthz/',
    '/healthz/x',
    '/healthz%2f..',
    '/.well-known',
    '//healthz',
    '/HEALTHZ',
  ])('an unknown or protected path answers 401, whatever the method: %s', async (path) => {
    for (const method of METHODS) {
      expect([
        method,
        (await exchange(gateway.port, head(`${method} ${path}`, 'Content-Length: 0'))).status,
      ]).toEqual([method, 401]);
    }
  });

  it('is refused before the body is looked at', async () => {
    expect(
      (
        await exchange(
          gateway.port,
          head('POST /echo', 'Content-Type: text/plain', 'Content-Length: 99999999'),
        )
      ).status,
    ).toBe(401);
  });

  it('starts nothing', () => {
    expect(gateway.pids()).toEqual([]);
  });

  it.each([
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/echo',
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
  ])('[fault 93] %s is a plain 404, with credentials and without', async (path) => {
    const [bare, credentialed] = await Promise.all([
      told(fetch(gateway.url + path)),
      told(fetch(gateway.url + path, { headers: { authorization: 'Bearer plain-token' } })),
    ]);
    expectRpcError(bare, 404, -32601, 'not-found');
    expect(bare.headers.get('www-authenticate')).toBeNull();
    expect(credentialed.body).toBe(bare.body);
  });

  it('[fault 92] health says no more than its state', async () => {
    expect(await (await fetch(`${gateway.url}/healthz`)).json()).toEqual({ status: 'ok' });
    const { status, servers } = (await (await fetch(`${gateway.url}/readyz`)).json()) as Record<
      string,
      unknown
    >;
    expect([status, Object.keys(servers ?? {})]).toEqual(['ready', ['ok', 'failing']]);
  });
});

describe('every answer', () => {
  it('[fault 68] is not to be stored, and equal answers are equal to the byte: the request id is in a header only', async () => {
    const [one, two] = [
      await told(fetch(`${gateway.url}/nobody`)),
      await told(fetch(`${gateway.url}/nobody`)),
    ];
    expect(one.body).toBe(two.body);
    expect(one.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
    expect(one.headers.get('x-request-id')).not.toBe(two.headers.get('x-request-id'));
    const authorization = 'Bearer plain-token';
    for (const path of ['/healthz', '/readyz', '/api/sessionid', '/nobody', '/.well-known/x']) {
      const { headers } = await fetch(gateway.url + path, { headers: { authorization } });
      expect([path, headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual([
        path,
        'no-store',
        'nosniff',
      ]);
    }
    // Asked about before each use, and by nobody but who asked for it.
    const document = await fetch(`${gateway.url}/api/openapi.json`, { headers: { authorization } });
    expect([document.headers.get('cache-control'), document.headers.get('vary')]).toEqual([
      'private, no-cache',
      expect.stringContaining('Authorization'),
    ]);
    const call = await fetch(`${gateway.url}/api/echo/pid?sessionId=x`, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization },
      body: '{}',
    });
    expect([call.status, call.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });
});
