import { resolve } from 'node:path';
import { isMap, isScalar } from 'yaml';
import { coerce } from './coerce.ts';
import type { Sources } from './environment.ts';
import { explain, type Finding } from './explain.ts';
import { deepFreeze } from './freeze.ts';
import type { ConfigIssue, Path } from './issues.ts';
import { blankComments, isJsonFile } from './json-comments.ts';
import { type Imported, importMcpServers, isMcpServersFile } from './mcp-servers.ts';
import { valuesToRedact } from './redaction.ts';
import { createReport, type Report } from './report.ts';
import { type Config, ConfigSchema } from './schema.ts';
import { readTree, type Tree } from './tree.ts';
import { doubts } from './warnings.ts';
import { createLineCounter, parseYaml, type YamlDocument } from './yaml-document.ts';

export interface ConfigText {
  /** For messages. */
  readonly file: string;
  /** Absolute; what relative paths in the file are relative to. */
  readonly folder: string;
  readonly text: string;
}

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: Config;
      readonly warnings: readonly ConfigIssue[];
      /** Every value that must never be logged. */
      readonly secrets: readonly string[];
    }
  | { readonly ok: false; readonly issues: readonly ConfigIssue[] };

const EXAMPLE = 'it needs at least one server, such as servers: { files: { command: npx } }';

/** Text to validated, frozen configuration, or to all of its problems. Never throws. */
export function parseConfig(source: ConfigText, sources: Sources): LoadedConfig {
  const lines = createLineCounter();
  const report = createReport(source.file, (offset) => lines.linePos(offset));
  const loaded = (() => {
    try {
      const text = isJsonFile(source.file, source.text) ? blankComments(source.text) : source.text;
      const document = parseYaml(text, lines, report);
      return document === undefined ? undefined : readConfig(document, source, sources, report);
    } catch (cause) {
      // The kind only: a message may quote the file.
      const kind = cause instanceof Error ? cause.name : typeof cause;
      report.error(undefined, [], { what: `cannot be read (${kind})`, hint: 'is it a configuration file?' });
      return undefined;
    }
  })();
  const issues = report.errors();
  if (loaded === undefined || issues.length > 0) return { ok: false, issues };
  return { ok: true, ...loaded, warnings: report.warnings() };
}

function readConfig(document: YamlDocument, source: ConfigText, sources: Sources, report: Report) {
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    report.error(0, [], { what: 'the file is empty', hint: EXAMPLE });
    return undefined;
  }
  const isForeign = isMap(contents) && contents.has('mcpServers');
  const tree = readTree(document, sources, isForeign ? 'mcpServers' : 'own', report);
  const imported = isMcpServersFile(tree.value) ? importMcpServers(tree.value) : undefined;
  reportSubstitutions(tree, imported, report);
  const sourcePath = (path: Path): Path => imported?.sourcePath(path) ?? path;
  const scalarAt = (path: Path) => tree.scalar(sourcePath(path));
  const add = (severity: 'error' | 'warn', finding: Finding, path: Path): void => {
    if (!tree.isBroken(path)) report[severity](tree.offset(path, finding.at), path, finding);
  };
  for (const warning of imported?.warnings ?? []) add('warn', warning, warning.path);
  const value = coerce(ConfigSchema, imported === undefined ? tree.value : imported.value, [], scalarAt);
  const parsed = ConfigSchema.safeParse(value);
  if (!parsed.success) {
    const subject = { schema: ConfigSchema, value, scalarAt };
    const findings = parsed.error.issues.flatMap((issue) => explain(issue, subject));
    for (const finding of findings) add('error', finding, sourcePath(finding.path));
    return undefined;
  }
  const servers = new Map(
    [...parsed.data.servers].map(([name, server]) => [
      name,
      server.path === undefined ? server : { ...server, path: resolve(source.folder, server.path) },
    ]),
  );
  const config: Config = deepFreeze({ ...parsed.data, servers });
  for (const finding of doubts(config)) add('warn', finding, sourcePath(finding.path));
  return { config, secrets: valuesToRedact(config, tree.substitutions()) };
}

function reportSubstitutions(tree: Tree, imported: Imported | undefined, report: Report): void {
  for (const { path, problems } of tree.substitutions()) {
    if (imported?.isLeftOut(path) === true) continue;
    for (const problem of problems) report.error(tree.offset(path, 'value'), path, problem);
  }
}
