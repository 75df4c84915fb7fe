import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIssue } from '../../src/config/issues.ts';
import { accepted, parse, refused, SERVERS } from './support.ts';

const DEEP = /nested more than 64 levels deep; close the brackets$/;

describe('[fault 95] syntax', () => {
  it.each([
    ['', /^c\.yaml:1:1: the file is empty; it needs at least one server/],
    ['# nothing\n---\n', /^c\.yaml:1:1: the file is empty;/],
    ['servers:\n\tfs: {}', 'c.yaml:2:1: a tab cannot indent; indent with spaces'],
    ['- a', 'c.yaml:1:1: expected a mapping, got a list'],
    ['just text', 'c.yaml:1:1: expected a mapping, got text'],
    [
      `${SERVERS}port: !port 1`,
      'c.yaml:2:7: custom tags are not supported; put the value in quotes if it should start with !',
    ],
    [`${SERVERS}port: !!binary aGk=`, /^c\.yaml:2:7: custom tags are not supported/],
    [
      `${SERVERS}---\na: 1`,
      'c.yaml:2:1: a second document starts here; remove the line with --- and everything that is not this configuration',
    ],
    [`%YAML 1.1\n---\n${SERVERS}`, 'c.yaml:1:1: only YAML 1.2 is read; remove the %YAML line'],
    [
      `${SERVERS}hostname: @x`,
      'c.yaml:2:11: a value cannot start with this character; put the value in quotes',
    ],
    [
      `${SERVERS}debug: {level: \${L}}`,
      /^c\.yaml:2:17: this text does not belong here; put values with special characters in quotes, such as "\$\{NAME\}"/,
    ],
    [`${SERVERS}hostname: "a`, 'c.yaml:2:13: a colon, comma, bracket or quote is missing here'],
    [`${SERVERS}hostname: "\\q"`, /^c\.yaml:2:12: this escape does not exist/],
    [`${SERVERS}hostname: a: b`, /^c\.yaml:2:11: a mapping or list cannot start here/],
    [
      'servers: {fs: {command: *x}}',
      'c.yaml:1:25: servers.fs.command: this alias has no anchor above it; put a value that starts with * in quotes',
    ],
    ['servers: &s {fs: *s}', 'c.yaml:1:18: servers.fs: this alias contains itself'],
  ])('%j', (text, message) => {
    const [first] = refused(text);
    expect(first).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  it('reports a custom tag together with everything else', () => {
    expect(refused('port: !x 1\nservers: {fs: {comand: a}}')).toHaveLength(2);
  });

  it('tells a broken file in few lines', () => {
    expect(refused(`${SERVERS}${'}: [\n'.repeat(500)}`).length).toBeLessThanOrEqual(21);
  });
});

const many = (count: number): string => `servers: {fs: {command: &c x, args: [${'*c, '.repeat(count)}]}}`;

describe('[fault 96] bombs', () => {
  it.each([
    ['[', '['.repeat(10_000)],
    ['[ in a hundred thousand', '['.repeat(100_000)],
    ['{', `servers: ${'{a: '.repeat(5000)}`],
    ['- on one line', '- '.repeat(5000)],
    ['? on one line', '? '.repeat(5000)],
    ['closed brackets', `${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['indentation', Array.from({ length: 400 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('answers %s with one sentence', (_, text) => {
    const messages = refused(text);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(DEEP);
  });

  it('takes 60 levels for what they are: too many for us, not for YAML', () => {
    expect(refused(`${SERVERS}port: ${'['.repeat(60)}${']'.repeat(60)}`)).toEqual([
      'c.yaml:2:7: port: expected a whole number from 0 to 65535, got a list',
    ]);
  });

  it('stops at 100 aliases', () => {
    expect(accepted(many(100)).config.servers.get('fs')?.args).toHaveLength(100);
    expect(refused(many(101))).toEqual([
      'c.yaml:1:438: servers.fs.args[100]: more than 100 aliases; write the values out',
    ]);
  });

  it('survives a billion laughs, and depth and width made of aliases', () => {
    const laughs = Array.from(
      { length: 30 },
      (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, `.repeat(9)}]`,
    );
    expect(refused(laughs.join('\n')).join('\n')).toContain('more than 100 aliases');
    const deep = Array.from(
      { length: 9 },
      (_, i) => `a${i}: &a${i} ${'['.repeat(40)}${i === 0 ? 'x' : `*a${i - 1}`}${']'.repeat(40)}`,
    );
    expect(refused(deep.join('\n')).join('\n')).toContain('nested more than 64 levels deep through aliases');
    const wide = `a: &a [${'x,'.repeat(50_000)}]\nb: [${'*a, '.repeat(90)}]`;
    expect(refused(wide).join('\n')).toContain('the file holds too many values');
  });
});

describe('garbage', () => {
  const words = fc.constantFrom(
    'servers',
    'fs',
    'command',
    'auth',
    'port',
    'mcpServers',
    '__proto__',
    'constructor',
    'polluted',
    '<<',
    'true',
    ':',
    ': ',
    '- ',
    '\n',
    '\n  ',
    '\t',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '&a ',
    '*a',
    '!x ',
    '|\n ',
    '#',
    '%',
    '---\n',
    '${X}',
    '${',
    '$$',
    '//',
    '/*',
    '1',
    '0777',
    '.inf',
    '~',
    '\0',
    '\u2028',
    '\ud800',
    '\r\n',
    '?',
    '@',
    '`',
  );
  const text = fc.oneof(
    fc.array(words, { maxLength: 60 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => new TextDecoder('latin1').decode(bytes)),
    fc.json(),
    fc.json().map((json) => `{"mcpServers": ${json}}`),
    fc.json().map((json) => `servers: {fs: ${json}, ok: {command: x}}\nauth: ${json}\nlimits: ${json}\n`),
  );

  it('[fault 96] [fault 97] never throws, is never silent and leaves Object.prototype alone', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('c.yaml', 'c.json'), (garbage, file) => {
        const loaded = parse(garbage, { file, env: { X: '${X}' } });
        expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
        if (loaded.ok) return;
        expect(loaded.issues.length).toBeGreaterThan(0);
        for (const issue of loaded.issues) {
          expect(issue).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
          expect(issue.line).toBeGreaterThan(0);
          expect(issue.column).toBeGreaterThan(0);
          expect(formatIssue(issue)).not.toContain('undefined');
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('does not take a polluting key for a merge', () => {
    parse('__proto__: {polluted: 1}\nservers: {fs: {command: x, env: {__proto__: {polluted: x}}}}');
    parse('{"mcpServers": {"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
