/**
 * Which process groups a gateway has running, on disk: the next one ends what a killed one left. The folder and its
 * files are trusted only when nobody else can have written them, and a group is known by its leader's number and birth.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processRow } from './process-birth.ts';

/** A process group by the number and the birth of its leader. */
export interface GroupMark {
  readonly group: number;
  readonly born: number;
}

/** What a gateway that is gone had running when it was last seen. */
export interface StaleJournal {
  readonly path: string;
  readonly groups: readonly GroupMark[];
  /** In clock ticks since the machine started: the gateway was alive then. */
  readonly seenAlive: number;
}

/** A longer file is none of ours. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Written anew from here on, with what still runs: some 5,000 starts. */
const REWRITE_BYTES = 256 * 1024;
const NAME = /^[0-9a-f]{16}\.run$/;
const OTHERS = 0o077;

/** The user's own runtime folder, which goes with the session or the boot; else a folder of the user's own among the temporary ones. */
export function journalFolder(env: NodeJS.ProcessEnv = process.env): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime?.startsWith('/') === true) return join(runtime, 'mcp-gateway');
  return join(tmpdir(), `mcp-gateway-${process.getuid?.() ?? 0}`);
}

export class Journal {
  readonly path: string;
  readonly #fd: number;
  readonly #head: string;
  #bytes = 0;
  #rewrittenBytes = 0;

  /** @throws where no file can be kept that is safe to believe later */
  constructor(folder: string) {
    const own = processRow(process.pid);
    const here = whereabouts();
    if (own === undefined || here === undefined) throw new Error('this system has no /proc');
    claimFolder(folder);
    this.path = join(folder, `${randomBytes(8).toString('hex')}.run`);
    const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
    this.#fd = openSync(this.path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600);
    this.#head = `gateway ${here} ${own.pid} ${own.born}\n`;
    this.write(this.#head);
  }

  write(line: string): void {
    try {
      this.#bytes += writeSync(this.#fd, line);
    } catch {
      // A full disk must not keep a server from starting; the watchdog knows as well.
    }
  }

  /** Whether it should be written anew. */
  get isLong(): boolean {
    return this.#bytes > Math.max(REWRITE_BYTES, 2 * this.#rewrittenBytes);
  }

  /** Only with these lines. */
  rewrite(lines: readonly string[]): void {
    ftruncateSync(this.#fd);
    this.#bytes = 0;
    this.write(`${this.#head}${lines.join('')}`);
    this.#rewrittenBytes = this.#bytes;
  }

  remove(): void {
    closeSync(this.#fd);
    removeFile(this.path);
  }
}

/** Journals of gateways that are gone. Files of an earlier boot are removed; what is not certainly ours is not touched. */
export function staleJournals(folder: string): StaleJournal[] {
  const here = whereabouts();
  if (here === undefined || !isOurFolder(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .flatMap((name) => {
      const path = join(folder, name);
      const text = readOwnFile(path);
      return text === undefined ? [] : staleOf(path, text, here);
    });
}

export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else was quicker.
  }
}

function staleOf(path: string, text: string, here: string): StaleJournal[] {
  const [head = '', ...lines] = text.split('\n');
  const [word, boot, namespace, pid, born] = head.split(' ');
  if (word !== 'gateway' || !isCount(pid) || !isCount(born)) return [];
  const [thisBoot, thisNamespace] = here.split(' ');
  // Numbers of another namespace mean other processes.
  if (boot === thisBoot && namespace !== thisNamespace) return [];
  if (boot !== thisBoot) {
    removeFile(path);
    return [];
  }
  if (processRow(Number(pid))?.born === Number(born)) return [];
  return [{ path, ...replay(lines) }];
}

function replay(lines: readonly string[]): Pick<StaleJournal, 'groups' | 'seenAlive'> {
  const groups = new Map<string, GroupMark>();
  let seenAlive = 0;
  for (const line of lines) {
    const [what, id, born] = line.split(' ');
    if (what === '.' && isCount(id)) seenAlive = Math.max(seenAlive, Number(id));
    if (!isCount(id) || !isCount(born)) continue;
    if (what === '+') groups.set(`${id} ${born}`, { group: Number(id), born: Number(born) });
    if (what === '-') groups.delete(`${id} ${born}`);
    seenAlive = Math.max(seenAlive, Number(born));
  }
  return { groups: [...groups.values()], seenAlive };
}

function isCount(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,15}$/.test(text);
}

/** The boot and the namespace that process numbers belong to. */
function whereabouts(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

function claimFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isOurFolder(folder)) throw new Error(`${folder} is not a folder that only this user can write to`);
}

/** Not a link, ours, and closed to everyone else: nobody but this user, or root, can have put anything there. */
function isOurFolder(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === process.getuid?.() && (stats.mode & OTHERS) === 0;
}

function readOwnFile(path: string): string | undefined {
  try {
    const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      const isOurs = stats.isFile() && stats.uid === process.getuid?.() && (stats.mode & OTHERS) === 0;
      return isOurs && stats.nlink === 1 && stats.size <= MAX_BYTES ? readFileSync(fd, 'latin1') : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
