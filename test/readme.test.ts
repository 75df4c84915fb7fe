/** Every command of README.md does what README.md says, typed as it stands there. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../src/config/load.ts';
import { blocksOf, example, readDocument } from './support/readme-blocks.ts';
import {
  createSandbox,
  descendants,
  isAlive,
  pipeTo,
  type Running,
  run,
  runDirectly,
  type Sandbox,
} from './support/readme-run.ts';

const PASSWORD = 'quiet-Walrus-in-7-boats';
const TOKEN = 'slow-Heron-over-3-lakes';
const SECRETS = { ADMIN_PASSWORD: PASSWORD, GATEWAY_TOKEN: TOKEN, CI_TOKEN: 'early-Otter-under-5-oaks' };
const LISTENS = /listens on 127\.0\.0\.1:(\d+)/;
const blocks = blocksOf(readDocument('README.md'));

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createSandbox();
});
afterAll(() => sandbox[Symbol.dispose]());

describe('README.md', () => {
  it('sets everything up with two commands', () => {
    const setUp = blocks.filter(({ language, marker }) => language === 'sh' && marker === undefined);
    expect(setUp.map(({ text }) => text)).toEqual(['npm ci && npm start', 'npm ci && npm test']);
  });

  it('has no shell command that is not run below', () => {
    const own = readFileSync(new URL(import.meta.url), 'utf8');
    const markers = new Set(blocks.flatMap(({ marker }) => marker ?? []));
    expect(markers.size).toBeGreaterThan(8);
    expect([...markers].filter((marker) => !own.includes(`'${marker}'`))).toEqual([]);
  });

  it('shows only configurations that are accepted without a doubt', async () => {
    const servers = 'servers: { one: { command: npx } }\n';
    const shown = blocks.filter(({ marker }) => marker === 'config').map(({ text }) => text);
    const texts = [...shown, `${example('auth-config')}\n${servers}`];
    expect(texts.length).toBe(4);
    for (const [index, text] of texts.entries()) {
      const path = join(sandbox.folder, `shown-${index}.yaml`);
      writeFileSync(path, text, { mode: 0o600 });
      expect(await loadConfig(path, SECRETS)).toMatchObject({ ok: true, warnings: [] });
    }
  });
});

describe('the gateway that `npm start` runs', { timeout: 120_000 }, () => {
  let gateway: Running;
  let url: string;
  beforeAll(async () => {
    gateway = runDirectly('npm start', { ...sandbox.env, CONFIG_PATH: sandbox.config('start.yaml') });
    url = `http://localhost:${(await gateway.said(LISTENS))[1]}`;
  }, 120_000);
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  it('hands out a session id and calls directory_tree', async () => {
    const stdout = await succeed(run(example('call', url), sandbox.env));
    expect(treeIn(stdout)).toEqual([
      { name: 'hello.txt', type: 'file' },
      { name: 'notes', type: 'directory', children: [{ name: 'shopping.md', type: 'file' }] },
    ]);
  });

  it('takes a session id that the caller chose', async () => {
    const stdout = await succeed(run(example('own-session', url), sandbox.env));
    expect(treeIn(stdout)).toEqual([{ name: 'shopping.md', type: 'file' }]);
  });

  it('says which tools there are and what they take, and calls one, with curl', async () => {
    const [tools = '', body = ''] = (await succeed(run(example('curl-tools', url), sandbox.env))).split(
      /\n(?=\{)/,
    );
    expect(tools.split('\n')).toEqual(
      expect.arrayContaining(['filesystem\tread_text_file', 'everything\techo', 'memory\tread_graph']),
    );
    expect(JSON.parse(body)).toMatchObject({ schema: { required: ['path'] }, example: { path: 'text' } });
    expect(await succeed(run(example('curl-call', url), sandbox.env))).toBe(
      `${readDocument('examples/files/notes/shopping.md')}\n`,
    );
    expect(await succeed(run(example('curl-etag', url), sandbox.env))).toBe('304\n');
    expect(await succeed(run(example('curl-end', url), sandbox.env))).toBe('204\n');
  });

  it('answers in the form that is asked for', async () => {
    const stdout = await succeed(run(example('forms', url), sandbox.env));
    expect(stdout).toMatch(
      /^Hello[^]*\n\d{4}\n[^]*event: progress\ndata: \{"progress":2,"total":2\}[^]*event: result\n/,
    );
  });

  it('shows what a server offers', async () => {
    const stdout = await succeed(run(example('offers', url), sandbox.env));
    for (const part of ['"args-prompt"', 'Resource 1', 'Athens']) expect(stdout).toContain(part);
  });

  it('lets a long call go on as a job', async () => {
    const script = example('jobs', url).replaceAll('answer.json', join(sandbox.folder, 'answer.json'));
    expect(await succeed(run(script, sandbox.env))).toContain('Long running operation completed');
  });

  it('puts a question of a server to its caller, and goes on with the answer', async () => {
    const stdout = await succeed(run(example('questions', url), sandbox.env));
    expect(stdout).toMatch(/^"Please provide inputs/);
    expect(stdout).toContain('Ada');
  });

  it.each(['streamable-client', 'sse-client'])('serves the %s', async (name) => {
    const stdout = await succeed(
      pipeTo(process.execPath, ['--input-type=module'], example(name, url), sandbox.env),
    );
    expect(stdout).toContain("'directory_tree'");
    expect(stdout).toContain('Hello');
  });

  it('ends with everything it started when npm itself is told to', { timeout: 45_000 }, async () => {
    const everything = descendants(gateway.pid);
    // npm, the gateway, and at least npx and its server for the two REST sessions.
    expect(everything.length).toBeGreaterThanOrEqual(6);
    process.kill(gateway.pid, 'SIGTERM');
    expect((await gateway.finished).code).toBe(0);
    await expect.poll(() => everything.filter(isAlive), { timeout: 5000 }).toEqual([]);
  });
});

describe('the gateway with credentials, named by CONFIG_PATH', { timeout: 120_000 }, () => {
  let gateway: Running;
  let env: NodeJS.ProcessEnv;
  let url: string;
  beforeAll(async () => {
    env = { ...sandbox.env, ...SECRETS };
    const path = sandbox.config('auth.yaml', example('auth-config'));
    const command = example('config-path').replace('/path/to/my/config.yaml', path);
    expect(command).toBe(`CONFIG_PATH=${path} npm start`);
    gateway = runDirectly(command, env);
    url = `http://localhost:${(await gateway.said(LISTENS))[1]}`;
  }, 120_000);
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  it('answers a password and a token, and nobody else', async () => {
    const stdout = await succeed(run(example('auth-rest', url), env));
    expect(stdout.match(/\{"sessionId":"[0-9a-z]+"\}/g)).toHaveLength(2);
    const stranger = await fetch(`${url}/api/sessionid`);
    expect(stranger.status).toBe(401);
    expect(stranger.headers.get('www-authenticate')).toMatch(/Basic .*Bearer /);
  });

  it('opens a stream for a password and for a token, and ends it when it stops', async () => {
    const streams = ['basic-stream', 'bearer-stream'].map((marker) => run(example(marker, url), env));
    try {
      await gateway.said(/New SSE connection for filesystem[^]*New SSE connection for filesystem/);
      process.kill(gateway.pid, 'SIGTERM');
      for (const stream of streams) {
        expect((await stream.finished).stdout).toMatch(
          /^event: endpoint\n(?:.*\n)*?data: \/filesystem\?sessionId=[0-9a-f]+\n/,
        );
      }
      const { code, stderr } = await gateway.finished;
      expect(code).toBe(0);
      for (const secret of [PASSWORD, TOKEN]) expect(stderr).not.toContain(secret);
    } finally {
      for (const stream of streams) await stream[Symbol.asyncDispose]();
    }
  });
});

describe('the commands that serve nothing', { timeout: 120_000 }, () => {
  it('write the OpenAPI description as JSON, with and without npm’s banner', async () => {
    const env = { ...sandbox.env, CONFIG_PATH: sandbox.config('dump.yaml') };
    const silent = example('schema-json');
    const quiet = await succeed(run(silent, env));
    const document = JSON.parse(quiet) as OpenApi;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/api/filesystem/directory_tree',
        '/api/everything/echo',
        '/api/memory/read_graph',
      ]),
    );
    const original = silent.replace('npm start -s', 'npm start');
    expect(original).toBe('npm start -- --schemaDump --schemaFormat json');
    const loud = await succeed(run(original, env));
    expect(JSON.parse(loud.slice(loud.indexOf('{')))).toEqual(document);
  });

  it('write it as asked for, and say meanwhile what they wait for', async () => {
    const env = { ...sandbox.env, CONFIG_PATH: sandbox.config('openapi.yaml') };
    const target = join(sandbox.folder, 'out.yaml');
    expect(await succeed(run(example('openapi-file').replace('openapi.yaml', target), env))).toBe('');
    const whole = parse(readFileSync(target, 'utf8')) as OpenApi;
    expect(Object.keys(whole.paths)).toContain('/api/everything/echo');
    await using command = run(example('openapi-gpt'), env);
    await command.said(/^filesystem: \d+ tools after /m);
    const { code, stdout } = await command.finished;
    expect(code).toBe(0);
    const gpt = JSON.parse(stdout) as OpenApi;
    expect(Object.keys(gpt.paths)).toContain('/directory_tree');
    expect(stdout).not.toContain('$ref');
    const recipe = example('recipe-gpt').replace(
      'gpt-actions.json',
      join(sandbox.folder, 'gpt-actions.json'),
    );
    expect(await succeed(run(recipe, env))).toBe('');
  });

  it('say what a client would not take', async () => {
    const env = { ...sandbox.env, CONFIG_PATH: sandbox.config('lint.yaml') };
    await using command = run(example('openapi-lint'), env);
    const { code, stdout } = await command.finished;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^problem: Custom GPTs need one https address/m);
    expect(stdout).toMatch(
      /^changed: filesystem, tool "directory_tree": description of \d+ characters shortened/m,
    );
  });

  it('write it as YAML to a file', async () => {
    const target = join(sandbox.folder, 'openapi.yaml');
    const env = { ...sandbox.env, CONFIG_PATH: sandbox.config('dump-yaml.yaml') };
    const stdout = await succeed(run(example('schema-yaml').replace('openapi.yaml', target), env));
    expect(stdout).toBe('');
    expect(Object.keys((parse(readFileSync(target, 'utf8')) as OpenApi).paths)).toContain(
      '/api/filesystem/directory_tree',
    );
    rmSync(target);
  });

  it('hash a secret', async () => {
    const stdout = await succeed(run(example('hash'), { ...sandbox.env, ...SECRETS }));
    expect(stdout).toMatch(/^scrypt\$\d+\$\d+\$\d+\$[\w+/=]+\$[\w+/=]+\n$/);
  });
});

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, unknown>>;
}

/** The result of directory_tree, which is JSON in the text of its first content. */
function treeIn(stdout: string): unknown {
  const result = JSON.parse(stdout) as { content: { text: string }[] };
  return JSON.parse(result.content[0]?.text ?? '');
}

async function succeed(running: Running): Promise<string> {
  await using command = running;
  const { code, stdout, stderr } = await command.finished;
  expect(code, `${stdout}${stderr}`).toBe(0);
  return stdout;
}
