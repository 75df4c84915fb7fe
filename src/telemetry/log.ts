/** winston: the only place that formats and redacts log lines. Everything goes to standard error. */
import winston from 'winston';
import type { Events, GatewayEvent } from '../events.ts';
import { describe, LEVELS, type Level, levelOf } from './describe.ts';
import { createRedactor, printable } from './redact.ts';

export interface LogOptions {
  readonly level: Level;
  readonly format: 'pretty' | 'json';
  readonly colors: boolean;
  /** Values that must never appear. */
  readonly secrets: readonly string[];
  readonly stream: NodeJS.WritableStream;
}

export interface Log {
  /** A line of the program itself; may have several lines of text. */
  write(level: Level, message: string): void;
  /** Describes the gateway's events. @returns a function that ends the subscription */
  follow(events: Events): () => void;
  /** What was secret before stays so: servers that still run may write it. */
  update(settings: Pick<LogOptions, 'level' | 'format' | 'secrets'>): void;
}

/** Bytes that may wait for a log reader that does not read; beyond it lines are dropped and counted. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;
/** Secrets of configurations that are no longer in use are remembered up to here; each costs a search in every line. */
const MAX_SECRETS = 1000;
const COLORS: Readonly<Record<Level, string>> = {
  error: '31',
  warn: '33',
  info: '32',
  debug: '36',
  verbose: '90',
};

export function createLog(options: LogOptions): Log {
  const { stream, colors } = options;
  let { level } = options;
  let secrets = options.secrets;
  const logger = winston.createLogger({
    levels: LEVELS,
    level,
    format: formatOf(options),
    transports: [new winston.transports.Stream({ stream })],
  });
  // Service goes on without a log: a full disk or a closed pipe is no reason to stop.
  stream.on('error', () => undefined);
  let dropped = 0;
  const write = (lineLevel: Level, message: string, fields: object = {}): void => {
    if (queuedBytes(stream) > MAX_QUEUED_BYTES) {
      dropped += 1;
      return;
    }
    if (dropped > 0) {
      logger.log('warn', `${dropped} log lines were dropped: the log was not read`);
      dropped = 0;
    }
    logger.log(lineLevel, message, fields);
  };
  const followed = new Set<() => void>();
  return {
    write: (lineLevel, message) => write(lineLevel, message),
    follow: (events) => {
      const listener = (event: GatewayEvent): void => {
        if (LEVELS[levelOf(event)] > LEVELS[level]) return;
        const line = describe(event);
        write(line.level, line.message, line.fields);
      };
      let unsubscribe: () => void;
      // Subscribing again replaces the subscription.
      const subscribe = (): void => {
        unsubscribe = events.subscribe(listener, { messages: level === 'verbose' });
      };
      followed.add(subscribe);
      subscribe();
      return () => {
        followed.delete(subscribe);
        unsubscribe();
      };
    },
    update: (settings) => {
      level = settings.level;
      const most = Math.max(MAX_SECRETS, settings.secrets.length);
      secrets = [...new Set([...settings.secrets, ...secrets])].slice(0, most);
      logger.level = level;
      logger.format = formatOf({ format: settings.format, colors, secrets });
      for (const subscribe of followed) subscribe();
    },
  };
}

function queuedBytes(stream: NodeJS.WritableStream): number {
  return 'writableLength' in stream ? Number(stream.writableLength) : 0;
}

function formatOf({
  format,
  colors,
  secrets,
}: Pick<LogOptions, 'format' | 'colors' | 'secrets'>): winston.Logform.Format {
  const redact = createRedactor(secrets);
  return winston.format.printf(({ level, message, ...fields }) => {
    const timestamp = new Date().toISOString();
    if (format === 'json') return redact(JSON.stringify({ timestamp, level, message, ...fields }));
    const label = level.toUpperCase();
    const shown = colors ? `\u001b[${COLORS[level as Level]}m${label}\u001b[0m` : label;
    // Our own lines may break; a peer's text cannot, since every event is one line.
    const text = 'event' in fields ? printable(String(message)) : String(message);
    return redact(`${timestamp} [${shown}]: ${text}`);
  });
}
