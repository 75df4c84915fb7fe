import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, printable } from '../../src/telemetry/redact.ts';

describe('the redactor', () => {
  const SECRET = 'p"a\\ss/wörd & 100%';
  const redact = createRedactor([SECRET, 'sk-canary-123456']);

  it.each([
    ['as it stands', `x ${SECRET} y`],
    ['as JSON writes it', `{"a":${JSON.stringify(SECRET)}}`],
    ['in JSON in JSON', JSON.stringify({ text: JSON.stringify({ a: SECRET }) })],
    [
      'in JSON in JSON in a JSON line',
      JSON.stringify({ message: JSON.stringify({ text: JSON.stringify({ a: SECRET }) }) }),
    ],
    ['as Python writes JSON', '{"a":"p\\"a\\\\ss/w\\u00f6rd & 100%"}'],
    ['as a URL component', `https://x/?key=${encodeURIComponent(SECRET)}`],
    ['as a form writes it', `https://x/?${new URLSearchParams({ key: SECRET }).toString()}`],
    ['twice', `${SECRET}${SECRET}`],
  ])('removes a secret %s', (_where, text) => {
    const shown = redact(text);
    expect(shown).toContain('[redacted]');
    for (const piece of ['p"a', 'ss/w', 'rd & 100', 'rd%20', 'rd+%26']) expect(shown).not.toContain(piece);
  });

  it('removes the longer secret whole when one contains the other', () => {
    expect(createRedactor(['abcdef', 'abcdefghij'])('abcdefghij abcdef')).toBe('[redacted] [redacted]');
  });

  it('leaves words alone that a short secret would blank', () => {
    expect(createRedactor(['abc', ''])('abc abcd')).toBe('abc abcd');
    expect(createRedactor([])('anything')).toBe('anything');
  });

  it('knows each line of a key with several, since servers are logged line by line', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\r\nhkiG9w0BAQEFAASC\n-----END KEY-----\n';
    const byLine = createRedactor([key]);
    for (const line of key.split(/\r?\n/).filter(Boolean))
      expect(byLine(`server[1] ${line}`)).toBe('server[1] [redacted]');
    expect(byLine(JSON.stringify({ key }))).toBe('{"key":"[redacted]"}');
  });

  it('knows a secret with control characters in the escapes of a log line', () => {
    const secret = 'tab\there and \u202e there';
    expect(createRedactor([secret])(printable(`x ${secret} y`))).toBe('x [redacted] y');
  });

  it('removes the beginning of a secret that was cut off with the rest', () => {
    for (let kept = 6; kept < 'sk-canary-123456'.length; kept += 1) {
      expect(redact(`key: ${'sk-canary-123456'.slice(0, kept)}… (9999 bytes)`)).toBe(
        'key: [redacted]… (9999 bytes)',
      );
    }
    expect(redact(`${JSON.stringify(SECRET).slice(1, 9)}\ufffd… more`)).toBe('[redacted]… more');
    expect(redact('nothing of it… here')).toBe('nothing of it… here');
  });

  it('lets no secret through, whatever stands around it and however it is nested', () => {
    const secret = fc.string({ minLength: 6, maxLength: 30, unit: 'binary' });
    fc.assert(
      fc.property(
        secret,
        fc.string(),
        fc.string(),
        fc.integer({ min: 0, max: 4 }),
        (value, before, after, nesting) => {
          let text = before + value + after;
          for (let depth = 0; depth < nesting; depth += 1) text = JSON.stringify(text);
          let form = value;
          for (let depth = 0; depth < nesting; depth += 1) form = JSON.stringify(form).slice(1, -1);
          fc.pre(!'[redacted]'.includes(form));
          expect(createRedactor([value])(text)).not.toContain(form);
        },
      ),
    );
  });
});

describe('printable', () => {
  it('shows control, direction and invisible characters as escapes, and everything else as it is', () => {
    expect(printable('a\nb\r\u001b[31m\u0007\u0000\u007f\u0085\u2028\u202e\u200b\ufeff')).toBe(
      'a\\u000ab\\u000d\\u001b[31m\\u0007\\u0000\\u007f\\u0085\\u2028\\u202e\\u200b\\ufeff',
    );
    expect(printable('grün 🔑 日本 "x" \\n')).toBe('grün 🔑 日本 "x" \\n');
  });
});
