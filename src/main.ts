/** Starts the command line; turns its outcome into an exit code. */

import { parseArgs } from './cli/args.ts';
import { run } from './cli/commands.ts';
import { VERSION } from './util/version.ts';

export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await run(parseArgs(argv, VERSION));
}
