import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOrigin, corsHeaders, decidePreflight, type OriginQuestion } from '../../src/http/guards.ts';

const ALLOWED = 'https://app.example.com';

function ask(question: Partial<OriginQuestion>): string {
  return checkOrigin({
    origin: undefined,
    secFetchSite: undefined,
    host: 'localhost:3000',
    method: 'POST',
    allowedOrigins: [ALLOWED],
    publicUrl: undefined,
    ...question,
  });
}

describe('checkOrigin', () => {
  it.each<[Partial<OriginQuestion>]>([
    [{}],
    [{ origin: 'http://localhost:3000' }],
    [{ origin: 'https://localhost:3000' }],
    [{ origin: 'http://localhost:3000', host: 'LOCALHOST:3000' }],
    [{ origin: 'http://example.com', host: 'example.com:80' }],
    [{ origin: 'https://example.com', host: 'example.com:443' }],
    [{ origin: 'http://[::1]:3000', host: '[::1]:3000' }],
    [{ origin: ALLOWED }],
    [{ origin: ALLOWED, secFetchSite: 'cross-site' }],
    [{ origin: ALLOWED, host: undefined }],
    [{ origin: 'https://mcp.example.com', publicUrl: 'https://mcp.example.com/base', host: 'gateway:3000' }],
    [{ origin: 'https://mcp.example.com:8443', publicUrl: 'https://mcp.example.com:8443' }],
    [{ secFetchSite: 'same-origin' }],
    [{ secFetchSite: 'none' }],
    [{ secFetchSite: 'cross-site', method: 'GET' }],
    [{ secFetchSite: 'cross-site', method: 'HEAD' }],
    [{ secFetchSite: 'cross-site', method: 'OPTIONS' }],
  ])('%j passes', (question) => {
    expect(ask(question)).toBe('ok');
  });

  it.each<[Partial<OriginQuestion>]>([
    [{ origin: 'https://evil' }],
    [{ origin: 'https://evil', method: 'GET' }],
    [{ origin: 'https://evil', secFetchSite: 'same-origin' }],
    [{ origin: 'null' }],
    [{ origin: 'null', allowedOrigins: ['null'] }],
    [{ origin: '' }],
    [{ origin: 'http://localhost.evil.com' }],
    [{ origin: 'http://127.0.0.1.nip.io' }],
    [{ origin: 'http://localhost' }],
    [{ origin: 'http://localhost:3001' }],
    [{ origin: 'http://localhost:30000' }],
    [{ origin: 'http://localhost:3000/' }],
    [{ origin: 'http://localhost:3000.evil.com' }],
    [{ origin: 'http://localhost:3000@evil.com' }],
    [{ origin: 'http://user@localhost:3000' }],
    [{ origin: 'ws://localhost:3000' }],
    [{ origin: 'file://' }],
    [{ origin: 'chrome-extension://localhost:3000' }],
    [{ origin: 'http://localhost:3000, http://localhost:3000' }],
    [{ origin: `${ALLOWED}, https://evil` }],
    [{ origin: `${ALLOWED}.evil.com` }],
    [{ origin: `${ALLOWED}:443` }],
    [{ origin: 'http://app.example.com' }],
    [{ origin: 'https://evil.app.example.com' }],
    [{ origin: 'https://evil', allowedOrigins: ['*'] }],
    [{ origin: 'https://anything', allowedOrigins: ['https://*'] }],
    [{ origin: 'http://localhost:3000', host: undefined }],
    [{ origin: 'http://a b', host: 'a b' }],
    [{ origin: 'http://mcp.example.com', publicUrl: 'https://mcp.example.com', host: 'mcp.example.com' }],
    [{ origin: 'undefined', publicUrl: 'nonsense', host: undefined }],
    [{ secFetchSite: 'cross-site' }],
    [{ secFetchSite: 'Cross-Site' }],
    [{ secFetchSite: 'same-origin, cross-site' }],
    [{ secFetchSite: 'cross-site', method: 'DELETE' }],
  ])('%j is refused', (question) => {
    expect(ask(question)).toBe('ORIGIN');
  });

  it('lets no origin pass that is not exactly one of the few', () => {
    const few = new Set([ALLOWED, 'http://localhost:3000', 'https://localhost:3000']);
    const near = fc
      .tuple(fc.constantFrom(...few), fc.string({ minLength: 1 }))
      .chain(([origin, extra]) =>
        fc.constantFrom(
          origin + extra,
          extra + origin,
          origin.replace('//', `//${extra}`),
          origin.slice(0, -1),
          origin.toUpperCase(),
        ),
      );
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' }), fc.webUrl()), (origin) => {
        fc.pre(!few.has(origin));
        expect(ask({ origin })).toBe('ORIGIN');
      }),
    );
  });
});

describe('corsHeaders', () => {
  it('echoes an allowed origin exactly, and never allows credentials mode', () => {
    expect(corsHeaders({ origin: ALLOWED, allowedOrigins: ['https://other', ALLOWED] })).toEqual({
      vary: 'Origin',
      'access-control-allow-origin': ALLOWED,
      'access-control-expose-headers':
        'Mcp-Session-Id, WWW-Authenticate, X-Request-Id, Retry-After, Location, Preference-Applied',
    });
  });

  it.each(['http://localhost:3000', 'null', 'https://evil'])('tells %s nothing', (origin) => {
    expect(corsHeaders({ origin, allowedOrigins: [ALLOWED, 'null', '*'] })).toEqual({ vary: 'Origin' });
  });
});

describe('decidePreflight', () => {
  const preflight = {
    origin: ALLOWED,
    allowedOrigins: [ALLOWED],
    requestMethod: 'POST',
    requestHeaders: undefined,
  };
  const FIXED =
    'Authorization, Content-Type, Accept, Prefer, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, Mcp-Name';

  it('answers an allowed origin', () => {
    expect(decidePreflight(preflight)).toEqual({
      vary: 'Origin',
      'access-control-allow-origin': ALLOWED,
      'access-control-expose-headers':
        'Mcp-Session-Id, WWW-Authenticate, X-Request-Id, Retry-After, Location, Preference-Applied',
      'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
      'access-control-allow-headers': FIXED,
      'access-control-max-age': '600',
    });
  });

  it.each([
    ['authorization,mcp-param-city , Mcp-Param-X,mcp-param-city', `${FIXED}, mcp-param-city, mcp-param-x`],
    ['x-evil, cookie, mcp-param-, mcp-params-x', FIXED],
    ['mcp-param-a\r\nset-cookie: x, mcp-param-b c', FIXED],
    [
      Array.from({ length: 500 }, (_, index) => `mcp-param-${index}`).join(),
      `${FIXED}, ${Array.from({ length: 64 }, (_, index) => `mcp-param-${index}`).join(', ')}`,
    ],
  ])('echoes only what mirrors a parameter: %.60j', (requestHeaders, expected) => {
    expect(decidePreflight({ ...preflight, requestHeaders })['access-control-allow-headers']).toBe(expected);
  });

  it.each([
    [{ origin: 'https://evil' }],
    [{ origin: 'null', allowedOrigins: ['null'] }],
    [{ origin: undefined }],
    [{ requestMethod: undefined }],
    [{ allowedOrigins: [] }],
  ])('tells %j nothing', (change) => {
    expect(decidePreflight({ ...preflight, ...change })).toEqual({ vary: 'Origin' });
  });

  it('answers with values that a header can carry, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (requestHeaders) => {
        for (const value of Object.values(decidePreflight({ ...preflight, requestHeaders })))
          expect(value).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });
});
