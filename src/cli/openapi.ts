/** The commands about the OpenAPI document: written out, and looked at for one client. */
import { writeFile } from 'node:fs/promises';
import { type DumpRequest, dumpSchema, type SchemaDump } from '../app/dump-schema.ts';
import { reportLine, reportSentence } from '../app/report-line.ts';
import { createProcessLog } from '../app/serve.ts';
import { nearest } from '../config/did-you-mean.ts';
import type { LoadedConfig } from '../config/load.ts';
import { createEvents } from '../events.ts';
import type { Command } from './args.ts';
import { print, tell } from './output.ts';

type GoodConfig = Extract<LoadedConfig, { ok: true }>;
type CommandOf<K extends Command['kind']> = Extract<Command, { readonly kind: K }>;

const USAGE_EXIT_CODE = 2;

/** `--schemaDump`: what could not be described is told in the log, and is no failure. */
export async function printSchema(
  loaded: GoodConfig,
  { format, output }: CommandOf<'schema-dump'>,
): Promise<number> {
  const log = createProcessLog(loaded.config, loaded.secrets);
  const events = createEvents();
  log.follow(events);
  const dump = await dumpSchema(
    loaded.config,
    { servers: [], format, version: '3.1', profile: undefined },
    events,
  );
  for (const entry of dump.report) {
    const isServer = entry.kind === 'left-out' && entry.server !== undefined && entry.tool === undefined;
    log.write(isServer ? 'error' : 'warn', reportSentence(entry));
  }
  return output === undefined ? print(dump.text) : save(output, dump.text);
}

export async function printOpenApi(
  loaded: GoodConfig,
  { output, servers, format, version, profile }: CommandOf<'openapi'>,
): Promise<number> {
  const dump = await ask(loaded, { servers, format, version, profile });
  if (typeof dump === 'number') return dump;
  for (const entry of dump.report) tell(reportLine(entry));
  if (dump.described === 0) {
    tell('No server could be described, so nothing is written.');
    return 1;
  }
  return output === undefined ? print(dump.text) : save(output, dump.text);
}

/** The report on standard output; fails when the client would not take the document, or a server is not in it. */
export async function lintOpenApi(
  loaded: GoodConfig,
  { servers, version, profile }: CommandOf<'openapi-lint'>,
): Promise<number> {
  const dump = await ask(loaded, { servers, format: 'json', version, profile });
  if (typeof dump === 'number') return dump;
  const lines = dump.report.map((entry) => `${reportLine(entry)}\n`);
  const printed = lines.length === 0 ? 0 : await print(lines.join(''));
  const count = (kind: (typeof dump.report)[number]['kind']): number =>
    dump.report.filter((entry) => entry.kind === kind).length;
  const isWhole = dump.report.every(
    ({ kind, server, tool }) => kind !== 'left-out' || server === undefined || tool !== undefined,
  );
  tell(`Problems: ${count('problem')}; left out: ${count('left-out')}; changed: ${count('changed')}.`);
  return printed === 0 && count('problem') === 0 && isWhole ? 0 : 1;
}

/** Says on standard error which server is waited for. @returns the exit code where a name is not in the configuration */
async function ask(
  { config, secrets }: GoodConfig,
  request: Omit<DumpRequest, 'onAsked'>,
): Promise<SchemaDump | number> {
  const known = [...config.servers.keys()];
  const unknown = request.servers.filter((name) => !known.includes(name));
  for (const name of unknown) {
    const guess = nearest(name, known);
    const hint = guess === undefined ? `It has ${known.join(', ')}.` : `Did you mean ${guess}?`;
    tell(`The configuration has no server ${JSON.stringify(name)}. ${hint}`);
  }
  if (unknown.length > 0) return USAGE_EXIT_CODE;
  const log = createProcessLog(config, secrets);
  const events = createEvents();
  log.follow(events);
  const waiting = new Set(request.servers.length === 0 ? known : request.servers);
  tell(`Starting ${[...waiting].join(', ')} …`);
  const begunMs = performance.now();
  return dumpSchema(
    config,
    {
      ...request,
      onAsked: (server, outcome) => {
        waiting.delete(server);
        const seconds = ((performance.now() - begunMs) / 1000).toFixed(1);
        const what = outcome instanceof Error ? outcome.message : `${outcome} tools after ${seconds} s.`;
        tell(`${server}: ${what}${waiting.size === 0 ? '' : ` Waiting for ${[...waiting].join(', ')}.`}`);
      },
    },
    events,
  );
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
