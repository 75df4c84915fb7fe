/** One function for each command; each resolves with its exit code. What only one of them needs is loaded by it. */
import { text } from 'node:stream/consumers';
import { hashSecret } from '../app/hash.ts';
import { unheldLimits } from '../app/unheld-limits.ts';
import { formatIssue } from '../config/issues.ts';
import { type LoadedFiles, loadConfig, resolveConfigPath } from '../config/load.ts';
import type { Command } from './args.ts';
import { print, tell } from './output.ts';

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
      return withConfig(command.config, async (loaded, configPath) => {
        const { serveUntilStopped } = await import('../app/serve.ts');
        return serveUntilStopped({ loaded, configPath, watch: command.watch });
      });
    case 'schema-dump':
      return withConfig(command.config, async (loaded) => (await openApi()).printSchema(loaded, command));
    case 'openapi':
      return withConfig(command.config, async (loaded) => (await openApi()).printOpenApi(loaded, command));
    case 'openapi-lint':
      return withConfig(command.config, async (loaded) => (await openApi()).lintOpenApi(loaded, command));
  }
}

function openApi() {
  return import('./openapi.ts');
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

async function printHash(): Promise<number> {
  if (process.stdin.isTTY) tell('Type the secret, then Enter and Ctrl-D:');
  const secret = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (secret === '') {
    tell('Nothing to hash: write the secret to standard input.');
    return CONFIG_EXIT_CODE;
  }
  return print(`${await hashSecret(secret)}\n`);
}
