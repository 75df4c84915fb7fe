import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHost, type HostQuestion, parseHost } from '../../src/http/guards.ts';

describe('parseHost', () => {
  it.each([
    ['localhost', { name: 'localhost', port: undefined }],
    ['Example.COM:8080', { name: 'example.com', port: 8080 }],
    ['my_service:3000', { name: 'my_service', port: 3000 }],
    ['example.com.', { name: 'example.com.', port: undefined }],
    ['127.0.0.1:1', { name: '127.0.0.1', port: 1 }],
    ['[::1]:3000', { name: '::1', port: 3000 }],
    ['[FE80::1]', { name: 'fe80::1', port: undefined }],
  ])('reads %s', (header, expected) => {
    expect(parseHost(header)).toEqual(expected);
  });

  it.each([
    '',
    ' ',
    'a b',
    'a:',
    'a:0',
    'a:65536',
    'a:999999',
    'a:80:80',
    'a:+80',
    ':80',
    '::1',
    '[::1',
    '::1]',
    '[::1]x',
    '[]',
    '[127.0.0.1]',
    '[1:2]',
    '[fe80::1%25eth0]',
    'user@a',
    'user:pass@a',
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    'a,b',
    'a..b',
    '.a',
    '.',
    'a%2eb',
    'ä',
    'a\0',
    'a\n',
    'localhost\r\n',
    'http://a',
    '*',
    'a'.repeat(254),
  ])('refuses %j', (header) => {
    expect(parseHost(header)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) =>
        ['undefined', 'object'].includes(typeof parseHost(header)),
      ),
    );
  });
});

function ask(question: Partial<HostQuestion> & { host?: string }): string {
  const { host = 'localhost:3000', ...rest } = question;
  return checkHost({
    hostHeaders: [host],
    url: '/',
    realAuth: false,
    allowedHosts: [],
    publicUrl: undefined,
    ...rest,
  });
}

describe('checkHost without real authentication', () => {
  it.each([
    'localhost',
    'LOCALHOST:3000',
    '127.0.0.1:3000',
    '127.9.9.9',
    '[::1]:3000',
    '192.168.1.5',
    '[2001:db8::1]:80',
  ])('%s is served', (host) => {
    expect(ask({ host })).toBe('ok');
  });

  it.each([
    'evil.test',
    'evil.test:3000',
    'localhost.evil.com',
    '127.0.0.1.nip.io',
    'evil-localhost',
    'foo.localhost',
    'localhost.',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    'mcp.example.com',
  ])('%s is refused', (host) => {
    expect(ask({ host })).toBe('HOST');
  });

  it.each([
    ['mcp.example.com', { publicUrl: 'https://mcp.example.com/base' }, 'ok'],
    ['MCP.example.com:8443', { publicUrl: 'https://mcp.example.com' }, 'ok'],
    ['x.mcp.example.com', { publicUrl: 'https://mcp.example.com' }, 'HOST'],
    ['mcp.example.com', { publicUrl: 'not a url' }, 'HOST'],
    ['box', { allowedHosts: ['BOX'] }, 'ok'],
    ['box:3000', { allowedHosts: ['box'] }, 'ok'],
    ['box:3000', { allowedHosts: ['box:3000'] }, 'ok'],
    ['box:3001', { allowedHosts: ['box:3000'] }, 'HOST'],
    ['box', { allowedHosts: ['box:443'] }, 'ok'],
    ['box', { allowedHosts: ['box:3000'] }, 'HOST'],
    ['box.evil.test', { allowedHosts: ['box'] }, 'HOST'],
    ['box', { allowedHosts: ['*', '', 'b*'] }, 'HOST'],
  ])('%s with %j: %s', (host, given, expected) => {
    expect(ask({ host, ...given })).toBe(expected);
  });
});

describe('checkHost with real authentication', () => {
  it.each([
    ['anything.test', [], 'ok'],
    ['anything.test', ['mcp.example.com'], 'HOST'],
    ['10.0.0.1', ['mcp.example.com'], 'HOST'],
    ['10.0.0.1', ['10.0.0.1'], 'ok'],
    ['[2001:db8::1]:9', ['2001:db8::1'], 'ok'],
    ['[2001:db8::1]:9', ['[2001:db8::1]:9'], 'ok'],
    ['mcp.example.com', ['mcp.example.com'], 'ok'],
    ['localhost:1', ['mcp.example.com'], 'ok'],
    ['pub.example.com', ['mcp.example.com'], 'ok'],
  ])('%s with allowedHosts %j: %s', (host, allowedHosts, expected) => {
    expect(ask({ host, realAuth: true, allowedHosts, publicUrl: 'https://pub.example.com' })).toBe(expected);
  });
});

describe('checkHost on malformed requests', () => {
  it.each<[string, Partial<HostQuestion>, string]>([
    ['two Host headers', { hostHeaders: ['localhost', 'evil.test'] }, 'BAD_HTTP'],
    ['the same Host twice', { hostHeaders: ['localhost', 'localhost'] }, 'BAD_HTTP'],
    ['two hosts in one header', { hostHeaders: ['localhost, evil.test'] }, 'BAD_HTTP'],
    ['no Host', { hostHeaders: [] }, 'HOST'],
    ['an empty Host', { hostHeaders: [''] }, 'HOST'],
    ['no Host where none is asked for', { hostHeaders: [], realAuth: true }, 'ok'],
    ['no Host where one is asked for', { hostHeaders: [], realAuth: true, allowedHosts: ['a'] }, 'HOST'],
    ['a malformed Host even with credentials', { hostHeaders: ['a b'], realAuth: true }, 'BAD_HTTP'],
    ['absolute-form, same authority', { url: 'http://localhost:3000/x?y' }, 'ok'],
    ['absolute-form in capitals', { url: 'HTTP://LOCALHOST:3000' }, 'ok'],
    [
      'absolute-form with the default port',
      { url: 'http://localhost:80/', hostHeaders: ['localhost'] },
      'ok',
    ],
    ['absolute-form https', { url: 'https://localhost/', hostHeaders: ['localhost:443'] }, 'ok'],
    ['absolute-form, foreign authority', { url: 'http://evil.test/', realAuth: true }, 'BAD_HTTP'],
    ['absolute-form, other port', { url: 'http://localhost:3001/' }, 'BAD_HTTP'],
    ['absolute-form, user information', { url: 'http://localhost:3000@evil.test/' }, 'BAD_HTTP'],
    ['absolute-form, no authority', { url: 'http:///x' }, 'BAD_HTTP'],
    [
      'absolute-form, no Host',
      { url: 'http://localhost:3000/', hostHeaders: [], realAuth: true },
      'BAD_HTTP',
    ],
    ['another scheme', { url: 'ftp://localhost:3000/' }, 'BAD_HTTP'],
    ['authority-form', { url: 'localhost:3000' }, 'BAD_HTTP'],
    ['no target', { url: '' }, 'BAD_HTTP'],
    ['asterisk-form', { url: '*' }, 'ok'],
    ['a URL inside the path', { url: '/http://evil.test/' }, 'ok'],
  ])('%s', (_what, question, expected) => {
    expect(ask(question)).toBe(expected);
  });

  it('never throws', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 2 }),
        text,
        fc.boolean(),
        fc.array(text),
        text,
        (hostHeaders, url, realAuth, allowedHosts, publicUrl) => {
          expect(['ok', 'HOST', 'BAD_HTTP']).toContain(
            checkHost({ hostHeaders, url, realAuth, allowedHosts, publicUrl }),
          );
        },
      ),
    );
  });
});
