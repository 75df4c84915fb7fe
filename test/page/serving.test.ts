/** What `/docs` serves to everybody: which files, with which headers, and nothing of what is behind the credentials. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';

const SERVERS = { secretname: runs(HOSTILE_SERVER) };
const TOKEN = 'slow-Heron-over-3-lakes';

it('serves the same shell for every server, known or not, and starts none', async () => {
  await using gateway = await startGateway({ servers: SERVERS, auth: { bearer: { tokens: [TOKEN] } } });
  const shells = await Promise.all(
    ['secretname', 'nothing', '%3Cscript%3E', ''].map(async (name) => {
      const answer = await fetch(`${gateway.url}/docs/${name}`);
      return { status: answer.status, text: await answer.text(), etag: answer.headers.get('etag') };
    }),
  );
  expect(new Set(shells.map(({ text }) => text)).size).toBe(1);
  expect(new Set(shells.map(({ etag }) => etag)).size).toBe(1);
  expect(shells.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(shells[0]?.text).toContain('data-sign-in="bearer required"');
  expect(shells[0]?.text).not.toMatch(/secretname|\{[a-z-]+\}|<script>|<style| style=| on[a-z]+=/);
  expect(gateway.pids()).toEqual([]);
});

it('closes the page to everything but itself', async () => {
  await using gateway = await startGateway({ servers: SERVERS });
  for (const path of ['/docs', '/docs/secretname']) {
    const { headers } = await fetch(gateway.url + path);
    const policy = new Map(
      (headers.get('content-security-policy') ?? '').split('; ').map((directive): [string, string] => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    expect(Object.fromEntries(policy)).toMatchObject({
      'default-src': "'self'",
      'script-src': "'self'",
      'style-src': "'self'",
      'connect-src': "'self'",
      'object-src': "'none'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
      'trusted-types': "'none'",
    });
    expect([...policy.values()].join(' ')).not.toMatch(/unsafe|http|\*|nonce|wasm/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  }
});

it('serves every file of the page and of Swagger UI that it needs, and no other', async () => {
  await using gateway = await startGateway({ servers: SERVERS, auth: { bearer: { tokens: [TOKEN] } } });
  const own = readdirSync(new URL('../../src/fronts/docs/page', import.meta.url)).filter(
    (name) => name !== 'shell.html',
  );
  expect(own.length).toBeGreaterThan(8);
  for (const name of [...own, 'swagger-ui.css', 'swagger-ui-bundle.js']) {
    const answer = await fetch(`${gateway.url}/docs/assets/${name}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect([name, answer.status, answer.headers.get('x-content-type-options')]).toEqual([
      name,
      200,
      'nosniff',
    ]);
    expect(answer.headers.get('content-type')).toMatch(
      name.endsWith('.js')
        ? /^text\/javascript;/
        : name.endsWith('.css')
          ? /^text\/css;/
          : /^image\/svg\+xml$/,
    );
    expect(bytes.length).toBeGreaterThan(100);
  }
  for (const name of [
    'shell.html',
    'swagger-ui.js',
    'constructor',
    '..%2Froutes.ts',
    '..%2F..%2Fpackage.json',
    'page.js%00',
  ]) {
    const answer = await fetch(`${gateway.url}/docs/assets/${name}`);
    expect([name, answer.status]).toEqual([name, name.includes('%00') ? answer.status : 404]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  }
});

it('answers 304 to a browser that has the file, and sends it to one that has another', async () => {
  await using gateway = await startGateway({ servers: SERVERS });
  for (const path of [
    '/docs',
    '/docs/secretname',
    '/docs/assets/page.js',
    '/docs/assets/swagger-ui-bundle.js',
  ]) {
    const first = await fetch(gateway.url + path);
    const length = (await first.arrayBuffer()).byteLength;
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    expect(first.headers.get('cache-control')).toBe('no-cache');
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await fetch(gateway.url + path, { headers: { 'if-none-match': known } });
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    const other = await fetch(gateway.url + path, { headers: { 'if-none-match': '"other"' } });
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, length]);
  }
});

it('keeps strangers from the page where only this machine is served by name', async () => {
  await using gateway = await startGateway({ servers: SERVERS });
  const { createConnection } = await import('node:net');
  const status = await new Promise<string>((resolve) => {
    const socket = createConnection(gateway.port, '127.0.0.1');
    socket.once('data', (data) => {
      resolve(data.toString().split('\r\n', 1)[0] ?? '');
      socket.destroy();
    });
    socket.write('GET /docs HTTP/1.1\r\nHost: rebound.example\r\n\r\n');
  });
  expect(status).toBe('HTTP/1.1 403 Forbidden');
});

it('reports its installation to nobody', async () => {
  const require = createRequire(import.meta.url);
  // The package of Swagger UI brings one that reports installations, unless the folder it is installed in forbids it.
  expect(require('../../package.json')).toMatchObject({ scarfSettings: { enabled: false } });
  expect(require('../../package.json')).not.toHaveProperty(['dependencies', 'swagger-ui-dist']);
});
