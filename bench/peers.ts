/** The published peers, on request: installed by npm into a temporary folder and run from there. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Target } from './driver.ts';
import type { CallSubject } from './measure-calls.ts';
import { type Running, startListening } from './processes.ts';
import { ECHO } from './subjects.ts';

interface Peer {
  readonly name: string;
  /** Under node_modules of the folder they are installed in. */
  readonly program: string;
  readonly args: (port: number) => readonly string[];
  readonly target: (port: number) => Target;
}

const PACKAGES = ['supergateway@4.0.0', 'mcp-proxy@6.7.19'];
const INSTALL_MS = 120_000;
const STDIO = [process.execPath, ...ECHO].join(' ');

function supergateway(port: number, ...more: string[]): string[] {
  return ['--stdio', STDIO, '--port', String(port), '--logLevel', 'none', ...more];
}

function mcpProxy(port: number, server: string): string[] {
  const where = ['--host', '127.0.0.1', '--port', String(port), '--server', server];
  return [...where, '--', process.execPath, ...ECHO];
}

const PEERS: readonly Peer[] = [
  {
    name: 'supergateway, Streamable HTTP',
    program: 'supergateway/dist/index.js',
    args: (port) => supergateway(port, '--outputTransport', 'streamableHttp', '--stateful'),
    target: (port) => ({ protocol: 'streamable', port, path: '/mcp' }),
  },
  {
    name: 'supergateway, HTTP+SSE',
    program: 'supergateway/dist/index.js',
    args: (port) => supergateway(port, '--outputTransport', 'sse'),
    target: (port) => ({ protocol: 'sse', port, path: '/sse' }),
  },
  {
    name: 'mcp-proxy, Streamable HTTP',
    program: 'mcp-proxy/dist/bin/mcp-proxy.mjs',
    args: (port) => mcpProxy(port, 'stream'),
    target: (port) => ({ protocol: 'streamable', port, path: '/mcp' }),
  },
  {
    name: 'mcp-proxy, HTTP+SSE',
    program: 'mcp-proxy/dist/bin/mcp-proxy.mjs',
    args: (port) => mcpProxy(port, 'sse'),
    target: (port) => ({ protocol: 'sse', port, path: '/sse' }),
  },
];

/** Those that could be started; what could not is said and left out. `own` takes over each process. */
export async function startPeers(folder: string, own: (running: Running) => void): Promise<CallSubject[]> {
  const home = join(folder, 'peers');
  await mkdir(home);
  try {
    const install = ['install', '--prefix', home, '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES];
    await promisify(execFile)('npm', install, { cwd: home, timeout: INSTALL_MS });
  } catch (cause) {
    console.error(`Peers are left out, npm could not install them: ${messageOf(cause)}`);
    return [];
  }
  const subjects: CallSubject[] = [];
  for (const { name, program, args, target } of PEERS) {
    const port = await freePort();
    try {
      const running = await startListening({
        args: [join(home, 'node_modules', program), ...args(port)],
        logFile: join(folder, 'peers.log'),
        port,
      });
      own(running);
      subjects.push({ name, pid: running.pid, target: target(port), spread: [target(port)] });
    } catch (cause) {
      console.error(`${name} is left out: ${messageOf(cause)}`);
    }
  }
  return subjects;
}

/** They take a number, not "any"; between this and their start another program could take it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
