/** What a list of process groups must look like to be believed: a wrong one must not end a stranger. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvents, type GatewayEvent } from '../../src/events.ts';
import { Journal, journalFolder, staleJournals } from '../../src/instance/journal.ts';
import { OrphanGuard } from '../../src/instance/orphan-guard.ts';
import { processRow } from '../../src/instance/process-birth.ts';
import { isOurs, sweepOrphans } from '../../src/instance/sweep-orphans.ts';
import { processesGone } from '../support/no-leaks.ts';
import { tempFolder } from './helpers.ts';

const NAME = `${'0'.repeat(16)}.run`;
let temp: ReturnType<typeof tempFolder>;
let folder: string;
let stranger: ChildProcess;
let pid: number;
let born: number;

beforeEach(async () => {
  temp = tempFolder();
  folder = join(temp.path, 'mcp-gateway');
  stranger = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  pid = stranger.pid ?? 0;
  born = processRow(pid)?.born ?? 0;
  mkdirSync(folder, { mode: 0o700 });
});
afterEach(async () => {
  if (stranger.exitCode === null && stranger.signalCode === null) {
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  }
  temp[Symbol.dispose]();
});

/** The head of a gateway of this boot that is gone. */
function deadHead(): string {
  const journal = new Journal(join(temp.path, 'another'));
  const head = readFileSync(journal.path, 'latin1').trim();
  journal.remove();
  return head.replace(/ \d+ \d+$/, ' 999999999 1');
}

