/**
 * Cares that no server outlives a gateway that was killed: a watchdog ends them at once, and a journal lets the next
 * gateway end what even the watchdog could not. Both begin with the first process, and end with `stop`.
 */
import { uptime } from 'node:os';
import type { Events } from '../events.ts';
import { Journal, journalFolder } from './journal.ts';
import { processRow } from './process-birth.ts';
import { sweepOrphans } from './sweep-orphans.ts';
import { Watchdog } from './watchdog.ts';

export interface GuardedGroup {
  /** It still runs: whatever it started by now is known to be of this gateway's time. */
  seen(): void;
  /** The group has no members any more; its number may be given to somebody else. */
  gone(): void;
}

/** Linux counts births in hundredths of a second since the machine started. */
const TICKS_PER_SECOND = 100;
const UNGUARDED: GuardedGroup = { seen: () => undefined, gone: () => undefined };

export class OrphanGuard {
  readonly #events: Events;
  readonly #folder: string;
  readonly #running = new Set<string>();
  #journal: Journal | 'none' | undefined;
  #watchdog: Watchdog | 'none' | undefined;

  constructor(events: Events, folder: string = journalFolder()) {
    this.#events = events;
    this.#folder = folder;
  }

  /** Ends what a gateway that was killed has left. */
  async sweep(): Promise<void> {
    const groups = await sweepOrphans(this.#folder);
    if (groups > 0) this.#events.emit({ type: 'orphans.swept', groups });
  }

  /** `pid` leads a process group, and has just been started. */
  add(pid: number): GuardedGroup {
    // Windows has no groups, and its servers end with their input.
    if (process.platform === 'win32') return UNGUARDED;
    const mark = `${pid} ${processRow(pid)?.born ?? 0}`;
    this.#begin();
    this.#running.add(mark);
    this.#tell(`+ ${mark}\n`);
    return {
      seen: () => this.#write(`. ${Math.floor(uptime() * TICKS_PER_SECOND)}\n`),
      gone: () => {
        if (this.#running.delete(mark)) this.#tell(`- ${mark}\n`);
      },
    };
  }

  /** Every process has ended. */
  async stop(): Promise<void> {
    if (this.#watchdog instanceof Watchdog) await this.#watchdog.dismiss();
    if (this.#journal instanceof Journal) this.#journal.remove();
    this.#watchdog = undefined;
    this.#journal = undefined;
  }

  #begin(): void {
    this.#journal ??= this.#openJournal();
    if (this.#watchdog !== undefined) return;
    const { path } = this.#journal instanceof Journal ? this.#journal : { path: undefined };
    try {
      const watchdog = new Watchdog(path, (why) => this.#lost(why));
      this.#watchdog = watchdog;
      for (const line of this.#lines()) watchdog.tell(line);
    } catch (cause) {
      this.#lost(cause instanceof Error ? cause.message : String(cause));
    }
  }

  /** The next start begins another one; one that could not even be started will not be able to later. */
  #lost(why: string): void {
    const isAbsent = why.includes('ENOENT') || why.includes('EACCES');
    this.#watchdog = isAbsent ? 'none' : undefined;
    this.#events.emit({ type: 'orphans.unguarded', what: 'watchdog', why });
  }

  /** The next start tries again where only descriptors were missing. */
  #openJournal(): Journal | 'none' | undefined {
    try {
      const journal = new Journal(this.#folder);
      for (const line of this.#lines()) journal.write(line);
      return journal;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#events.emit({ type: 'orphans.unguarded', what: 'journal', why });
      return /\bE[MN]FILE\b/.test(why) ? undefined : 'none';
    }
  }

  #tell(line: string): void {
    if (this.#watchdog instanceof Watchdog) this.#watchdog.tell(line);
    this.#write(line);
  }

  #write(line: string): void {
    if (!(this.#journal instanceof Journal)) return;
    this.#journal.write(line);
    if (this.#journal.isLong) this.#journal.rewrite(this.#lines());
  }

  #lines(): string[] {
    return [...this.#running].map((mark) => `+ ${mark}\n`);
  }
}
