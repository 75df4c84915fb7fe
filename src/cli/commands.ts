/** One function for each command; each resolves with its exit code. */
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { dumpSchema } from '../app/dump-schema.ts';
import { hashSecret } from '../app/hash.ts';
import { reportLine } from '../app/report-line.ts';
import { createProcessLog, serveUntilStopped } from '../app/serve.ts';
import { unheldLimits } from '../app/unheld-limits.ts';
import { formatIssue } from '../config/issues.ts';
import { type LoadedFiles, loadConfig, resolveConfigPath } from '../config/load.ts';
import { createEvents } from '../events.ts';
import type { Command } from './args.ts';

/** Exit codes: 0 well, 1 a fault, 2 a bad configuration or command line, 3 an address that cannot be used. */
const CONFIG_EXIT_CODE = 2;

export async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'done':
      return command.exitCode;
    case 'hash':
      return printHash();
    case 'check':
      return check(command.config);
    case 'serve':
      return withConfig(command.config, (loaded, configPath) =>
        serveUntilStopped({ loaded, configPath, watch: command.watch }),
      );
    case 'schema-dump':
      return withConfig(command.config, (loaded) => printSchema(loaded, command.format, command.output));
  }
}

type GoodConfig = Extract<LoadedFiles, { ok: true }>;

async function withConfig(
  option: string | undefined,
  use: (loaded: GoodConfig, path: string) => Promise<number>,
): Promise<number> {
  const path = resolveConfigPath(option, process.env, process.cwd());
  const loaded = await loadConfig(path, process.env);
  if (loaded.ok) return use(loaded, path);
  for (const issue of loaded.issues) tell(formatIssue(issue));
  return CONFIG_EXIT_CODE;
}

function check(option: string | undefined): Promise<number> {
  return withConfig(option, async ({ config, warnings }, path) => {
    for (const warning of [...warnings.map(formatIssue), ...unheldLimits(config)])
      tell(`warning: ${warning}`);
    tell(`${path} is valid: ${config.servers.size} server${config.servers.size === 1 ? '' : 's'}.`);
    return 0;
  });
}

async function printSchema(
  { config, secrets }: GoodConfig,
  format: 'yaml' | 'json',
  output: string | undefined,
): Promise<number> {
  const log = createProcessLog(config, secrets);
  const events = createEvents();
  log.follow(events);
  const dump = await dumpSchema(config, format, events);
  for (const entry of dump.report) {
    const isServer = entry.kind === 'left-out' && entry.tool === undefined;
    log.write(isServer ? 'error' : 'warn', reportLine(entry));
  }
  return output === undefined ? print(dump.text) : save(output, dump.text);
}

async function printHash(): Promise<number> {
  if (process.stdin.isTTY) tell('Type the secret, then Enter and Ctrl-D:');
  const secret = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (secret === '') {
    tell('Nothing to hash: write the secret to standard input.');
    return CONFIG_EXIT_CODE;
  }
  return print(`${await hashSecret(secret)}\n`);
}

/** A reader that has enough, as `head` has, is no fault. */
function print(document: string): Promise<number> {
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

async function save(path: string, document: string): Promise<number> {
  try {
    await writeFile(path, document);
    return 0;
  } catch (cause) {
    tell(`${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`);
    return 1;
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
