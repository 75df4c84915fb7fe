/**
 * Tells that files may have changed, in whatever way: written in place, replaced by a rename, or reached through a
 * symbolic link that points elsewhere now, as in a Kubernetes ConfigMap. So directories are watched, not files, along
 * the whole chain of links; and once in a while it looks by itself, for file systems that tell nothing.
 */
import { type FSWatcher, lstatSync, readlinkSync, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

export interface FileWatch {
  /** Watches these files instead. */
  update(files: Iterable<string>): void;
  stop(): void;
}

export interface WatchOptions {
  /** May be called often, and when nothing has changed after all. */
  readonly onChange: () => void;
  /** The system does not watch: changes are noticed late. */
  readonly onBlind: (why: string) => void;
  readonly lookEveryMs?: number;
}

/** How late a change is noticed where the system tells nothing (network mounts, no inotify watches left). */
const LOOK_EVERY_MS = 5000;
/** As many as Linux follows. */
const MAX_LINKS = 40;

export function watchFiles(files: Iterable<string>, options: WatchOptions): FileWatch {
  return new DirectoryWatch(files, options);
}

class DirectoryWatch implements FileWatch {
  readonly #options: WatchOptions;
  readonly #timer: NodeJS.Timeout;
  #files: readonly string[] = [];
  #watchers: FSWatcher[] = [];
  #signature = '';
  #isBlind = false;
  #stopped = false;

  constructor(files: Iterable<string>, options: WatchOptions) {
    this.#options = options;
    this.update(files);
    this.#timer = setInterval(() => void this.#look(), options.lookEveryMs ?? LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Always anew: a directory that was itself replaced is another one under the same name. */
  update(files: Iterable<string>): void {
    this.#close();
    if (this.#stopped) return;
    this.#files = [...files];
    const names = new Map<string, Set<string>>();
    for (const file of this.#files) notePlaces(file, names);
    for (const [directory, watched] of names) this.#watch(directory, watched);
    void this.#sign().then((signature) => {
      this.#signature = signature;
    });
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#close();
  }

  #watch(directory: string, names: ReadonlySet<string>): void {
    try {
      // A log beside the configuration changes all the time.
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        if (name === null || names.has(name)) this.#options.onChange();
      });
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      // A directory that is not there yet is found by looking.
      if (this.#isBlind || code === 'ENOENT') return;
      this.#isBlind = true;
      this.#options.onBlind(code);
    }
  }

  async #look(): Promise<void> {
    const signature = await this.#sign();
    if (this.#stopped || signature === this.#signature) return;
    this.#signature = signature;
    this.#options.onChange();
  }

  /** Differs when a file was replaced or written; links are followed. */
  async #sign(): Promise<string> {
    const signs = this.#files.map(async (file) => {
      const found = await stat(file).catch(() => undefined);
      return found && [found.dev, found.ino, found.size, found.mtimeMs, found.ctimeMs].join(' ');
    });
    return (await Promise.all(signs)).join('\n');
  }

  #close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }
}

/** Notes where the file and everything that its name leads through stand: names, by directory. */
function notePlaces(file: string, names: Map<string, Set<string>>): void {
  const note = (path: string): void => {
    const directory = dirname(path);
    names.set(directory, (names.get(directory) ?? new Set()).add(basename(path)));
  };
  const pending = [resolve(file)];
  for (let links = 0; pending.length > 0 && links < MAX_LINKS; ) {
    const path = pending.pop() ?? '';
    note(path);
    // A directory in between may be a link, too.
    for (let part = path; part !== dirname(part); part = dirname(part)) {
      const target = linkTarget(part);
      if (target === undefined) continue;
      links += 1;
      note(part);
      pending.push(resolve(dirname(part), target) + path.slice(part.length));
    }
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}