function put(text: string, path = join(folder, NAME)): string {
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const alive = (): boolean => stranger.exitCode === null && stranger.signalCode === null;

describe('[fault 40] a list of process groups that a dead gateway left', () => {
  it('is carried out when it names a group by its number and birth, and removed', async () => {
    put(`${deadHead()}\n+ ${pid} ${born}\n`);
    expect(await sweepOrphans(folder)).toBe(1);
    await processesGone([pid]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says nothing of a group that was taken back', async () => {
    put(`${deadHead()}\n+ ${pid} ${born}\n- ${pid} ${born}\n`);
    expect([await sweepOrphans(folder), alive(), readdirSync(folder)]).toEqual([0, true, []]);
  });

  it('[fault 41] does not reach a process that has the number of an earlier one', async () => {
    put(`${deadHead()}\n+ ${pid} ${born - 1}\n`);
    expect([await sweepOrphans(folder), alive()]).toEqual([0, true]);
  });

  it.each([
    ['nothing', ''],
    ['no head', '+ PID BORN\n'],
    ['a head of something else', 'something else 1 2 3\n+ PID BORN\n'],
    ['a head with words for numbers', 'HEAD-WORDS\n+ PID BORN\n'],
    ['negative numbers', 'HEAD\n+ -PID BORN\n+ -1 0\n'],
    ['everybody, init, and this process', 'HEAD\n+ 0 0\n+ 1 0\n+ -1 -1\n+ SELF SELFBORN\n'],
    ['numbers beyond all numbers', 'HEAD\n+ 99999999999999999999 BORN\n+ 1e3 BORN\n+ 0x10 BORN\n'],
    ['garbage', `HEAD\n${'\u0000\u00ff; rm -rf /\n'.repeat(100)}+ PID\n+\n PID BORN\n`],
  ])('that holds %s ends nobody', async (_what, text) => {
    const head = deadHead();
    const own = processRow(process.pid)?.born ?? 0;
    put(
      text
        .replaceAll('HEAD-WORDS', head.replace(/ \d+ \d+$/, ' x y'))
        .replaceAll('HEAD', head)
        .replaceAll('SELFBORN', String(own))
        .replaceAll('SELF', String(process.pid))
        .replaceAll('PID', String(pid))
        .replaceAll('BORN', String(born)),
    );
    expect([await sweepOrphans(folder), alive()]).toEqual([0, true]);
  });

  it('of an earlier boot is removed unread, of another process namespace left where it is', async () => {
    const head = deadHead();
    put(`${head.replace(/ [0-9a-f-]{36} /, ' 00000000-0000-0000-0000-000000000000 ')}\n+ ${pid} ${born}\n`);
    put(
      `${head.replace(/pid:\[\d+\]/, 'pid:[1]')}\n+ ${pid} ${born}\n`,
      join(folder, `${'1'.repeat(16)}.run`),
    );
    expect([await sweepOrphans(folder), alive(), readdirSync(folder)]).toEqual([
      0,
      true,
      [`${'1'.repeat(16)}.run`],
    ]);
  });

  it('is not believed when somebody else could have written it', async () => {
    const text = `${deadHead()}\n+ ${pid} ${born}\n`;
    const path = put(text);
    chmodSync(path, 0o622);
    expect(staleJournals(folder)).toEqual([]);
    chmodSync(path, 0o600);
    linkSync(path, join(temp.path, 'hard-link'));
    expect(staleJournals(folder)).toEqual([]);
    const link = join(folder, `${'2'.repeat(16)}.run`);
    renameSync(path, join(temp.path, 'moved'));
    symlinkSync(join(temp.path, 'moved'), link);
    expect(staleJournals(folder)).toEqual([]);
    mkdirSync(join(folder, `${'3'.repeat(16)}.run`));
    put(text, join(folder, 'not-a-name.run'));
    expect(staleJournals(folder)).toEqual([]);
    expect([await sweepOrphans(folder), alive()]).toEqual([0, true]);
  });

  it('is not believed in a folder that others may write to, that is theirs, or that is a link', async () => {
    put(`${deadHead()}\n+ ${pid} ${born}\n`);
    const link = join(temp.path, 'link');
    symlinkSync(folder, link);
    expect(staleJournals(link)).toEqual([]);
    chmodSync(folder, 0o770);
    expect(staleJournals(folder)).toEqual([]);
    expect(() => new Journal(folder)).toThrow(/only this user/);
    chmodSync(folder, 0o700);
    expect(staleJournals(folder)).toHaveLength(1);
    if (process.getuid?.() === 0) {
      chownSync(folder, 12_345, 12_345);
      expect(staleJournals(folder)).toEqual([]);
      expect(() => new Journal(folder)).toThrow(/only this user/);
    }
    expect(staleJournals(join(temp.path, 'nowhere'))).toEqual([]);
  });
});

describe('[fault 41] the number of a process', () => {
  const mark = { group: 5000, born: 100 };
  const row = { pid: 5000, group: 5000, session: 5000, born: 100 };
  const nobody = (): never[] => [];

  it('is that of our group while its leader is the one that was born then', () => {
    expect(isOurs({ mark, seenAlive: 100 }, row, nobody)).toBe(true);
    expect(isOurs({ mark, seenAlive: 100 }, { ...row, born: 101 }, nobody)).toBe(false);
    expect(isOurs({ mark, seenAlive: 100 }, { ...row, group: 4999 }, nobody)).toBe(false);
  });

  it('is ours without its leader only by a member of its session that was born while we lived', () => {
    const member = (born: number, session = 5000) => [{ pid: 5001, group: 5000, session, born }];
    expect(isOurs({ mark, seenAlive: 200 }, undefined, () => member(150))).toBe(true);
    expect(isOurs({ mark, seenAlive: 200 }, undefined, () => member(201))).toBe(false);
    expect(isOurs({ mark, seenAlive: 200 }, undefined, () => member(99))).toBe(false);
    expect(isOurs({ mark, seenAlive: 200 }, undefined, () => member(150, 4999))).toBe(false);
    expect(isOurs({ mark, seenAlive: 200 }, undefined, nobody)).toBe(false);
  });
});

describe('a guard', () => {
  it('keeps its list in the runtime folder of the user, else in one of its own among the temporary ones', () => {
    expect(journalFolder({ XDG_RUNTIME_DIR: '/run/user/1' })).toBe('/run/user/1/mcp-gateway');
    expect(journalFolder({ XDG_RUNTIME_DIR: 'relative' })).toMatch(/\/mcp-gateway-\d+$/);
  });

  it('keeps its list short, however many processes come and go, and loses none that runs', async () => {
    const guard = new OrphanGuard(createEvents(), folder);
    guard.add(pid);
    const longest = { bytes: 0 };
    const [name = ''] = readdirSync(folder);
    for (let n = 0; n < 20_000; n += 1) {
      const other = guard.add(process.pid);
      other.seen();
      other.gone();
      if (n % 100 === 0) longest.bytes = Math.max(longest.bytes, statSync(join(folder, name)).size);
    }
    expect([longest.bytes > 100_000, longest.bytes < 300_000]).toEqual([true, true]);
    const text = readFileSync(join(folder, name), 'latin1');
    expect(text.split('\n')).toContain(`+ ${pid} ${born}`);
    expect(text).toMatch(/^gateway /);
    guard.add(pid).gone();
    await guard.stop();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does without a list where none can be kept, and says so; its watchdog is there all the same', async () => {
    const events = createEvents();
    const seen: GatewayEvent[] = [];
    events.subscribe((event) => seen.push(event));
    writeFileSync(join(temp.path, 'file'), '');
    const guard = new OrphanGuard(events, join(temp.path, 'file', 'folder'));
    guard.add(pid).gone();
    await guard.stop();
    expect(seen).toEqual([
      { type: 'orphans.unguarded', what: 'journal', why: expect.stringContaining('ENOTDIR') },
    ]);
    expect(alive()).toBe(true);
  });
});
