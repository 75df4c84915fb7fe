import type { Config } from '../config/schema.ts';
import type { LogOptions } from '../telemetry/log.ts';

/** What the configuration says of the log; it may change while the program runs. */
export function logSettings(
  { debug }: Config,
  secrets: readonly string[],
): Pick<LogOptions, 'level' | 'format' | 'secrets'> {
  return { level: debug.level, format: debug.format ?? (process.stderr.isTTY ? 'pretty' : 'json'), secrets };
}
