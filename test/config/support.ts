import type { Sources } from '../../src/config/environment.ts';
import { formatIssue } from '../../src/config/issues.ts';
import { type LoadedConfig, parseConfig } from '../../src/config/parse.ts';

export const FOLDER = '/etc/gateway';

export interface Given {
  readonly file?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

export function sources({ env = {}, files = {} }: Given = {}): Sources {
  return {
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    file: (path) => {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      return text === undefined ? { ok: false, why: 'there is no such file' } : { ok: true, text };
    },
  };
}

export function parse(text: string, given: Given = {}): LoadedConfig {
  return parseConfig({ file: given.file ?? 'c.yaml', folder: FOLDER, text }, sources(given));
}

/** The messages of a file that is refused. */
export function refused(text: string, given: Given = {}): string[] {
  const loaded = parse(text, given);
  if (loaded.ok) throw new Error('the file was accepted');
  return loaded.issues.map(formatIssue);
}

/** What a file that is accepted becomes. */
export function accepted(text: string, given: Given = {}) {
  const loaded = parse(text, given);
  if (!loaded.ok) throw new Error(loaded.issues.map(formatIssue).join('\n'));
  return { ...loaded, warnings: loaded.warnings.map(formatIssue) };
}

/** The least valid file, to append to. */
export const SERVERS = 'servers: {fs: {command: npx}}\n';
