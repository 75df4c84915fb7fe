/** Serves a configuration until a signal ends it: log, banner, gateway, exit code. */
import type { Config } from '../config/schema.ts';
import { createEvents } from '../events.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { banner } from './banner.ts';
import { createGateway } from './gateway.ts';
import { describeListenError } from './listen-error.ts';
import { stopOnSignals } from './signals.ts';

export interface ServeInput {
  readonly config: Config;
  readonly configPath: string;
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
}

/** Resolves with the exit code: 0 after a clean stop, 3 when the address cannot be used. */
export async function serveUntilStopped(input: ServeInput): Promise<number> {
  const { config, secrets, warnings } = input;
  const log = createProcessLog(config, secrets);
  const events = createEvents();
  const unfollow = log.follow(events);
  for (const warning of warnings) log.write('warn', warning);
  const gateway = createGateway(config, events);
  const failed = onFault(log);
  let port: number;
  try {
    port = await gateway.listen();
  } catch (cause) {
    // What was never up is not told to stop.
    unfollow();
    await gateway.stopNow();
    log.write('error', describeListenError(cause, config.hostname, config.port));
    return 3;
  }
  const stopped = stopOnSignals(gateway);
  for (const line of banner(config, port)) log.write('info', line);
  let faulted = false;
  const ended = failed.then(() => {
    faulted = true;
    return gateway.stop();
  });
  const code = await Promise.race([stopped, ended.then(() => 1)]);
  return faulted ? 1 : code;
}

export function createProcessLog(config: Config, secrets: readonly string[]): Log {
  const terminal = process.stderr.isTTY;
  return createLog({
    level: config.debug.level,
    format: config.debug.format ?? (terminal ? 'pretty' : 'json'),
    colors: terminal && !process.env['NO_COLOR'],
    secrets,
    stream: process.stderr,
  });
}

/** A fault that nobody caught: told, then drained, never carried on with. */
function onFault(log: Log): Promise<void> {
  return new Promise((resolve) => {
    const report = (cause: unknown): void => {
      log.write(
        'error',
        `Unexpected fault, stopping: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
      );
      resolve();
    };
    process.on('uncaughtException', report);
    process.on('unhandledRejection', report);
  });
}
