/** argv to a command, as a value. Knows no files and runs nothing. */
import { CommanderError, Option, Command as Program } from 'commander';

export type Command =
  | { readonly kind: 'serve'; readonly config: string | undefined; readonly watch: boolean }
  | { readonly kind: 'check'; readonly config: string | undefined }
  | {
      readonly kind: 'schema-dump';
      readonly config: string | undefined;
      readonly format: 'yaml' | 'json';
      readonly output: string | undefined;
    }
  | { readonly kind: 'hash' }
  /** Help, version or a usage error: everything was printed. */
  | { readonly kind: 'done'; readonly exitCode: number };

interface SharedOptions {
  readonly config?: string;
}

interface ServeOptions extends SharedOptions {
  readonly schemaDump?: true;
  readonly schemaFormat: 'yaml' | 'json';
  readonly output?: string;
  readonly watch: boolean;
}

/** Exit code of a command line that makes no sense, as of a configuration that makes none. */
const USAGE_EXIT_CODE = 2;

/** `serve` may be left out, so its options are shown where its name is not. */
const SERVE_HELP = `
Without a command the servers are served; the options of serve can be given as they are:
  -c, --config <file>      configuration file (default: $CONFIG_PATH, then ./config.yaml)
  --no-watch               reload the file on SIGHUP only, not whenever it changes
  --schemaDump             print the OpenAPI document of all servers and exit
  --schemaFormat <format>  yaml (default) or json
  -o, --output <file>      write the document to a file`;

export function parseArgs(argv: readonly string[], version: string): Command {
  let command: Command = { kind: 'done', exitCode: 0 };
  const program = new Program('mcp-gateway')
    .description(
      'Exposes stdio MCP servers over HTTP: to MCP clients at /{server}, to everyone else at /api.',
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help shows what can be said)')
    .addHelpText('after', SERVE_HELP);
  program
    .command('serve', { isDefault: true })
    .description('serve the configured servers (default)')
    .addOption(configOption())
    .option('--watch', 'reload the file whenever it changes (default)', true)
    .option('--no-watch', 'reload it on SIGHUP only')
    .option('--schemaDump', 'print the OpenAPI document of all servers and exit')
    .addOption(
      new Option('--schemaFormat <format>', 'format of that document')
        .choices(['yaml', 'json'])
        .default('yaml'),
    )
    .option('-o, --output <file>', 'write the document to a file instead of standard output')
    .action(({ config, schemaDump, schemaFormat, output, watch }: ServeOptions) => {
      command =
        schemaDump === true
          ? { kind: 'schema-dump', config, format: schemaFormat, output }
          : { kind: 'serve', config, watch };
    });
  program
    .command('check')
    .description('report every problem of the configuration and exit')
    .addOption(configOption())
    .action(({ config }: SharedOptions) => {
      command = { kind: 'check', config };
    });
  program
    .command('hash')
    .description('read a secret from standard input and print what to write as passwordHash or tokenHash')
    .action(() => {
      command = { kind: 'hash' };
    });
  for (const sub of program.commands)
    sub.exitOverride().showHelpAfterError('(--help shows what can be said)');
  try {
    program.parse(argv, { from: 'user' });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    return { kind: 'done', exitCode: cause.exitCode === 0 ? 0 : USAGE_EXIT_CODE };
  }
  return command;
}

function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file (default: $CONFIG_PATH, then ./config.yaml)');
}
