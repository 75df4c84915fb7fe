/** The walk over the live route table (CVE-2026-33032: a route that somebody forgot to put behind authentication). */
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { expect, it, vi } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';
import { exchange, head } from './edge-support.ts';

const routes = vi.hoisted((): { method: string; path: string }[] => []);

vi.mock(import('fastify'), async (importOriginal) => {
  const original = await importOriginal();
  const listed = (options: FastifyServerOptions): FastifyInstance => {
    const app = original.default(options);
    app.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) routes.push({ method: each, path: url });
    });
    return app;
  };
  return { ...original, default: listed as unknown as typeof original.default };
});

/** Served without credentials, and nothing else is; whoever adds a line here says why in SECURITY.md. */
const PUBLIC = new Set([
  '/healthz',
  '/readyz',
  '/.well-known/*',
  '/docs',
  '/docs/:server',
  '/docs/assets/:file',
]);
/** Public paths under which this test asks for nothing that is there. */
const FINDS_NOTHING = new Set(['/.well-known/*', '/docs/assets/:file']);

it('[fault 91] every route of the live table answers 401 without credentials, but for the public list', async () => {
  await using gateway = await startGateway({
    servers: { echo: runs(HOSTILE_SERVER) },
    auth: { bearer: { tokens: ['some-long-token'] } },
  });
  const guarded = routes.filter(({ method, path }) => method !== 'OPTIONS' && !PUBLIC.has(path));
  expect(new Set(guarded.map(({ path }) => path))).toEqual(
    new Set([...new Set(routes.map(({ path }) => path))].filter((path) => !PUBLIC.has(path))),
  );
  expect(guarded.length).toBeGreaterThan(40);
  for (const { method, path } of guarded) {
    const real = path
      .replace(':server', 'echo')
      .replaceAll(/:[A-Za-z]+/g, 'x')
      .replace('*', 'x');
    const answer = await exchange(
      gateway.port,
      head(`${method} ${real}`, 'Content-Length: 0', 'Accept: */*'),
    );
    expect([method, path, answer.status, answer.headers['www-authenticate']]).toEqual([
      method,
      path,
      401,
      'Bearer realm="mcp-gateway"',
    ]);
  }
  expect(gateway.pids()).toEqual([]);
  expect(gateway.gateway.inspect().sessions).toBe(0);
});

it('[fault 91] the public list is exactly what says so of itself', async () => {
  await using gateway = await startGateway({
    servers: { echo: runs(HOSTILE_SERVER) },
    auth: { bearer: { tokens: ['some-long-token'] } },
  });
  for (const path of PUBLIC) {
    const answer = await exchange(gateway.port, head(`GET ${path.replace('*', 'x')}`));
    expect([path, answer.status]).toEqual([path, FINDS_NOTHING.has(path) ? 404 : 200]);
  }
  for (const { path } of routes) {
    const answer = await exchange(gateway.port, head(`OPTIONS ${path.replaceAll(/:[A-Za-z]+|\*/g, 'x')}`));
    expect([path, answer.status, answer.body]).toEqual([path, 204, '']);
  }
});
