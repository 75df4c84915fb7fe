/** argv to a command, as a value. Knows no files and runs nothing. */
import { CommanderError, Option, Command as Program } from 'commander';
import { OPENAPI_VERSIONS, type OpenApiVersion, PROFILES, type ProfileName } from '../app/openapi-choices.ts';

export type Command =
  | { readonly kind: 'serve'; readonly config: string | undefined; readonly watch: boolean }
  | { readonly kind: 'check'; readonly config: string | undefined }
  | {
      readonly kind: 'schema-dump';
      readonly config: string | undefined;
      readonly format: 'yaml' | 'json';
      readonly output: string | undefined;
    }
  | ({
      readonly kind: 'openapi';
      readonly format: 'yaml' | 'json';
      readonly output: string | undefined;
    } & OpenApiChoice)
  | ({ readonly kind: 'openapi-lint' } & OpenApiChoice)
  | { readonly kind: 'hash' }
  /** Help, version or a usage error: everything was printed. */
  | { readonly kind: 'done'; readonly exitCode: number };

interface OpenApiChoice {
  readonly config: string | undefined;
  /** Empty for all. */
  readonly servers: readonly string[];
  readonly version: OpenApiVersion;
  readonly profile: ProfileName | undefined;
}

interface SharedOptions {
  readonly config?: string;
}

interface ServeOptions extends SharedOptions {
  readonly schemaDump?: true;
  readonly schemaFormat: 'yaml' | 'json';
  readonly output?: string;
  readonly watch: boolean;
}

interface OpenApiOptions extends SharedOptions {
  readonly server: readonly string[];
  readonly openapi: OpenApiVersion;
  readonly profile?: ProfileName;
  readonly format: 'yaml' | 'json';
  readonly output?: string;
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
    // Options belong to the command that they stand behind: `openapi lint` has the same ones as `openapi`.
    .enablePositionalOptions()
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
  const openApi = program
    .command('openapi')
    .enablePositionalOptions()
    .description('write the OpenAPI document of the servers and exit');
  for (const option of openApiOptions()) openApi.addOption(option);
  openApi
    .addOption(
      new Option('--format <format>', 'format of the document').choices(['yaml', 'json']).default('yaml'),
    )
    .option('-o, --output <file>', 'write the document to a file instead of standard output')
    .action(({ format, output, ...options }: OpenApiOptions) => {
      command = { kind: 'openapi', format, output, ...toChoice(options) };
    });
  const lint = openApi
    .command('lint')
    .description(
      'report what the document does not say as the servers do, and what its client would not take',
    );
  for (const option of openApiOptions()) lint.addOption(option);
  lint.action((options: OpenApiOptions) => {
    command = { kind: 'openapi-lint', ...toChoice(options) };
  });
  program
    .command('hash')
    .description('read a secret from standard input and print what to write as passwordHash or tokenHash')
    .action(() => {
      command = { kind: 'hash' };
    });
  for (const sub of [...program.commands, lint])
    sub.exitOverride().showHelpAfterError('(--help shows what can be said)');
  try {
    program.parse(argv, { from: 'user' });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    return { kind: 'done', exitCode: cause.exitCode === 0 ? 0 : USAGE_EXIT_CODE };
  }
  return command;
}

function openApiOptions(): Option[] {
  return [
    configOption(),
    new Option('-s, --server <name>', 'a server to describe; can be given several times')
      .argParser((name: string, before: readonly string[]) => [...before, name])
      .default([], 'all'),
    new Option('--openapi <version>', 'version of OpenAPI').choices([...OPENAPI_VERSIONS]).default('3.1'),
    new Option('--profile <client>', 'keep to what this client takes').choices([...PROFILES]),
  ];
}

function toChoice({
  config,
  server,
  openapi,
  profile,
}: Omit<OpenApiOptions, 'format' | 'output'>): OpenApiChoice {
  return { config, servers: [...new Set(server)], version: openapi, profile };
}

function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file (default: $CONFIG_PATH, then ./config.yaml)');
}
