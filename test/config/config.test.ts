import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { accepted, FOLDER, SERVERS } from './support.ts';

describe('defaults', () => {
  it('fill everything but the servers', () => {
    const { config, warnings, secrets } = accepted(SERVERS);
    expect(warnings).toEqual([]);
    expect(secrets).toEqual([]);
    const { servers, ...settings } = config;
    expect(settings).toEqual({
      hostname: '0.0.0.0',
      port: 3000,
      debug: { level: 'info' },
      http: {
        allowedHosts: [],
        allowedOrigins: [],
        maxBodyBytes: 4_194_304,
        drainMs: 25_000,
        sseGraceMs: 3000,
        replayBytes: 1_048_576,
        legacyStateless: false,
      },
      limits: {
        sessions: 1000,
        sessionsPerPrincipal: 100,
        instances: 200,
        concurrentStarts: 8,
        sessionIdleMs: 600_000,
        sessionMaxAgeMs: 86_400_000,
        instanceMaxAgeMs: 86_400_000,
        spareMaxAgeMs: 3_600_000,
        requestsPerAddress: 0,
        requestsPerPrincipal: 0,
        passwordFailures: 50,
        connections: 10_000,
        connectionsPerAddress: 0,
        queuedStarts: 1000,
      },
      rest: {
        sessions: 'required',
        inputRequired: false,
        validate: false,
        jobsPerPrincipal: 100,
        jobBytesPerPrincipal: 67_108_864,
        jobKeepMs: 600_000,
      },
    });
    expect([...servers]).toEqual([
      [
        'fs',
        {
          command: 'npx',
          args: [],
          env: {},
          era: 'auto',
          probeTimeoutMs: 3000,
          parkTtlMs: 600_000,
          startTimeoutMs: 60_000,
          callTimeoutMs: 300_000,
          maxCallMs: 3_600_000,
          maxLineBytes: 16_777_216,
          warm: 0,
          maxCalls: 1000,
          maxLinesPerSecond: 10_000,
          tools: { allow: ['*'], deny: [] },
        },
      ],
    ]);
  });
});

describe('values', () => {
  it('keeps numbers and booleans of args and env as they were written', () => {
    const text =
      'servers: {fs: {command: x, args: [1.0, 007, 0x1F, true, 1e3, "1.0", -y], env: {A: 1.50, B: False, C: ""}}}';
    const server = accepted(text).config.servers.get('fs');
    expect(server?.args).toEqual(['1.0', '007', '0x1F', 'true', '1e3', '1.0', '-y']);
    expect(server?.env).toEqual({ A: '1.50', B: 'False', C: '' });
  });

  it('makes numbers and booleans of substituted text where the field is one', () => {
    const env = { PORT: '8080', YES: 'true', TEXT: '1' };
    const text =
      'port: ${PORT}\nauth: {anonymous: "${YES}"}\nlimits: {sessions: "${N:-7}"}\nhttp: {allowedHosts: ["${TEXT}"]}\n';
    const { config } = accepted(`${text}${SERVERS}`, { env });
    expect(config).toMatchObject({
      port: 8080,
      auth: { anonymous: true },
      limits: { sessions: 7 },
      http: { allowedHosts: ['1'] },
    });
  });

  it('reads what it substituted as text, never as YAML, and never in keys', () => {
    const env = { X: '{a: [b]} # c\n*d: &e', NAME: 'other' };
    const { config } = accepted('servers: {fs: {command: x, args: ["${X}"], env: {"${NAME}": y}}}', { env });
    expect(config.servers.get('fs')?.args).toEqual([env.X]);
    expect(config.servers.get('fs')?.env).toEqual({ '${NAME}': 'y' });
  });

  it.each([
    ['https://mcp.example.com/', 'https://mcp.example.com'],
    ['HTTP://Example.com:80/base//', 'http://example.com/base'],
  ])('brings the URL %s into its plain form', (url, expected) => {
    expect(accepted(`${SERVERS}publicUrl: ${url}`).config.publicUrl).toBe(expected);
  });

  it.each(['0.0.0.0', '::', '::1', 'localhost', 'my_host.example.'])('listens on %s', (host) => {
    expect(accepted(`${SERVERS}hostname: "${host}"`).config.hostname).toBe(host);
  });

  it.each(['http://localhost:5173', 'https://a.example', 'chrome-extension://abcdef', 'http://[::1]:80a'])(
    'judges the origin %s',
    (origin) => {
      const text = `${SERVERS}http: {allowedOrigins: ["${origin}"]}`;
      if (origin.endsWith('a'))
        expect(() => accepted(text)).toThrow('this is not the exact form of an origin');
      else expect(accepted(text).config.http.allowedOrigins).toEqual([origin]);
    },
  );

  it('resolves a relative path against the folder of the file and leaves args alone', () => {
    const text =
      'servers: {a: {command: ./x, path: sub/../b, args: [./c]}, b: {command: x, path: /abs}, c: {command: x}}';
    const { servers } = accepted(text).config;
    expect(servers.get('a')).toMatchObject({ command: './x', path: `${FOLDER}/b`, args: ['./c'] });
    expect(servers.get('b')?.path).toBe('/abs');
    expect(servers.get('c')?.path).toBeUndefined();
  });

  it('expands aliases into values of their own', () => {
    const { config } = accepted('servers: {a: {command: x, env: &e {K: v}}, b: {command: y, env: *e}}');
    expect(config.servers.get('b')?.env).toEqual({ K: 'v' });
    expect(config.servers.get('b')?.env).not.toBe(config.servers.get('a')?.env);
  });
});

