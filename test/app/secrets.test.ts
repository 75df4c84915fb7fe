/** Canaries are planted wherever a secret can be, everything is exercised, and then everything that came out is searched. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { hashSecret } from '../../src/auth/secret-hash.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';
import { MemoryStream } from '../telemetry/memory-stream.ts';
import { exchange, head, JSON_TYPE } from './edge-support.ts';

const CANARIES = {
  password: 'canary-password-1',
  token: 'canary-token-2',
  fromEnvironment: 'canary-from-environment-3',
  inArgs: 'canary-in-args-4',
  written: 'canary-"written"-5',
  file: 'canary-file-6\nsecond-line-of-canary',
  unreferenced: 'canary-of-the-gateway-itself-7',
} as const;
/** Unmistakable pieces: whatever form a canary takes, one of these is in it. */
const PIECES = ['canary-', 'second-line-of-canary'];

const pretty = new MemoryStream();
const json = new MemoryStream();
const answers: string[] = [];
let gateway: TestGateway;
let folder: string;
let passwordHash: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-gateway-secrets-'));
  await writeFile(join(folder, 'key'), CANARIES.file);
  passwordHash = await hashSecret('canary-hashed');
  process.env['GATEWAY_OWN_TOKEN'] = CANARIES.unreferenced;
  process.env['CANARY_KEY'] = CANARIES.fromEnvironment;
  const keys = {
    API_KEY: '${CANARY_KEY}',
    WRITTEN_SECRET: CANARIES.written,
    PLAIN: `\${file:${join(folder, 'key')}}`,
  };
  const config = {
    publicUrl: 'http://localhost',
    auth: {
      basic: {
        credentials: [
          { username: 'alice', password: CANARIES.password },
          { username: 'bob', passwordHash },
        ],
      },
      bearer: { tokens: ['${CANARY_TOKEN}'] },
    },
    servers: {
      keyed: { ...runs(HOSTILE_SERVER, '--key=${CANARY_ARG}'), env: keys },
      other: runs(HOSTILE_SERVER),
      broken: {
        command: process.execPath,
        args: ['-e', 'console.error("cannot start with", process.env.API_KEY); process.exit(1)'],
        env: keys,
      },
    },
  };
  const env = {
    CANARY_KEY: CANARIES.fromEnvironment,
    CANARY_TOKEN: CANARIES.token,
    CANARY_ARG: CANARIES.inArgs,
  };
  gateway = await startGateway(config, env);
  const parsed = parseConfig(
    { file: 'config.yaml', folder, text: stringify(config) },
    { env: (name) => (env as Record<string, string>)[name], file: () => ({ ok: true, text: CANARIES.file }) },
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  for (const [format, stream] of [
    ['pretty', pretty],
    ['json', json],
  ] as const) {
    createLog({
      level: 'verbose',
      format,
      colors: format === 'pretty',
      secrets: parsed.secrets,
      stream,
    }).follow(gateway.gateway.events);
  }
});
afterAll(async () => {
  delete process.env['GATEWAY_OWN_TOKEN'];
  delete process.env['CANARY_KEY'];
  await gateway.stop();
  await rm(folder, { recursive: true });
});

const AUTHORIZED = { authorization: `Bearer ${CANARIES.token}` };

async function call(server: string, tool: string, args: object = {}): Promise<string> {
  const response = await fetch(`${gateway.url}/api/${server}/${tool}?sessionId=s`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...AUTHORIZED },
    body: JSON.stringify(args),
  });
  return response.text();
}

async function environmentOf(server: string): Promise<Record<string, string>> {
  const { content } = JSON.parse(await call(server, 'env')) as { content: { text: string }[] };
  return JSON.parse(content[0]?.text ?? '') as Record<string, string>;
}

function expectNoCanary(text: string): void {
  for (const piece of PIECES) {
    const at = text.indexOf(piece);
    expect(at === -1 ? 'no canary' : text.slice(Math.max(0, at - 100), at + 60)).toBe('no canary');
  }
}

describe('[fault 100] the environment of a server', () => {
  it('has what the configuration gives it, under the names it was given', async () => {
    expect(await environmentOf('keyed')).toMatchObject({
      API_KEY: CANARIES.fromEnvironment,
      WRITTEN_SECRET: CANARIES.written,
      PLAIN: CANARIES.file,
    });
  });

  it("has nothing of another server, of the credentials, or of the gateway's own", async () => {
    const other = await environmentOf('other');
    expectNoCanary(JSON.stringify(other));
    expect(other).not.toHaveProperty('GATEWAY_OWN_TOKEN');
    expect(other).toHaveProperty('PATH');
    const keyed = await environmentOf('keyed');
    for (const name of ['GATEWAY_OWN_TOKEN', 'CANARY_KEY', 'CANARY_TOKEN', 'CANARY_ARG'])
      expect(keyed).not.toHaveProperty(name);
    expect(JSON.stringify(keyed)).not.toContain(CANARIES.token);
    expect(JSON.stringify(keyed)).not.toContain(CANARIES.password);
  });
});

