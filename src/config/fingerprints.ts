/** What files hold, as short texts: equal ones mean that nothing has changed. They do not give away what that is. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** By absolute path. */
export type Fingerprints = ReadonlyMap<string, string>;

/** A larger file is no configuration; its size and time tell as much as its content. */
const MAX_BYTES = 2 * 1_048_576;

export function fingerprintOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

/** Of every file as it is now; what cannot be read has one, too. Never rejects. */
export async function fingerprints(files: Iterable<string>): Promise<Fingerprints> {
  return new Map(await Promise.all([...files].map(async (file) => [file, await read(file)] as const)));
}

/** Whether reading it once more gives what it holds then; a pipe gives its content once. What is missing may come. */
export async function canBeReread(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined || found.isFile();
}

async function read(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) return 'no regular file';
    return found.size > MAX_BYTES ? `${found.size} ${found.mtimeMs}` : fingerprintOf(await readFile(file));
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT' ? MISSING : String(cause);
  }
}

/** Of a file that is not there. */
export const MISSING = 'missing';
