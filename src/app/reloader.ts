/**
 * From "something may have changed" to a configuration in use, one at a time. A file is read when it has come to
 * rest, and only when its content is another; a bad one changes nothing and is told once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { canBeReread, type Fingerprints, fingerprints, MISSING } from '../config/fingerprints.ts';
import { formatIssue } from '../config/issues.ts';
import { type LoadedFiles, loadConfig } from '../config/load.ts';
import type { Gateway } from './gateway.ts';

export type GoodConfig = Extract<LoadedFiles, { ok: true }>;

export interface ReloaderOptions {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** Of the configuration in use. */
  readonly files: LoadedFiles['files'];
  readonly gateway: Pick<Gateway, 'reload' | 'events'>;
  /** Called before a good configuration is put to use, and before anything is logged of it. */
  readonly onLoaded: (loaded: GoodConfig) => void;
  /** The files to watch from now on. */
  readonly onFiles: (files: Iterable<string>) => void;
}

/** Changes come in bursts: how long to wait after the first, in milliseconds. */
const GATHER_MS = 200;
/** What is the same after this long was written to its end. */
const REST_MS = 100;
/** Some editors remove a file before they write it anew: how long it may be gone. */
const GONE_MS = 1000;
/** Most problems that one event tells. */
const MAX_PROBLEMS = 20;

export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #stopping = new AbortController();
  /** What was last tried, good or bad; undefined for what could not be read. */
  #tried: LoadedFiles['files'];
  /** Files to look at. */
  #files: readonly string[];
  #wanted: 'no' | 'if-changed' | 'always' = 'no';
  #running: Promise<void> | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#tried = options.files;
    this.#files = [...options.files.keys()];
  }

  /** Soon; requests until then are one. `always` also looks at a file that has not changed. */
  request(how: 'if-changed' | 'always'): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#wanted !== 'always') this.#wanted = how;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#wanted !== 'no') {
        await this.#sleep(GATHER_MS);
        const how = this.#wanted;
        this.#wanted = 'no';
        await this.#look(how === 'always');
      }
    } catch (cause) {
      if (!this.#stopping.signal.aborted) throw cause;
    }
  }

  async #look(always: boolean): Promise<void> {
    const prints = await this.#atRest();
    if (!always && !this.#differ(prints)) return;
    const { path, env, onFiles } = this.#options;
    if (!(await canBeReread(path)))
      return this.#reject([`${path} is no regular file and cannot be read again`]);
    const loaded = await loadConfig(path, env);
    this.#files = [...loaded.files.keys()];
    // Written after it had come to rest, or named only now: what was read is perhaps nothing that anybody meant.
    const isSure = [...loaded.files].every(
      ([file, print]) => prints.has(file) && (print === undefined || print === prints.get(file)),
    );
    if (!isSure) return this.#look(always);
    this.#tried = new Map(this.#files.map((file) => [file, prints.get(file)]));
    this.#stopping.signal.throwIfAborted();
    this.#use(loaded);
    onFiles(this.#files);
    // What changed before the new files were watched.
    if (this.#wanted === 'no') this.#wanted = 'if-changed';
  }

  #differ(prints: Fingerprints): boolean {
    return [...prints].some(([file, print]) => this.#tried.get(file) !== print);
  }

  #use(loaded: LoadedFiles): void {
    const { gateway, onLoaded } = this.#options;
    if (!loaded.ok) return this.#reject(loaded.issues.slice(0, MAX_PROBLEMS).map(formatIssue));
    onLoaded(loaded);
    try {
      gateway.reload(loaded.config);
    } catch (cause) {
      this.#reject([cause instanceof Error ? cause.message : String(cause)]);
    }
  }

  #reject(problems: readonly string[]): void {
    this.#options.gateway.events.emit({ type: 'config.rejected', problems });
  }

  /** What the files hold once it has stayed the same for a while. */
  async #atRest(): Promise<Fingerprints> {
    let before = await fingerprints(this.#files);
    for (let goneMs = 0; ; ) {
      await this.#sleep(REST_MS);
      const prints = await fingerprints(this.#files);
      const isGone = [...prints.values()].includes(MISSING);
      goneMs = isGone ? goneMs + REST_MS : 0;
      const isSame = [...prints].every(([file, print]) => before.get(file) === print);
      if (isSame && (!isGone || goneMs >= GONE_MS)) return prints;
      before = prints;
    }
  }

  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal });
  }
}