describe('[fault 88] the credentials of a caller', () => {
  it('never reach a server, in no message and no environment', async () => {
    const raw = await call('other', 'raw', { a: 1 });
    expect(raw).toContain('tools/call');
    expectNoCanary(raw);
    expect(raw.toLowerCase()).not.toContain('authorization');
    const client = await BareSseClient.initialized(
      `${gateway.url}/other`,
      {},
      { authorization: `Basic ${Buffer.from(`alice:${CANARIES.password}`).toString('base64')}` },
    );
    for (const text of [await client.callTool('raw'), await client.callTool('env')]) {
      expectNoCanary(text);
      expect(text.toLowerCase()).not.toContain('authorization');
      expect(text).not.toContain(Buffer.from(`alice:${CANARIES.password}`).toString('base64'));
    }
    client.close();
  });
});

describe('[fault 99] after everything that can go wrong', () => {
  beforeAll(async () => {
    answers.push(await call('broken', 'x'), await call('nobody', 'x'), await call('keyed', 'no-such-tool'));
    await call('keyed', 'stderr', { text: `my key is ${CANARIES.fromEnvironment} and ${CANARIES.file}` });
    await call('keyed', 'write', { raw: `listening with ${CANARIES.inArgs}\n` });
    await call('keyed', 'write', { raw: `${'-'.repeat(105)}${CANARIES.fromEnvironment}\n` });
    await call('keyed', 'log', { text: CANARIES.written });
    await call('keyed', 'echo', {
      pad: '-'.repeat(1930),
      key: CANARIES.fromEnvironment,
      again: CANARIES.written,
    });
    await call('keyed', 'refuse', { code: -32000, message: CANARIES.fromEnvironment });
    answers.push(await call('keyed', 'crash'));
    answers.push(await call('keyed', 'x'));
    for (const path of ['/api/openapi.json', '/api/openapi.yaml', '/api/sessionid', '/healthz', '/nobody']) {
      answers.push(await (await fetch(gateway.url + path, { headers: AUTHORIZED })).text());
    }
    const lines = [
      `Authorization: Basic ${Buffer.from(`alice:${CANARIES.password}x`).toString('base64')}`,
      `Authorization: Bearer ${CANARIES.token}x`,
    ];
    for (const line of lines)
      answers.push((await exchange(gateway.port, head('GET /api/sessionid', line))).text);
    for (const path of [
      `/${CANARIES.token}`,
      `/x?token=${CANARIES.token}`,
      `/api/${CANARIES.token}/x`,
      `/api/sessions/${CANARIES.token}/%zz`,
    ]) {
      answers.push(
        (await exchange(gateway.port, head(`GET ${path}`))).text,
        (await exchange(gateway.port, head(`GET ${path}`, `Authorization: ${AUTHORIZED.authorization}`)))
          .text,
      );
    }
    const { instance } = await gateway.event(
      'instance.exited',
      ({ server, ready }) => server === 'keyed' && ready,
    );
    expect(instance).toBeGreaterThan(0);
  });

  it('no answer of the gateway itself has a canary in it, no document has', () => {
    expect(answers.length).toBeGreaterThan(15);
    for (const answer of answers) expectNoCanary(answer);
    expect(answers.join('\n')).not.toContain(passwordHash);
  });

  it.each([
    ['pretty', pretty],
    ['json', json],
  ] as const)('no line of the %s log at verbose has, and all of it was logged', (_format, stream) => {
    expectNoCanary(stream.text);
    expect(stream.text).not.toContain(passwordHash);
    for (const logged of [
      'my key is [redacted]',
      'listening with [redacted]',
      'cannot start with [redacted]',
      'STDIO message sent to keyed',
      'STDIO message received from keyed',
      'its last words',
    ]) {
      expect(stream.text).toContain(logged);
    }
    expect(stream.text.match(/\[redacted\]/g)?.length).toBeGreaterThan(12);
  });

  it('no process was shown a credential, and [fault 85] no session id is in the log', async () => {
    const { session } = await gateway.event('session.opened', ({ front }) => front === 'sse');
    expect(session).toMatch(/^[0-9a-f]{38}$/);
    for (const { text } of [pretty, json]) expect(text).not.toContain(session);
    await fetch(`${gateway.url}/api/sessions/${session}`, { method: 'DELETE' });
    await gateway.event('request.refused', ({ method }) => method === 'DELETE');
    for (const { text } of [pretty, json]) {
      expect(text).toContain('DELETE /api/sessions/… refused with 401');
      expect(text).not.toContain(session);
    }
  });
});
