/** Starts the command line; turns its outcome into an exit code. */
import { VERSION } from './util/version.ts';
import { parseArgs } from './cli/args.ts';
import { run } from './cli/commands.ts';

export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await run(parseArgs(argv, VERSION));
}
