/** Standard output is for what was asked for, standard error for everything else. */

/** Resolves with the exit code. A reader that has enough, as `head` has, is no fault. */
export function print(document: string): Promise<number> {
  return new Promise((resolve) => {
    process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EPIPE') return resolve(0);
      tell(`Standard output cannot be written: ${cause.message}`);
      resolve(1);
    });
    process.stdout.write(document, (cause) => {
      if (!cause) resolve(0);
    });
  });
}

export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
