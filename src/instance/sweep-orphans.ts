/** Ends the process groups that a killed gateway left, when it is certain that they are those. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GroupMark, removeFile, type StaleJournal, staleJournals } from './journal.ts';
import { type ProcessRow, processRow } from './process-birth.ts';

/** As in stop-group.ts: from SIGTERM to SIGKILL. */
const GRACE_MS = 2000;
const POLL_MS = 50;

/** Resolves with the number of groups that were found running. Never rejects. */
export async function sweepOrphans(folder: string): Promise<number> {
  const journals = findJournals(folder);
  const orphans = journals.flatMap(({ groups, seenAlive }) =>
    groups.map((mark) => ({ mark, seenAlive })).filter(isRunning),
  );
  if (orphans.length > 0) {
    for (const orphan of orphans) signal(orphan, 'SIGTERM');
    const deadline = performance.now() + GRACE_MS;
    while (orphans.some(isRunning) && performance.now() < deadline) await sleep(POLL_MS);
    for (const orphan of orphans) signal(orphan, 'SIGKILL');
  }
  for (const { path } of journals) removeFile(path);
  return orphans.length;
}

interface Orphan {
  readonly mark: GroupMark;
  readonly seenAlive: number;
}

function findJournals(folder: string): StaleJournal[] {
  try {
    return staleJournals(folder);
  } catch {
    return [];
  }
}

function isRunning(orphan: Orphan): boolean {
  return isOurs(orphan, processRow(orphan.mark.group), () => membersOf(orphan.mark.group));
}

/** Looked at again right before it is signalled. */
function signal(orphan: Orphan, name: NodeJS.Signals): void {
  if (!isRunning(orphan)) return;
  try {
    process.kill(-orphan.mark.group, name);
  } catch {
    // It has gone meanwhile.
  }
}

/**
 * A leader that is there must be the one that was born then. Where it has gone, a member must be in its session, which
 * nobody can enter later, and have been born while the gateway still lived: the number was not another's then.
 */
export function isOurs(
  { mark, seenAlive }: Orphan,
  leader: ProcessRow | undefined,
  members: () => readonly ProcessRow[],
): boolean {
  if (mark.group <= 1 || mark.group === process.pid) return false;
  if (leader !== undefined) return leader.born === mark.born && leader.group === mark.group;
  return members().some(
    ({ session, born }) => session === mark.group && born >= mark.born && born <= seenAlive,
  );
}

function membersOf(group: number): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processRow(Number(name)) ?? [])
    .filter((row) => row.group === group);
}