describe('the configuration', () => {
  const text = `${SERVERS}auth: {bearer: {tokens: [Gz7kPq2vXw9mLb4t]}}\nhttp: {allowedHosts: [a]}`;

  it('cannot be changed', () => {
    const { config } = accepted(text);
    const servers = config.servers as Map<string, unknown>;
    expect(() => servers.set('x', {})).toThrow(TypeError);
    expect(() => servers.delete('fs')).toThrow(TypeError);
    expect(() => servers.clear()).toThrow(TypeError);
    const parts = [
      config,
      config.http,
      config.http.allowedHosts,
      config.auth?.bearer?.tokens[0],
      config.servers.get('fs')?.env,
    ];
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true);
  });

  it('gives a secret only to who asks for it', () => {
    const { config } = accepted(text);
    expect(config.auth?.bearer?.tokens[0]?.token?.reveal()).toBe('Gz7kPq2vXw9mLb4t');
    for (const shown of [JSON.stringify(config), inspect(config, { depth: 9, showHidden: true })]) {
      expect(shown).toContain('[secret]');
      expect(shown).not.toContain('Gz7k');
    }
    fc.assert(
      fc.property(fc.string({ minLength: 9 }), (value) => {
        const secret = new Secret(value);
        expect(`${secret.toString()} ${JSON.stringify({ secret })} ${inspect([secret])}`).toBe(
          '[secret] {"secret":"[secret]"} [ [secret] ]',
        );
        expect(secret.reveal()).toBe(value);
      }),
    );
  });
});

describe('what must not be logged', () => {
  it('is every credential, substituted text and env value with a telling name, once, the longest first', () => {
    const given = {
      env: {
        ADMIN_PASSWORD: 'from-the-environment',
        ARG: 'arg-value',
        PLAIN: 'plain-value',
        HOST: 'gw.example',
        P: '81',
      },
      files: { tok: 'from-a-secret-file\n', host: 'file.example' },
    };
    const hash = 'scrypt$16384$8$1$c2FsdA==$aGFzaA==';
    const text = `
hostname: "\${HOST}"
port: "\${P}"
publicUrl: "http://\${file:host}"
auth:
  basic: {credentials: [{username: a, password: "\${ADMIN_PASSWORD}"}, {username: b, passwordHash: "${hash}"}]}
  bearer: {tokens: ["\${file:tok}", {name: c, token: in-the-config-file}]}
servers:
  fs:
    command: x
    args: ["--key=\${ARG}", "\${NONE:-default-text}"]
    env: {A: "<\${PLAIN}>", API_KEY: abc, LOG: debug, LEVEL: "\${NONE:-info}"}
`;
    expect(accepted(text, given).secrets).toEqual([
      hash,
      'from-the-environment',
      'from-a-secret-file',
      'in-the-config-file',
      '--key=arg-value',
      '<plain-value>',
      'file.example',
      'plain-value',
      'arg-value',
      'abc',
    ]);
  });
});
