// Packs the package, installs it in an empty folder as a stranger would, and uses it: one call of one tool over REST, and the page.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const START_MS = 30_000;
const STOP_MS = 30_000;

/** A whole MCP server: what the packed gateway is called through. */
const SERVER = `
import { createInterface } from 'node:readline';
const results = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'smoke', version: '1' } }),
  'tools/list': () => ({ tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }),
  'tools/call': ({ arguments: args }) => ({ content: [{ type: 'text', text: JSON.stringify(args) }] }),
};
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: results[method](params) }));
});
`;

const folder = mkdtempSync(join(tmpdir(), 'mcp-gateway-pack-'));
try {
  const installed = install(pack());
  checkFiles(installed);
  checkMissingDist(installed);
  await useIt();
  console.log('smoke-pack: the packed gateway installs, serves and stops.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack() {
  execute('npm', ['pack', '--silent', '--pack-destination', folder], ROOT);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  check(tarball !== undefined, 'npm pack made no tarball');
  return join(folder, tarball);
}

/** @returns the folder of the installed package */
function install(tarball) {
  writeFileSync(join(folder, 'package.json'), '{ "name": "somebody", "private": true }');
  execute('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], folder);
  return join(folder, 'node_modules', 'mcp-gateway');
}

function checkFiles(installed) {
  for (const file of [
    'bin/mcp-gateway.js',
    'dist/main.js',
    'dist/index.d.ts',
    'dist/fronts/docs/page/shell.html',
    'dist/fronts/docs/page/swagger-ui/LICENSE',
    'schema/config.schema.json',
    'README.md',
    'LICENSE',
    'SECURITY.md',
  ]) {
    check(existsSync(join(installed, file)), `the package lacks ${file}`);
  }
  check(
    !existsSync(join(folder, 'node_modules', '@scarf')),
    'a package that reports installations came along',
  );
  for (const file of ['src', 'test', 'config.yaml'])
    check(!existsSync(join(installed, file)), `the package should not have ${file}`);
  const imported = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      "import { createGateway, loadConfig } from 'mcp-gateway'; console.log(typeof createGateway, typeof loadConfig);",
    ],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  check(
    imported.stdout.trim() === 'function function',
    `the public API cannot be imported: ${imported.stdout}${imported.stderr}`,
  );
}

/** A clone that was never built must say what to do instead of showing a stack. */
function checkMissingDist(installed) {
  const unbuilt = join(folder, 'unbuilt');
  mkdirSync(unbuilt);
  cpSync(join(installed, 'package.json'), join(unbuilt, 'package.json'));
  cpSync(join(installed, 'bin'), join(unbuilt, 'bin'), { recursive: true });
  const { status, stderr } = spawnSync(process.execPath, [join(unbuilt, 'bin', 'mcp-gateway.js')], {
    encoding: 'utf8',
  });
  check(
    status === 1 && /npm run build/.test(stderr) && !/\n\s+at /.test(stderr),
    `without dist: exit code ${status}, ${stderr}`,
  );
}

async function useIt() {
  writeFileSync(join(folder, 'server.mjs'), SERVER);
  const config = {
    hostname: '127.0.0.1',
    port: 0,
    servers: { smoke: { command: process.execPath, args: ['server.mjs'], path: '.' } },
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'own.yaml'), JSON.stringify(config));
  const bin = join(folder, 'node_modules', '.bin', 'mcp-gateway');
  const gateway = spawn(bin, ['--config', 'own.yaml'], { cwd: folder, stdio: ['ignore', 'inherit', 'pipe'] });
  const exited = once(gateway, 'exit');
  try {
    const url = `http://127.0.0.1:${await within(START_MS, portOf(gateway))}`;
    const { sessionId } = await (await fetch(`${url}/api/sessionid`)).json();
    const answer = await fetch(`${url}/api/smoke/echo?sessionId=${sessionId}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"big":9007199254740993}',
    });
    const text = await answer.text();
    check(
      answer.status === 200 && text.includes('\\"big\\":'),
      `the call was answered with ${answer.status}: ${text}`,
    );
    for (const path of ['docs', 'docs/assets/page.js', 'docs/assets/swagger-ui-bundle.js']) {
      const { status } = await fetch(`${url}/${path}`);
      check(status === 200, `/${path} was answered with ${status}`);
    }
    gateway.kill('SIGTERM');
    const [code, signal] = await within(STOP_MS, exited);
    check(code === 0, `SIGTERM ended the gateway with exit code ${code}, signal ${signal}`);
  } finally {
    if (gateway.exitCode === null && gateway.signalCode === null) gateway.kill('SIGKILL');
  }
}

/** From the start banner; rejects when the gateway ends without one. */
function portOf(gateway) {
  return new Promise((resolve, reject) => {
    let said = '';
    gateway.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      const port = /listens on 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(port);
    });
    gateway.once('exit', () => reject(new Error(`smoke-pack: the gateway ended at once:\n${said}`)));
    gateway.once('error', reject);
  });
}

async function within(ms, promise) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`smoke-pack: nothing happened within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function execute(command, args, cwd) {
  // What the npm that runs this script tells its children is not meant for another folder.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(?!config_(registry|cache|userconfig)$)/i.test(name),
    ),
  );
  const { status } = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  check(status === 0, `${command} ${args[0]} failed`);
}

function check(condition, complaint) {
  if (!condition) throw new Error(`smoke-pack: ${complaint}`);
}
