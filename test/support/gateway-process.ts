/** The real program in a process of its own: what it says, how it ends. Built first when its sources are newer. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { descendants } from './no-leaks.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
export const PROGRAM = join(ROOT, 'bin/mcp-gateway.js');

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Added to PATH and HOME, which are all that the program inherits. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Everything that standard input holds; it is closed after it. */
  readonly stdin?: string;
  /** Options of node itself. */
  readonly node?: readonly string[];
  /** Another file than the program. */
  readonly program?: string;
  /** A command in front, such as `prlimit`. */
  readonly prefix?: readonly string[];
}

/** Runs the program to its end. */
export async function runProgram(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const running = start(args, options);
  running.child.stdin?.end(options.stdin ?? '');
  return running.outcome;
}

export interface GatewayProcess extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  stderr(): string;
  /** Resolves when standard error matches; rejects when the program ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts it with a configuration on a port that the system chooses, or on one of its own; resolves when it listens. */
export async function startGatewayProcess(
  config: { readonly port?: number; readonly [key: string]: unknown },
  options: RunOptions = {},
): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-gateway-process-'));
  // The program may run as another user.
  chmodSync(folder, 0o755);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return serve(['--config', writeConfig(folder, config)], options, config.port, remove);
}

/** The same with a file of the caller's own, which says a port that the system chooses. */
export function serveConfigFile(
  path: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<GatewayProcess> {
  return serve(['--config', path, ...args], options, undefined, () => undefined);
}

async function serve(
  args: readonly string[],
  options: RunOptions,
  ownPort: number | undefined,
  remove: () => void,
): Promise<GatewayProcess> {
  const running = start(args, options);
  const { child, outcome } = running;
  const stop = async (): Promise<void> => {
    const below = child.exitCode === null && child.pid !== undefined ? descendants(child.pid) : [];
    child.kill('SIGKILL');
    await outcome;
    for (const pid of below) killIfThere(pid);
    remove();
  };
  try {
    const port =
      ownPort === undefined
        ? Number((await running.says(/listens on 127\.0\.0\.1:(\d+)/))[1])
        : await answering(ownPort);
    return {
      ...running,
      pid: child.pid ?? 0,
      url: `http://127.0.0.1:${port}`,
      port,
      signal: (signal) => void child.kill(signal),
      [Symbol.asyncDispose]: stop,
    };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** For a program that cannot say when it listens. */
async function answering(port: number): Promise<number> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (answer?.ok) return port;
    if (performance.now() > deadline) throw new Error(`nothing answers at port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Writes `config.yaml` into the folder. @returns its path */
export function writeConfig(folder: string, config: object | string): string {
  const path = join(folder, 'config.yaml');
  const text = typeof config === 'string' ? config : stringify({ hostname: '127.0.0.1', port: 0, ...config });
  writeFileSync(path, text, { mode: 0o644 });
  return path;
}

function start(args: readonly string[], options: RunOptions) {
  buildOnce();
  const { PATH = '', HOME = '' } = process.env;
  const line = [
    ...(options.prefix ?? []),
    process.execPath,
    ...(options.node ?? []),
    options.program ?? PROGRAM,
    ...args,
  ];
  const child = spawn(line[0] ?? '', line.slice(1), {
    cwd: options.cwd ?? ROOT,
    env: { PATH, HOME, ...options.env },
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  child.stdin.on('error', () => undefined);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stderr);
        if (match === null) return;
        child.stderr.off('data', look);
        resolve(match);
      };
      child.stderr.on('data', look);
      child.once('close', () => reject(new Error(`ended without saying ${pattern}: ${stderr}`)));
      look();
    });
  return { child, outcome, says, stderr: () => stderr };
}

let built: 'yes' | 'failed' | undefined;

/** Several test files may come here at once, each in a process of its own. */
function buildOnce(): void {
  if (built === 'failed') throw new Error('the sources do not build');
  if (built === 'yes') return;
  built = 'failed';
  const lock = join(ROOT, 'node_modules', '.building-for-tests');
  const deadline = Date.now() + 60_000;
  while (!tryLock(lock)) {
    if (Date.now() > deadline) throw new Error(`${lock} is in the way; remove it`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  try {
    execFileSync(process.execPath, ['scripts/build.mjs', '--if-changed'], { cwd: ROOT, stdio: 'inherit' });
  } finally {
    rmdirSync(lock);
  }
  if (!existsSync(join(ROOT, 'dist/main.js'))) throw new Error('the build made no dist/main.js');
  built = 'yes';
}

function tryLock(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
