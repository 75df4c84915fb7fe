/** The load's process from this side. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, endProcess, track } from './processes.ts';

/** Where and how the load speaks. */
export type Target =
  | { readonly protocol: 'pipe'; readonly command: string; readonly args: readonly string[] }
  | {
      readonly protocol: 'floor' | 'streamable' | 'sse' | 'modern' | 'rest';
      readonly port: number;
      readonly path: string;
      readonly token?: string;
      /** Where the stream of HTTP+SSE is opened, when not at `path`. */
      readonly ssePath?: string;
    };

export interface Calls {
  readonly group: string;
  /** Calls in flight in each session. */
  readonly lanes: number;
  readonly calls: number;
  /** Length of each result's text; 0 calls the echo tool. */
  readonly bytes: number;
  /** Whose processor time is measured. */
  readonly pid?: number | undefined;
}

export interface CallTimes {
  readonly wallMs: number;
  /** 0 without a pid. */
  readonly cpuSeconds: number;
  readonly p50Ms: number;
}

/** Commands run one at a time. Each rejects with the text of what went wrong in the load's process. */
export interface Driver extends AsyncDisposable {
  open(options: { group: string; targets: readonly Target[]; count: number }): Promise<void>;
  close(options: { group: string }): Promise<void>;
  call(options: Calls): Promise<CallTimes>;
  birth(options: { target: Target; count: number }): Promise<{ wallMs: number }>;
}

/** A command that takes longer has hung. */
const COMMAND_MS = 300_000;

export function startDriver(): Driver {
  const child = spawn(process.execPath, [fileURLToPath(new URL('load/driver.mjs', import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: cleanEnvironment(),
  });
  track(child);
  const run = async <Result>(command: string, options: object): Promise<Result> => {
    if (!child.connected) throw new Error('the load has ended');
    const said = answerOf(child, command);
    child.send({ command, options });
    const answer = (await said) as { result: Result; error?: string };
    if (answer.error !== undefined) throw new Error(`${command} ${JSON.stringify(options)}: ${answer.error}`);
    return answer.result;
  };
  return {
    open: (options) => run('open', options),
    close: (options) => run('close', options),
    call: (options) => run('call', options),
    birth: (options) => run('birth', options),
    [Symbol.asyncDispose]: () => endProcess(child),
  };
}

/** @throws when the load ends, or says nothing for five minutes */
async function answerOf(child: ChildProcess, command: string): Promise<unknown> {
  const abort = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', abort).then(([answer]) => answer),
      once(child, 'exit', abort).then(() => Promise.reject(new Error(`the load ended during ${command}`))),
      delay(COMMAND_MS, undefined, abort).then(() =>
        Promise.reject(new Error(`the load did not end ${command}`)),
      ),
    ]);
  } finally {
    abort.abort();
  }
}
