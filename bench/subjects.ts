/** What is measured: the floor and the gateway, each a process of its own on 127.0.0.1. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from './driver.ts';
import { type Running, start } from './processes.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const ECHO = [join(ROOT, 'bench/echo-server.mjs')];
const TINY = join(ROOT, 'test/fixtures/tiny-server.sh');

const MiB = 1_048_576;
const HOUR_MS = 3_600_000;

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly era?: 'legacy';
  /** Spares that wait. */
  readonly warm?: number;
}

export const ECHO_PROGRAM: Program = { command: process.execPath, args: ECHO };
/** A child that weighs next to nothing, for many sessions. */
export const TINY_PROGRAM: Program = { command: '/bin/sh', args: [TINY], era: 'legacy' };
/** Each with a spare; the second takes a second before it reads. */
export const WARM_SERVERS: Readonly<Record<string, Program>> = {
  quick: { ...ECHO_PROGRAM, warm: 1 },
  slow: { command: process.execPath, args: [...ECHO, '--start-ms=1000'], warm: 1 },
};
export const MODERN_PROGRAM: Program = { command: process.execPath, args: [...ECHO, '--modern'] };
/** One of each era. */
export const ECHO_SERVERS: Readonly<Record<string, Program>> = { echo: ECHO_PROGRAM, modern: MODERN_PROGRAM };

export interface FloorOptions {
  readonly program?: Program;
  readonly nodeArgs?: readonly string[];
}

export function startFloor(
  folder: string,
  { program = ECHO_PROGRAM, nodeArgs = [] }: FloorOptions = {},
): Promise<Running> {
  return start({
    args: [...nodeArgs, join(ROOT, 'bench/floor.mjs'), program.command, ...program.args],
    logFile: join(folder, 'floor.log'),
    portOf: (line) => (/^\d+$/.test(line) ? Number(line) : undefined),
  });
}

export interface Gateway extends Running {
  readonly token: string;
}

export interface GatewayOptions {
  /** Servers by name. */
  readonly servers: Readonly<Record<string, Program>>;
  /** Arguments for node itself, such as those of a profile. */
  readonly nodeArgs?: readonly string[];
}

/**
 * The built gateway with what a user would have on: Bearer authentication, logging at info into a file, default eras.
 * Limits are raised so that the load does not meet them.
 */
export async function startGateway(
  folder: string,
  { servers, nodeArgs = [] }: GatewayOptions,
): Promise<Gateway> {
  const token = randomBytes(24).toString('base64url');
  const name = randomBytes(4).toString('hex');
  const file = join(folder, `gateway-${name}.yaml`);
  const entries = Object.entries(servers).map(([server, program]) => [
    server,
    { ...program, maxLineBytes: 64 * MiB },
  ]);
  // JSON is YAML.
  const config = {
    hostname: '127.0.0.1',
    port: 0,
    debug: { level: 'info' },
    auth: { bearer: { tokens: [{ name: 'bench', token }] } },
    limits: { sessions: 5000, sessionsPerPrincipal: 5000, instances: 5000, sessionIdleMs: HOUR_MS },
    servers: Object.fromEntries(entries),
  };
  await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 });
  const running = await start({
    args: [...nodeArgs, join(ROOT, 'bin/mcp-gateway.js'), '--config', file],
    logFile: join(folder, `gateway-${name}.log`),
    portOf: (line) => {
      const port = /listens on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      return port === undefined ? undefined : Number(port);
    },
  });
  return { ...running, token };
}

export const OURS = ['streamable', 'sse', 'modern', 'rest'] as const;
export type Ours = (typeof OURS)[number];

export function gatewayTarget(gateway: Gateway, protocol: Ours, server = serverOf(protocol)): Target {
  return { protocol, port: gateway.port, path: `/${server}`, token: gateway.token };
}

/** Each protocol meets a server of its own era, so that no bridge is measured. */
function serverOf(protocol: Ours): string {
  return protocol === 'modern' ? 'modern' : 'echo';
}

export function floorTarget(floor: Running): Target {
  return { protocol: 'floor', port: floor.port, path: '/' };
}

export const PIPE_TARGET: Target = { protocol: 'pipe', command: process.execPath, args: ECHO };
