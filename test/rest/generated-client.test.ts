/** A client generated from the live document by `openapi-typescript`, type-checked, and used with `openapi-fetch`. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenApiDocument } from '../../src/fronts/rest/openapi.ts';
import { toolOperations } from '../../src/fronts/rest/openapi-tools.ts';
import { tempFolder } from '../instance/helpers.ts';
import { fixture, startGateway, type TestGateway } from '../support/gateway.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const TOKEN = 'a-token-that-is-long-enough';
const TIMES = { timeout: 120_000 };
const run = promisify(execFile);
const folder = tempFolder();
let gateway: TestGateway;

beforeAll(async () => {
  const files = join(folder.path, 'files');
  mkdirSync(files);
  const bin = join(ROOT, 'node_modules/.bin');
  gateway = await startGateway({
    auth: { bearer: { tokens: [TOKEN] } },
    servers: {
      filesystem: { command: join(bin, 'mcp-server-filesystem'), args: [files], path: files },
      memory: {
        command: join(bin, 'mcp-server-memory'),
        env: { MEMORY_FILE_PATH: join(folder.path, 'memory.jsonl') },
      },
      everything: { command: join(bin, 'mcp-server-everything') },
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  folder[Symbol.dispose]();
});

/** Generates the types and compiles the program beside them. @returns where the program is */
async function compile(document: string, version: string): Promise<string> {
  const project = join(folder.path, `client-${version}`);
  mkdirSync(project);
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  writeFileSync(join(project, 'openapi.json'), document);
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(project, 'client.ts'), readFileSync(fixture('generated-client.ts.txt')));
  const generator = [
    'node_modules/openapi-typescript/bin/cli.js',
    'openapi.json',
    '-o',
    'api.ts',
    '--default-non-nullable',
    'false',
  ];
  await run(process.execPath, ['--import', join(ROOT, 'test/support/typescript-5-hook.mjs'), ...generator], {
    cwd: project,
  });
  const options =
    '--strict --noUncheckedIndexedAccess --target es2023 --module nodenext --types node --skipLibCheck --outDir dist';
  await run('node_modules/.bin/tsc', [...options.split(' '), 'client.ts'], { cwd: project }).catch(
    (cause: { stdout: string }) => {
      throw new Error(cause.stdout);
    },
  );
  return join(project, 'dist/client.js');
}

describe.each(['3.1', '3.0'])('a client generated from the document in OpenAPI %s', TIMES, (version) => {
  it('type-checks and calls every tool', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await fetch(`${gateway.url}/api/openapi.json?version=${version}`, { headers });
    const document = await response.text();
    const tools = toolOperations(JSON.parse(document) as OpenApiDocument).filter(({ server, operation }) => {
      const annotations = operation['x-mcp-annotations'] as { readOnlyHint?: boolean } | undefined;
      return server !== 'everything' || annotations?.readOnlyHint === true;
    });
    const { stdout } = await run(process.execPath, [
      await compile(document, version),
      gateway.url,
      TOKEN,
      `made-${version}`,
    ]);
    const told = JSON.parse(stdout) as {
      called: string[];
      filesystem: { head: string; whole: string; tree: string };
      memory: { seen: string[]; graph: string };
      everything: object;
      refused: string;
    };
    const called = new Set(told.called);
    expect(tools.map(({ path }) => path).filter((path) => !called.has(path))).toEqual([]);
    expect(tools.length).toBe(14 + 9 + 9);
    expect(told.filesystem).toMatchObject({ head: 'one', whole: 'one\nthree\n' });
    expect(told.filesystem.tree).toContain('made.txt');
    expect(told.memory.seen).toEqual(['wrote programs', 'was a countess', 'liked poetry']);
    expect(JSON.parse(told.memory.graph)).toMatchObject({ entities: [{ name: 'Ada' }], relations: [] });
    expect(told.everything).toEqual({ echo: 'Echo: hi', sum: 'The sum of 2 and 3 is 5.', temperature: 36 });
    expect(told.refused).toBe('SESSION_MISSING');
  });
});
