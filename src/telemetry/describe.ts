/** Events as log lines: which level, which words. Formatting happens only for lines that somebody reads. */
import { createHash } from 'node:crypto';
import type { GatewayEvent, InstanceExit } from '../events.ts';

/** The original's order: verbose shows everything. */
export const LEVELS = { error: 0, warn: 1, info: 2, debug: 3, verbose: 4 } as const;
export type Level = keyof typeof LEVELS;

export interface Line {
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Longest part of a message that is logged, in bytes. */
const MAX_MESSAGE_BYTES = 2048;

export function levelOf(event: GatewayEvent): Level {
  switch (event.type) {
    case 'gateway.fault':
    case 'config.rejected':
      return 'error';
    case 'instance.exited':
      return event.exit.expected ? 'debug' : event.ready ? 'warn' : 'error';
    case 'instance.noise':
    case 'catalog.failed':
    case 'spares.delayed':
    case 'instance.paced':
    case 'orphans.swept':
    case 'gateway.blocked':
      return 'warn';
    case 'orphans.unguarded':
      return event.what === 'watchdog' ? 'warn' : 'debug';
    case 'server.failing':
      return event.state === 'failed' ? 'error' : 'warn';
    case 'server.limits':
      return event.absent.length > 0 ? 'warn' : 'info';
    case 'request.refused':
      return event.status === 401 || event.status === 403 || event.status >= 500 ? 'warn' : 'debug';
    case 'config.reloaded':
      return event.needRestart.length > 0 ? 'warn' : 'info';
    case 'server.recovered':
    case 'gateway.stopping':
    case 'gateway.stopped':
    case 'server.drained':
    case 'session.opened':
    case 'session.ended':
      return 'info';
    case 'message':
      return 'verbose';
    default:
      return 'debug';
  }
}

export function describe(event: GatewayEvent): Line {
  const { type, ...rest } = event;
  return { level: levelOf(event), message: sentence(event), fields: { event: type, ...fieldsOf(rest) } };
}

function sentence(event: GatewayEvent): string {
  switch (event.type) {
    case 'gateway.stopping':
      return `Stopping: running calls have ${event.drainMs} ms to finish`;
    case 'gateway.stopped':
      return 'Stopped';
    case 'gateway.blocked':
      return `Nothing moved for ${(event.blockedMs / 1000).toFixed(1)} s${event.server === undefined ? '' : `; most of what came meanwhile was to or from ${event.server}`}`;
    case 'gateway.fault':
      return `Fault in ${event.where}: ${event.cause instanceof Error ? (event.cause.stack ?? event.cause.message) : String(event.cause)}`;
    case 'config.reloaded':
      return `Configuration reloaded: ${changeWords(event)}`;
    case 'config.rejected':
      return `Configuration not reloaded, the one before stays in use: ${event.problems.join(' | ')}`;
    case 'server.drained':
      return `Server ${event.server} is removed: its calls, sessions and processes have ended`;
    case 'instance.started':
      return `Server instance ${event.instance} of ${event.server} created (pid ${event.pid})`;
    case 'instance.ready':
      return `Server instance ${event.instance} of ${event.server} ready after ${Math.round(event.tookMs)} ms`;
    case 'instance.exited':
      return `Server instance ${event.instance} of ${event.server} ${event.ready || event.exit.expected ? 'ended' : 'did not start'}: ${exitWords(event.exit)}`;
    case 'instance.stderr':
      return `${event.server}[${event.instance}] ${event.line}`;
    case 'instance.noise':
      return `Server instance ${event.instance} of ${event.server} wrote something that is no message (${event.why}): ${event.line}`;
    case 'instance.large':
      return `Server instance ${event.instance} of ${event.server} wrote a message of ${event.bytes} bytes, its first large one`;
    case 'instance.dropped':
      return `Server instance ${event.instance} of ${event.server}: dropped ${event.why}`;
    case 'server.failing':
      return `Server ${event.server} ${event.state === 'failed' ? 'has failed' : 'backs off'}: ${event.failures} failed starts in a row, the last with ${event.reason}; the next start is allowed in ${(event.waitMs / 1000).toFixed(1)} s`;
    case 'server.recovered':
      return `Server ${event.server} starts again`;
    case 'server.limits':
      return `Limits of each process of ${event.server}: ${event.applied.join(', ') || 'none'}${event.absent.map(({ key, why }) => `; ${key} is not held: ${why}`).join('')}`;
    case 'orphans.swept':
      return `Ended what a gateway that was killed had left running: ${event.groups} process group${event.groups === 1 ? '' : 's'}`;
    case 'orphans.unguarded':
      return event.what === 'watchdog'
        ? `There is no watchdog (${event.why}): should the gateway be killed, servers that ignore the end of their input stay`
        : `No list of running servers is kept for the next start: ${event.why}`;
    case 'instance.paced':
      return `Server instance ${event.instance} of ${event.server} writes more than ${event.linesPerSecond} lines a second (maxLinesPerSecond); it is read no faster`;
    case 'spare.taken':
      return `Server instance ${event.instance} of ${event.server} was a spare and is taken${event.shaken ? ', ready' : ''}`;
    case 'spares.delayed':
      return `Spares of ${event.server} are not replaced for ${Math.round(event.waitMs)} ms: ${event.why}`;
    case 'session.opened':
      return `New ${FRONT_WORDS[event.front] ?? event.front} for ${event.server}, session ${shortId(event.session)} of ${event.principal}`;
    case 'session.apart':
      return `Session ${shortId(event.session)} of ${event.server} shares no process: ${event.why}`;
    case 'session.leased':
      return `Session ${shortId(event.session)} of ${event.server} uses instance ${event.instance}`;
    case 'session.ended':
      return `Session ${shortId(event.session)} of ${event.server} ended: ${event.reason}`;
    case 'request.refused':
      return `${event.method} ${event.url} refused with ${event.status} ${event.code}${event.detail === undefined ? '' : `: ${event.detail}`} (request ${event.requestId})`;
    case 'auth.guessing':
      return `${event.failures} wrong passwords in a row for one user from ${event.address}: nothing is checked for ${event.waitMs} ms`;
    case 'connection.refused':
      return `A connection was closed at limits.${event.limit}`;
    case 'call.settled':
      return `${event.server} ${event.method}: ${event.outcome} after ${event.tookMs.toFixed(1)} ms`;
    case 'server.tools-changed':
      return `Server instance ${event.instance} of ${event.server} says that its tools have changed`;
    case 'catalog.failed':
      return `The tools of ${event.server} could not be listed: ${event.why}`;
    case 'message':
      return `STDIO message ${event.direction === 'to-server' ? 'sent to' : 'received from'} ${event.server}[${event.instance}]: ${excerpt(event.bytes)}`;
  }
}

function changeWords(event: Extract<GatewayEvent, { type: 'config.reloaded' }>): string {
  const { added, removed, changed, retooled, auth, settings, needRestart } = event;
  const parts: [readonly string[], string][] = [
    [added, 'added'],
    [removed, 'removed'],
    [changed, 'changed, for new sessions'],
    [retooled, 'with other tools'],
  ];
  const words = parts.flatMap(([names, what]) =>
    names.length === 0 ? [] : [`server${names.length === 1 ? '' : 's'} ${names.join(', ')} ${what}`],
  );
  if (auth) words.push('credentials changed');
  if (settings.length > 0) words.push(`${settings.join(', ')} changed`);
  if (needRestart.length > 0) words.push(`${needRestart.join(', ')} will change with the next start`);
  return words.length === 0 ? 'nothing has changed' : words.join('; ');
}

const FRONT_WORDS: Readonly<Record<string, string>> = {
  sse: 'SSE connection',
  streamable: 'Streamable HTTP session',
  rest: 'REST session',
};

/** Ids are enough to act as their session's owner does, once authenticated: a log shows only which is which. */
function shortId(session: string): string {
  return createHash('sha256').update(session).digest('hex').slice(0, 8);
}

function exitWords({ exitCode, signal, spawnError, stderrTail, expected }: InstanceExit): string {
  const how = spawnError ?? (signal === null ? `exit code ${exitCode}` : `signal ${signal}`);
  return expected || stderrTail.length === 0 ? how : `${how}; its last words: ${stderrTail.join(' | ')}`;
}

function fieldsOf(rest: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (name === 'session') fields['session'] = shortId(String(value));
    else if (
      name !== 'bytes' &&
      name !== 'cause' &&
      name !== 'exit' &&
      name !== 'line' &&
      value !== undefined
    )
      fields[name] = value;
  }
  return fields;
}

function excerpt(pieces: readonly Buffer[]): string {
  const whole = Buffer.concat(pieces);
  return whole.length <= MAX_MESSAGE_BYTES
    ? whole.toString()
    : `${whole.toString('utf8', 0, MAX_MESSAGE_BYTES)}… (${whole.length} bytes)`;
}
