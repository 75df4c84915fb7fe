/** Runs the commands of README.md as a user does: with bash, in this folder, without a network. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, readDocument } from './readme-blocks.ts';

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command; killed with its process group when it is disposed of. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly finished: Promise<Finished>;
  /** Resolves with the match as soon as standard error has it; rejects when the command ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/** A home and a configuration made from the shipped one, for one test file. */
export interface Sandbox extends Disposable {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Writes the shipped configuration on a port of the system's choice, with `more` behind it. */
  config(name: string, more?: string): string;
}

export function createSandbox(): Sandbox {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-gateway-readme-'));
  // Servers inherit HOME: with this npm configuration neither npm nor npx can reach a registry.
  writeFileSync(join(folder, '.npmrc'), 'offline=true\nupdate-notifier=false\n');
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|vitest|node_env|node_options|mcp_|config_path|force_color)/i.test(name),
  );
  return {
    folder,
    env: { ...Object.fromEntries(inherited), HOME: folder, MEMORY_FILE: join(folder, 'memory.jsonl') },
    config(name, more = '') {
      const shipped = readDocument('config.yaml');
      const text = shipped
        .replace('hostname: 0.0.0.0', 'hostname: 127.0.0.1')
        .replace('port: 3000', 'port: 0')
        .replaceAll('path: .\n', `path: ${JSON.stringify(ROOT)}\n`);
      const path = join(folder, name);
      writeFileSync(path, `${text}${more}`);
      return path;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function run(script: string, env: NodeJS.ProcessEnv): Running {
  return observe(
    spawn('bash', ['-c', script], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

/** Like `run`, but the pid is that of the command itself and not of a shell around it. `command` may begin with assignments. */
export function runDirectly(command: string, env: NodeJS.ProcessEnv): Running {
  return run(`exec env ${command}`, env);
}

export function pipeTo(
  command: string,
  args: readonly string[],
  input: string,
  env: NodeJS.ProcessEnv,
): Running {
  const child = spawn(command, [...args], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(input);
  return observe(child);
}

/** Everything that descends from a process, itself included. */
export function descendants(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const table = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found)
    found.push(...table.filter(([, ppid]) => ppid === parent).map(([child]) => child ?? 0));
  return found;
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function observe(child: ChildProcess): Running {
  const { pid } = child;
  if (pid === undefined) throw new Error('the command could not be started');
  let stdout = '';
  let stderr = '';
  const looks = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const look of looks) look();
  });
  const finished = once(child, 'close').then((): Finished => ({ code: child.exitCode, stdout, stderr }));
  return {
    pid,
    finished,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stderr);
          if (match === null) return;
          looks.delete(look);
          resolve(match);
        };
        looks.add(look);
        look();
        void finished.then(() => reject(new Error(`ended without saying ${pattern}:\n${stdout}${stderr}`)));
      }),
    async [Symbol.asyncDispose]() {
      try {
        // Also when the command itself has ended: what it left in its group must not outlive the test.
        process.kill(-pid, 'SIGKILL');
      } catch {
        // Nothing is left, which is how it should be.
      }
      await finished;
    },
  };
}
