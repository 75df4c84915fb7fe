/** One problem of a configuration file. Texts never quote a value: it may be a secret. */
export interface ConfigIssue {
  /** As the caller named it. */
  readonly file: string;
  /** From 1; 0 when the problem is the file as a whole (missing, unreadable, too large). */
  readonly line: number;
  /** From 1, in UTF-16 code units; 0 with line 0. */
  readonly column: number;
  /** Where in the data, such as `servers.fs.args[0]`; empty for the document itself. */
  readonly path: string;
  readonly what: string;
  /** What to do about it. */
  readonly hint?: string;
}

export type Path = readonly (string | number)[];

/** `file:line:column: path: what; hint`, without the parts that the issue has not. */
export function formatIssue(issue: ConfigIssue): string {
  const place = issue.line === 0 ? issue.file : `${issue.file}:${issue.line}:${issue.column}`;
  const subject = issue.path === '' ? '' : `${issue.path}: `;
  const advice = issue.hint === undefined ? '' : `; ${issue.hint}`;
  return `${place}: ${subject}${issue.what}${advice}`;
}

export function formatPath(path: Path): string {
  let out = '';
  for (const part of path) {
    if (typeof part === 'number') out += `[${part}]`;
    else if (!/^[\w$@-]+$/.test(part)) out += `[${quoteKey(part)}]`;
    else out += out === '' ? part : `.${part}`;
  }
  return out;
}

/** A key as a terminal may safely show it: in quotes, cut short, control and bidirectional characters escaped. */
export function quoteKey(key: string): string {
  const short = key.length > 80 ? `${key.slice(0, 80)}…` : key;
  return JSON.stringify(short).replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}
