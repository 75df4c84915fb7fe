/** The processes of a run: each is ended by its id when its owner is done, however that came about. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** Ends it and waits for its exit: SIGTERM, then SIGKILL after a grace. */
  stop(): Promise<void>;
}

interface Start {
  /** For node. */
  readonly args: readonly string[];
  /** Where its standard error goes. */
  readonly logFile: string;
}

const START_MS = 30_000;
const GRACE_MS = 10_000;
const TRY_MS = 50;

/** What runs now. A signal ends this program without any `finally`, so it ends them. */
const live = new Set<ChildProcess>();

export function endAllOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      void Promise.all([...live].map(endProcess)).then(() => process.exit(1));
    });
}

export function track(child: ChildProcess): void {
  live.add(child);
  child.once('exit', () => live.delete(child));
}

/** What tsx adds for this program must not reach what is measured. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...rest } = process.env;
  return rest;
}

/** Resolves when a line on either output says the port. @throws when it ends before, or says nothing for 30 s */
export async function start(
  options: Start & { readonly portOf: (line: string) => number | undefined },
): Promise<Running> {
  return launch(options, (child) => {
    const { stdout, stderr } = child;
    return new Promise((resolve) => {
      for (const input of [stdout, stderr]) {
        if (input === null) continue;
        createInterface({ input }).on('line', (line) => {
          const port = options.portOf(line);
          if (port !== undefined) resolve(port);
        });
      }
    });
  });
}

/** Resolves when somebody listens on that port. @throws as `start` does */
export async function startListening(options: Start & { readonly port: number }): Promise<Running> {
  return launch(options, async (child) => {
    child.stdout?.resume();
    while (child.exitCode === null && !(await listens(options.port))) await delay(TRY_MS);
    return options.port;
  });
}

async function launch(
  { args, logFile }: Start,
  ready: (child: ChildProcess) => Promise<number>,
): Promise<Running> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment() });
  track(child);
  child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
  const abort = new AbortController();
  const why = `${args.join(' ')}, see ${logFile}`;
  try {
    const port = await Promise.race([
      ready(child),
      once(child, 'exit', abort).then(([code]) => Promise.reject(new Error(`exit code ${code}: ${why}`))),
      delay(START_MS, undefined, abort).then(() => Promise.reject(new Error(`not up in time: ${why}`))),
    ]);
    const stop = (): Promise<void> => endProcess(child);
    return { pid: child.pid ?? 0, port, stop, [Symbol.asyncDispose]: stop };
  } catch (cause) {
    await endProcess(child);
    throw cause;
  } finally {
    abort.abort();
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await exited;
  clearTimeout(timer);
}
