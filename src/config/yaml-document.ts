import { Composer, type CST, type Document, LineCounter, Parser, type YAMLError } from 'yaml';
import type { Problem, Report } from './report.ts';

/** Levels of lists and mappings. Our deepest setting is at 6; the composer's recursion ends the process near 1000. */
export const MAX_DEPTH = 64;
/** One broken bracket makes an error of every line after it. */
const MAX_SYNTAX_ERRORS = 20;

export type YamlDocument = Document.Parsed;

/** Counts lines while the text is parsed, so positions are right only afterwards. */
export function createLineCounter(): LineCounter {
  return new LineCounter();
}

/**
 * One YAML 1.2 document from a text, or undefined when its structure cannot be relied on; every problem is in the
 * report. Aliases, duplicate keys and substitutions are left to the reader of the tree.
 */
export function parseYaml(text: string, lines: LineCounter, report: Report): YamlDocument | undefined {
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const deep = tooDeep(tokens);
  if (deep !== undefined) {
    report.error(deep, [], { what: `nested more than ${MAX_DEPTH} levels deep`, hint: 'close the brackets' });
    return undefined;
  }
  // Duplicate keys are ours to report, with both positions; known tags and merge keys would change values silently.
  const options = {
    uniqueKeys: false,
    merge: false,
    resolveKnownTags: false,
    version: '1.2',
    schema: 'core',
  } as const;
  const [document, second] = [...new Composer(options).compose(tokens, true, text.length)];
  if (document === undefined || !('contents' in document)) return undefined;
  reportSyntax(document.errors, lines, report);
  for (const warning of document.warnings) report.error(warning.pos[0], [], syntaxProblem(warning));
  const sound = checkDirectives(document, text, report);
  if (second !== undefined) {
    const hint = 'remove the line with --- and everything that is not this configuration';
    report.error(second.range[0], [], { what: 'a second document starts here', hint });
  }
  return sound && document.errors.length === 0 ? document : undefined;
}

/** Offset of the first token below the depth limit. Has its own stack: recursion here would be the fault it looks for. */
function tooDeep(tokens: readonly CST.Token[]): number | undefined {
  const pending: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token.offset;
    if (token.type === 'document' && token.value !== undefined) pending.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    for (const item of token.items) {
      if (item.key) pending.push({ token: item.key, depth: depth + 1 });
      if (item.value) pending.push({ token: item.value, depth: depth + 1 });
    }
  }
  return undefined;
}

function checkDirectives(document: YamlDocument, text: string, report: Report): boolean {
  const { yaml } = document.directives ?? {};
  if (yaml === undefined || !yaml.explicit || yaml.version === '1.2') return true;
  const offset = Math.max(0, text.indexOf('%YAML'));
  report.error(offset, [], { what: 'only YAML 1.2 is read', hint: 'remove the %YAML line' });
  return false;
}

/** At most one for a line: what follows the first on a line is its echo. */
function reportSyntax(errors: readonly YAMLError[], lines: LineCounter, report: Report): void {
  const seen = new Set<number>();
  for (const error of errors) {
    const [offset] = error.pos;
    const { line } = lines.linePos(offset);
    if (seen.has(line) || seen.size === MAX_SYNTAX_ERRORS) continue;
    seen.add(line);
    report.error(offset, [], syntaxProblem(error));
  }
}

/** Our own sentences: the library's quote the text, which may be a secret. */
function syntaxProblem({ code }: YAMLError): Problem {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { what: 'a tab cannot indent', hint: 'indent with spaces' };
    case 'TAG_RESOLVE_FAILED':
      return {
        what: 'custom tags are not supported',
        hint: 'put the value in quotes if it should start with !',
      };
    case 'BAD_SCALAR_START':
      return { what: 'a value cannot start with this character', hint: 'put the value in quotes' };
    case 'BAD_DQ_ESCAPE':
      return { what: 'this escape does not exist', hint: 'write \\\\ for a backslash, or use single quotes' };
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'BLOCK_IN_FLOW':
      return {
        what: 'a mapping or list cannot start here',
        hint: 'put a value that contains ": " or "- " in quotes',
      };
    case 'BAD_INDENT':
      return { what: 'the indentation is wrong, or a bracket or quote above is not closed' };
    case 'MISSING_CHAR':
    case 'MULTILINE_IMPLICIT_KEY':
    case 'KEY_OVER_1024_CHARS':
      return { what: 'a colon, comma, bracket or quote is missing here' };
    case 'UNEXPECTED_TOKEN':
      return {
        what: 'this text does not belong here',
        hint: 'put values with special characters in quotes, such as "${NAME}" inside { } or [ ]',
      };
    default:
      return { what: 'this is not valid YAML 1.2', hint: 'put values with special characters in quotes' };
  }
}
