import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/errors.ts';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, expectProblem, expectRpcError, head } from './edge-support.ts';

const SERVERS = { echo: runs(HOSTILE_SERVER) };
let plain: TestGateway;
let anonymous: TestGateway;

beforeAll(async () => {
  plain = await startGateway({ servers: SERVERS });
  anonymous = await startGateway({ servers: SERVERS, auth: { anonymous: true } });
});
afterAll(() => Promise.all([plain.stop(), anonymous.stop()]));

describe('[fault 76] without auth in the configuration', () => {
  it.each([
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Host: localhost',
    'X-Forwarded-Proto: https',
    'Forwarded: for=127.0.0.1',
    'Via: 1.1 proxy',
    'X-Real-IP: 127.0.0.1',
  ])('a request that came through a proxy (%s) is answered with 401 and what to do', async (line) => {
    for (const path of ['/api/sessionid', '/api/openapi.json', '/api/no/where']) {
      const answer = await exchange(plain.port, head(`GET ${path}`, line));
      expectProblem(answer, 401, 'LOOPBACK_ONLY');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer /);
    }
    const rpc = await exchange(plain.port, head('GET /echo', line, 'Accept: text/event-stream'));
    expectRpcError(rpc, 401, -32000, 'loopback-only');
    expect(JSON.parse(rpc.body).error.message).toBe(ERRORS.LOOPBACK_ONLY.text);
  });

  it('says in that sentence how to configure it, and names the container case', () => {
    expect(ERRORS.LOOPBACK_ONLY.text).toMatch(/published container port/);
    expect(ERRORS.LOOPBACK_ONLY.text).toMatch(/auth\.basic.*auth\.bearer.*auth\.anonymous: true/);
  });

  it('credentials gain nothing', async () => {
    expect(
      (
        await exchange(
          plain.port,
          head('GET /api/sessionid', 'Via: 1.1 proxy', 'Authorization: Bearer some-token'),
        )
      ).status,
    ).toBe(401);
  });

  it('[fault 60] forwarding headers make no address local, and anonymous: true serves with them', async () => {
    expect(
      (
        await exchange(
          anonymous.port,
          head('GET /api/sessionid', 'X-Forwarded-For: 203.0.113.7', 'Via: 1.1 proxy'),
        )
      ).status,
    ).toBe(200);
    expect(
      (
        await exchange(
          anonymous.port,
          head('GET /api/sessionid', 'X-Forwarded-Host: localhost').replace(
            'Host: localhost',
            'Host: evil.example',
          ),
        )
      ).status,
    ).toBe(403);
  });

  it('health stays open, for the proxy that asks', async () => {
    expect((await exchange(plain.port, head('GET /healthz', 'Via: 1.1 proxy'))).status).toBe(200);
  });
});
