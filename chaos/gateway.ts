/** The built gateway as a process of its own, with a look inside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, endProcess, track } from '../bench/processes.ts';
import { ROOT } from './servers.ts';

/** What `inside.mjs` says. */
export interface Inside {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
  /** Since the report before. */
  readonly worstDelayMs: number;
  /** Objects that are still there. */
  readonly left: Readonly<Record<string, number>>;
}

export interface RunningGateway extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly logFile: string;
  /** How it ended; undefined while it runs. */
  readonly ending: string | undefined;
  signal(signal: NodeJS.Signals): void;
  /** Collects its garbage and counts what is left. */
  inside(): Promise<Inside>;
  /** Writes its heap beside its log, for whoever looks for what is left. */
  writeHeap(): Promise<void>;
  /** SIGTERM; resolves with how it ended. */
  stop(): Promise<string>;
}

const START_MS = 30_000;
const REPORT_MS = 30_000;
const REPORT_FD = 3;
const SNAPSHOT_SIGNAL = 'SIGPROF';

/** @throws when it does not listen in time */
export async function startGateway(configFile: string, logFile: string): Promise<RunningGateway> {
  const args = [
    '--expose-gc',
    '--trace-warnings',
    // For the look at the heap.
    '--disable-warning=ExperimentalWarning',
    `--heapsnapshot-signal=${SNAPSHOT_SIGNAL}`,
    `--diagnostic-dir=${dirname(logFile)}`,
    '--import',
    new URL('inside.mjs', import.meta.url).href,
    fileURLToPath(new URL('../bin/mcp-gateway.js', import.meta.url)),
    '--config',
    configFile,
  ];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: cleanEnvironment(),
  });
  track(child);
  let ending: string | undefined;
  child.once('exit', (code, signal) => {
    ending = signal === null ? `exit code ${code}` : `signal ${signal}`;
  });
  const { stderr } = child;
  if (stderr === null) throw new Error('no pipe');
  stderr.pipe(createWriteStream(logFile));
  const reports = createInterface({ input: child.stdio[REPORT_FD] as Readable });
  try {
    const port = await inTime(listening(stderr, child, logFile), START_MS, `not up, see ${logFile}`);
    return {
      pid: child.pid ?? 0,
      port,
      logFile,
      get ending() {
        return ending;
      },
      signal: (signal) => void child.kill(signal),
      inside: () => inTime(insideOf(child, reports), REPORT_MS, 'the gateway did not report'),
      writeHeap: async () => {
        child.kill(SNAPSHOT_SIGNAL);
        await inTime(insideOf(child, reports), REPORT_MS, 'the gateway did not report');
      },
      stop: async () => {
        await endProcess(child);
        return ending ?? 'unknown';
      },
      [Symbol.asyncDispose]: () => endProcess(child),
    };
  } catch (cause) {
    await endProcess(child);
    throw cause;
  }
}

async function listening(stderr: Readable, child: ChildProcess, logFile: string): Promise<number> {
  const abort = new AbortController();
  const lines = createInterface({ input: stderr });
  try {
    return await Promise.race([
      new Promise<number>((resolve) => {
        lines.on('line', (line) => {
          const port = /listens on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
          if (port !== undefined) resolve(Number(port));
        });
      }),
      once(child, 'exit', abort).then(([code]) =>
        Promise.reject(new Error(`exit code ${code}, see ${logFile}`)),
      ),
    ]);
  } finally {
    abort.abort();
    lines.close();
    // Closing a reader pauses what it reads.
    stderr.resume();
  }
}

async function insideOf(child: ChildProcess, reports: Interface): Promise<Inside> {
  const said = once(reports, 'line');
  child.kill('SIGUSR2');
  const [line] = (await said) as [string];
  return JSON.parse(line) as Inside;
}

async function inTime<Value>(promise: Promise<Value>, ms: number, why: string): Promise<Value> {
  const abort = new AbortController();
  try {
    return await Promise.race([
      promise,
      delay(ms, undefined, { signal: abort.signal }).then(() => Promise.reject(new Error(why))),
    ]);
  } finally {
    abort.abort();
  }
}
