/** What the gateway logged: faults of its own are violations, and so is anything that it did not log itself. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface LogCheck {
  /** Lines of the levels error and warn by event. */
  readonly grave: ReadonlyMap<string, number>;
  readonly violations: readonly string[];
}

const MAX_VIOLATIONS = 10;

export async function checkLog(file: string): Promise<LogCheck> {
  const grave = new Map<string, number>();
  const violations: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const entry = parse(line);
    const isFault =
      entry === undefined ||
      entry.event === 'gateway.fault' ||
      (entry.message ?? '').startsWith('Unexpected fault');
    if (isFault && violations.length < MAX_VIOLATIONS)
      violations.push(`the gateway logged: ${line.slice(0, 600)}`);
    if (entry?.level !== 'error' && entry?.level !== 'warn') continue;
    const what = `${entry.level} ${entry.event ?? 'other'}`;
    grave.set(what, (grave.get(what) ?? 0) + 1);
  }
  return { grave, violations };
}

interface Entry {
  readonly level?: string;
  readonly event?: string;
  readonly message?: string;
}

function parse(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}
