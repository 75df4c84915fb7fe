import type { ConfigIssue, Path } from './issues.ts';
import { formatPath } from './issues.ts';

export interface Problem {
  readonly what: string;
  readonly hint?: string | undefined;
}

/** Collects what is wrong with one file, so that all of it can be told in one run. */
export interface Report {
  /** `offset` in characters from the start of the text; undefined for the file as a whole. */
  error(offset: number | undefined, path: Path, problem: Problem): void;
  warn(offset: number | undefined, path: Path, problem: Problem): void;
  /** `line 3, column 5`. */
  place(offset: number): string;
  /** In the order of the file. */
  errors(): ConfigIssue[];
  warnings(): ConfigIssue[];
}

export type LinePosition = (offset: number) => { readonly line: number; readonly col: number };

export function createReport(file: string, linePosition: LinePosition): Report {
  const errors: ConfigIssue[] = [];
  const warnings: ConfigIssue[] = [];
  const add = (list: ConfigIssue[], offset: number | undefined, path: Path, problem: Problem): void => {
    const { line, col } = offset === undefined ? { line: 0, col: 0 } : linePosition(offset);
    const hint = problem.hint === undefined ? {} : { hint: problem.hint };
    list.push({ file, line, column: col, path: formatPath(path), what: problem.what, ...hint });
  };
  return {
    error: (offset, path, problem) => add(errors, offset, path, problem),
    warn: (offset, path, problem) => add(warnings, offset, path, problem),
    place: (offset) => {
      const { line, col } = linePosition(offset);
      return `line ${line}, column ${col}`;
    },
    errors: () => inFileOrder(errors),
    warnings: () => inFileOrder(warnings),
  };
}

function inFileOrder(issues: readonly ConfigIssue[]): ConfigIssue[] {
  return issues.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
