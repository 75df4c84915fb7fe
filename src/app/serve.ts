/** Serves a configuration until a signal ends it: log, banner, gateway, exit code. */
import { formatIssue } from '../config/issues.ts';
import type { Config } from '../config/schema.ts';
import { createEvents } from '../events.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { makeRoomForLargeMessages, releaseYoungGeneration } from '../util/v8-heap.ts';
import { banner } from './banner.ts';
import { createGateway } from './gateway.ts';
import { keepReloaded } from './keep-reloaded.ts';
import { describeListenError } from './listen-error.ts';
import { logSettings } from './log-settings.ts';
import type { GoodConfig } from './reloader.ts';
import { stopOnSignals } from './signals.ts';
import { unheldLimits } from './unheld-limits.ts';

export interface ServeInput {
  readonly loaded: GoodConfig;
  readonly configPath: string;
  /** Whether changes of the file are put to use by themselves; on SIGHUP they always are. */
  readonly watch: boolean;
}

/** Resolves with the exit code: 0 after a clean stop, 3 when the address cannot be used. */
export async function serveUntilStopped(input: ServeInput): Promise<number> {
  const { config, secrets, warnings } = input.loaded;
  const log = createProcessLog(config, secrets);
  const events = createEvents();
  const unfollow = log.follow(events);
  for (const warning of [...warnings.map(formatIssue), ...unheldLimits(config)]) log.write('warn', warning);
  const unwatch = events.subscribe(({ type }) => {
    if (type !== 'instance.large') return;
    unwatch();
    makeRoomForLargeMessages();
  });
  const gateway = createGateway(config, events);
  const failed = onFault(log);
  const reloading = keepReloaded(gateway, input, log);
  let port: number;
  try {
    port = await gateway.listen();
  } catch (cause) {
    // What was never up is not told to stop.
    unfollow();
    await Promise.all([reloading.stop(), gateway.stopNow()]);
    log.write('error', describeListenError(cause, config.hostname, config.port));
    return 3;
  }
  releaseYoungGeneration();
  const stopped = stopOnSignals(gateway);
  for (const line of banner(config, port)) log.write('info', line);
  let faulted = false;
  const ended = failed.then(() => {
    faulted = true;
    return gateway.stop();
  });
  const code = await Promise.race([stopped, ended.then(() => 1)]);
  await reloading.stop();
  return faulted ? 1 : code;
}

export function createProcessLog(config: Config, secrets: readonly string[]): Log {
  const colors = process.stderr.isTTY && !process.env['NO_COLOR'];
  return createLog({ ...logSettings(config, secrets), colors, stream: process.stderr });
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
