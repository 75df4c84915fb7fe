/** Keeps a gateway on the configuration that its file holds: by watching it, and whenever SIGHUP asks. */
import { closeSync, openSync } from 'node:fs';
import { formatIssue } from '../config/issues.ts';
import type { Log } from '../telemetry/log.ts';
import { type FileWatch, watchFiles } from './file-watch.ts';
import type { Gateway } from './gateway.ts';
import { logSettings } from './log-settings.ts';
import { type GoodConfig, Reloader } from './reloader.ts';
import { unheldLimits } from './unheld-limits.ts';

export interface ReloadInput {
  readonly loaded: GoodConfig;
  readonly configPath: string;
  readonly watch: boolean;
}

export interface Reloading {
  stop(): Promise<void>;
}

/** Owns its signal handler and its watchers; `stop` takes them away. */
export function keepReloaded(gateway: Gateway, input: ReloadInput, log: Log): Reloading {
  const { loaded, configPath } = input;
  let watching: FileWatch | undefined;
  const reloader = new Reloader({
    path: configPath,
    env: process.env,
    files: loaded.files,
    gateway,
    onLoaded: ({ config, secrets, warnings }) => {
      log.update(logSettings(config, secrets));
      for (const warning of [...warnings.map(formatIssue), ...unheldLimits(config)])
        log.write('warn', warning);
    },
    onFiles: (files) => watching?.update(files),
  });
  const wasAtTerminal = process.stdin.isTTY || process.stderr.isTTY;
  const onHangup = (): void => {
    // Closing a terminal sends the same signal; nobody there wants a server that goes on out of sight.
    if (wasAtTerminal && !hasTerminal()) void process.kill(process.pid, 'SIGTERM');
    else reloader.request('always');
  };
  process.on('SIGHUP', onHangup);
  if (input.watch) {
    watching = watchFiles(loaded.files.keys(), {
      onChange: () => reloader.request('if-changed'),
      onBlind: (why) =>
        log.write('warn', `The system does not watch the configuration (${why}): changes are noticed late`),
    });
    // What changed before it was watched.
    reloader.request('if-changed');
  }
  return {
    stop: async () => {
      process.off('SIGHUP', onHangup);
      watching?.stop();
      await reloader.stop();
    },
  };
}

/** Of this process, whatever its standard streams are. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
