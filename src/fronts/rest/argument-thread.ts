/** The thread in which arguments are checked: one check at a time, each within a time, the thread replaced when it fails. */
import { Worker } from 'node:worker_threads';

export interface Fault {
  /** JSON Pointer into the arguments (RFC 6901). */
  readonly pointer: string;
  readonly detail: string;
}

interface Check {
  readonly key: string;
  readonly schema: string;
  readonly args: string;
  readonly done: (faults: readonly Fault[]) => void;
}

/** How long one check may take, in milliseconds, compiling the schema included: a large schema takes a tenth on a slow machine. */
const CHECK_MS = 2000;
/** How long a schema that took longer is left alone, in milliseconds. */
const LEFT_ALONE_MS = 600_000;
const MAX_LEFT_ALONE = 1000;
/** Checks that wait for their turn; further ones are not made. */
const MAX_WAITING = 256;
/** Compiled schemas that are kept; each holds about 100 KB. */
const MAX_COMPILED = 256;
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };
const NO_FAULTS: readonly Fault[] = [];

export class ArgumentThread {
  readonly #waiting: Check[] = [];
  readonly #leftAlone = new Map<string, number>();
  /** Schemas that the thread knows, the oldest first. */
  #known = new Set<string>();
  #worker: Worker | undefined;
  #isReady = false;
  #running: Check | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Resolves with nothing where the arguments are right, or cannot be judged. Never rejects. Texts are JSON. */
  check(key: string, schema: string, args: string): Promise<readonly Fault[]> {
    const until = this.#leftAlone.get(key);
    if (until !== undefined && until > performance.now()) return Promise.resolve(NO_FAULTS);
    this.#leftAlone.delete(key);
    if (this.#isClosed || this.#waiting.length >= MAX_WAITING) return Promise.resolve(NO_FAULTS);
    return new Promise((done) => {
      this.#waiting.push({ key, schema, args, done });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#drop();
    for (const { done } of this.#waiting.splice(0)) done(NO_FAULTS);
    await worker?.terminate();
  }

  #next(): void {
    if (this.#running !== undefined || this.#waiting.length === 0) return;
    if (this.#worker === undefined) return this.#start();
    if (!this.#isReady) return;
    const check = this.#waiting.shift();
    if (check === undefined) return;
    this.#running = check;
    this.#timer = setTimeout(() => this.#late(check), CHECK_MS);
    this.#worker.postMessage({ ...this.#schemaFor(check), key: check.key, args: check.args });
  }

  #schemaFor({ key, schema }: Check): { schema?: string; forget?: string } {
    if (this.#known.has(key)) return {};
    const [oldest] = this.#known;
    const isFull = this.#known.size >= MAX_COMPILED && oldest !== undefined;
    if (isFull) this.#known.delete(oldest);
    this.#known.add(key);
    return isFull ? { schema, forget: oldest } : { schema };
  }

  #start(): void {
    const worker = new Worker(new URL('./argument-worker.mjs', import.meta.url), {
      env: {},
      resourceLimits: LIMITS,
    });
    // It keeps no process alive.
    worker.unref();
    this.#worker = worker;
    worker.on('message', (said: 'ready' | readonly Fault[]) => {
      if (worker !== this.#worker) return;
      if (said === 'ready') this.#isReady = true;
      else this.#finish(said);
      this.#next();
    });
    // Out of memory, for instance; whatever it was, its schema is not tried again.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      if (worker !== this.#worker) return;
      const wasReady = this.#isReady;
      this.#leaveAlone();
      this.#drop();
      if (wasReady) this.#next();
      else for (const { done } of this.#waiting.splice(0)) done(NO_FAULTS);
    });
  }

  #late(check: Check): void {
    if (check !== this.#running) return;
    const worker = this.#worker;
    this.#leaveAlone();
    this.#drop();
    void worker?.terminate();
    this.#next();
  }

  #leaveAlone(): void {
    if (this.#running === undefined) return;
    const [oldest] = this.#leftAlone.keys();
    if (this.#leftAlone.size >= MAX_LEFT_ALONE && oldest !== undefined) this.#leftAlone.delete(oldest);
    this.#leftAlone.set(this.#running.key, performance.now() + LEFT_ALONE_MS);
  }

  #drop(): void {
    this.#worker = undefined;
    this.#isReady = false;
    this.#known = new Set();
    this.#finish(NO_FAULTS);
  }

  #finish(faults: readonly Fault[]): void {
    clearTimeout(this.#timer);
    const done = this.#running?.done;
    this.#running = undefined;
    done?.(faults);
  }
}
