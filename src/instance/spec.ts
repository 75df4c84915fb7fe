import type { Era } from '../protocol/era.ts';
import type { ServerResources } from './resources.ts';

/** What to run for a server, and for how long it may take. All times in milliseconds. */
export interface ServerSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Which eras to try; `auto` finds out. */
  readonly era: 'auto' | Era;
  readonly startTimeoutMs: number;
  /** How long a server may be silent to server/discover before initialize is tried too. */
  readonly probeTimeoutMs: number;
  /** How long a question waits for the client to come back with the answer. */
  readonly parkTtlMs: number;
  /** A call without progress for this long is cancelled. */
  readonly callTimeoutMs: number;
  /** No progress extends a call beyond this. */
  readonly maxCallMs: number;
  /** Processes of the server at once; as many as there may be of all when undefined. */
  readonly maxInstances?: number | undefined;
  /** Calls in flight on one process. */
  readonly maxCalls: number;
  /** Lines read from one process in a second, answers to calls aside. */
  readonly maxLinesPerSecond: number;
  /** Spares to keep ready, of each kind of caller. */
  readonly warm: number;
  /** Longest line accepted from the server, in bytes. */
  readonly maxLineBytes: number;
  readonly resources?: ServerResources | undefined;
}

/**
 * Variables that a program needs to find itself, its user's home and its language. Everything else, the gateway's
 * own tokens first of all, reaches a server only when the configuration names it.
 */
const INHERITED: readonly string[] = [
  ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'TEMP', 'TMP'],
  ['LC_ALL', 'LC_CTYPE', 'LC_MESSAGES', 'LC_NUMERIC', 'LC_TIME', 'LC_COLLATE', 'LC_MONETARY'],
  ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'],
  // Windows cannot start most programs without these.
  ['SystemRoot', 'SystemDrive', 'ComSpec', 'PATHEXT', 'APPDATA', 'LOCALAPPDATA', 'USERPROFILE'],
  ['ProgramFiles', 'ProgramData', 'HOMEDRIVE', 'HOMEPATH', 'USERNAME', 'PROCESSOR_ARCHITECTURE'],
].flat();

export function childEnvironment(
  parent: NodeJS.ProcessEnv,
  declared: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of INHERITED) {
    const value = parent[name];
    // Exported shell functions look like this and are code (Shellshock).
    if (value !== undefined && !value.startsWith('()')) env[name] = value;
  }
  return { ...env, ...declared };
}
