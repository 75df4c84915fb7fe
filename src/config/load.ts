import { readFileSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { SecretFile, Sources } from './environment.ts';
import { fingerprintOf } from './fingerprints.ts';
import type { ConfigIssue } from './issues.ts';
import { type LoadedConfig, parseConfig } from './parse.ts';

/** A configuration with a thousand servers has some 200 kB. */
const MAX_FILE_BYTES = 1_048_576;
const MAX_SECRET_FILE_BYTES = 65_536;
const GROUP_OR_WORLD_WRITABLE = 0o022;

export type { LoadedConfig } from './parse.ts';

/** Absolute path of the configuration file: `--config`, then CONFIG_PATH, then ./config.yaml; an empty one is none. */
export function resolveConfigPath(option: string | undefined, env: NodeJS.ProcessEnv, cwd: string): string {
  return resolve(cwd, option || env['CONFIG_PATH'] || 'config.yaml');
}

/** With every file that was read for it, and what it held; undefined where it could not be read. */
export type LoadedFiles = LoadedConfig & { readonly files: ReadonlyMap<string, string | undefined> };

/** Reads, substitutes and validates the file. Never rejects: whatever is wrong is among the issues, all in one run. */
export async function loadConfig(path: string, env: NodeJS.ProcessEnv): Promise<LoadedFiles> {
  const folder = dirname(resolve(path));
  const files = new Map<string, string | undefined>();
  const read = await readConfigFile(path);
  files.set(resolve(path), read.print);
  if (!read.ok) return { ok: false, issues: [wholeFile(path, read.what, read.hint)], files };
  const loaded = parseConfig({ file: path, folder, text: read.text }, sourcesOf(env, folder, files));
  if (!loaded.ok || !read.isExposed) return { ...loaded, files };
  const warning = wholeFile(path, 'others than its owner can change this file', `run chmod go-w ${path}`);
  return { ...loaded, warnings: [warning, ...loaded.warnings], files };
}

type ReadFile =
  | { readonly ok: true; readonly text: string; readonly isExposed: boolean; readonly print: string }
  | { readonly ok: false; readonly what: string; readonly hint?: string; readonly print?: string };

async function readConfigFile(path: string): Promise<ReadFile> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stats = await handle.stat();
    if (stats.isDirectory())
      return { ok: false, what: 'this is a directory', hint: `name a file in it; ${CHOICE}` };
    const bytes = await readAtMost(handle, MAX_FILE_BYTES + 1);
    if (bytes.length > MAX_FILE_BYTES) return { ok: false, what: 'the file is larger than 1 MiB' };
    const text = decode(bytes);
    const print = fingerprintOf(bytes);
    if (text === undefined)
      return { ok: false, what: 'the file is not UTF-8 text', hint: 'save it as UTF-8', print };
    const isExposed =
      process.platform !== 'win32' && stats.isFile() && (stats.mode & GROUP_OR_WORLD_WRITABLE) !== 0;
    return { ok: true, text, isExposed, print };
  } catch (cause) {
    return fileProblem(cause);
  } finally {
    await handle?.close().catch(() => undefined);
  }
}

const CHOICE =
  'say which with --config or the environment variable CONFIG_PATH (the default is ./config.yaml)';

function fileProblem(cause: unknown): ReadFile {
  const code = codeOf(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return { ok: false, what: 'there is no such file', hint: `create it, or ${CHOICE}` };
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      ok: false,
      what: 'the file may not be read',
      hint: 'give the user that runs the gateway the right to read it',
    };
  }
  return { ok: false, what: `the file cannot be read (${code})`, hint: CHOICE };
}

/** `stat` may not know the size (a pipe, /proc), so the bound is on what is read. */
async function readAtMost(handle: FileHandle, limit: number): Promise<Buffer> {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await handle.read(buffer, length, limit - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function sourcesOf(env: NodeJS.ProcessEnv, folder: string, files: Map<string, string | undefined>): Sources {
  return {
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    file: (path) => readSecretFile(resolve(folder, path), files),
  };
}

function readSecretFile(path: string, files: Map<string, string | undefined>): SecretFile {
  files.set(path, undefined);
  try {
    const stats = statSync(path);
    // A pipe without a writer would block the start for ever.
    if (!stats.isFile()) return { ok: false, why: 'it is not a regular file' };
    if (stats.size > MAX_SECRET_FILE_BYTES) return { ok: false, why: 'it is larger than 64 KiB' };
    const bytes = readFileSync(path);
    files.set(path, fingerprintOf(bytes));
    const text = decode(bytes);
    return text === undefined ? { ok: false, why: 'it is not UTF-8 text' } : { ok: true, text };
  } catch (cause) {
    const code = codeOf(cause);
    return { ok: false, why: code === 'ENOENT' ? 'there is no such file' : `the system says ${code}` };
  }
}

/** Without a byte order mark; undefined when it is not UTF-8. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
}

function wholeFile(file: string, what: string, hint: string | undefined): ConfigIssue {
  return { file, line: 0, column: 0, path: '', what, ...(hint === undefined ? {} : { hint }) };
}
