import type { Problem } from './report.ts';

/** Where substituted text comes from. Both answer undefined or a reason instead of throwing. */
export interface Sources {
  env(name: string): string | undefined;
  /** `path` as written in the file. */
  file(path: string): SecretFile;
}

export type SecretFile =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string };

export interface Piece {
  readonly from: 'env' | 'file' | 'default';
  readonly text: string;
}

export interface Substitution {
  /** The resulting text; the original when there are problems. */
  readonly text: string;
  /** What was put in, in order; empty when the text had no substitution. */
  readonly pieces: readonly Piece[];
  readonly problems: readonly Problem[];
}

/**
 * `mcpServers`: files made for programs that know no `$$`, so only `$${` is an escape there, and `${env:NAME}` is
 * taken as `${NAME}`.
 */
export type Dialect = 'own' | 'mcpServers';

const MARK: Readonly<Record<Dialect, RegExp>> = {
  own: /\$\$|\$\{([^}]*)(\}?)/g,
  mcpServers: /\$\$(?=\{)|\$\{([^}]*)(\}?)/g,
};
const NAME = /^([A-Za-z_]\w*)(?::-([^]*))?$/;
const FORMS = 'write ${NAME}, ${NAME:-default} or ${file:/path}, and $${ for a dollar sign before a brace';

/**
 * Replaces `${NAME}`, `${NAME:-default}` (also when NAME is empty, as in a shell), `${file:/path}` (one trailing line
 * break removed) and `$$`. One pass: what was put in is never looked at again, and a default is taken as it stands.
 * A `$` before anything else stays.
 */
export function substitute(text: string, sources: Sources, dialect: Dialect): Substitution {
  const pieces: Piece[] = [];
  const problems: Problem[] = [];
  const result = text.replace(
    MARK[dialect],
    (mark: string, body: string | undefined, end: string | undefined) => {
      if (body === undefined) return '$';
      const found = end === '' ? malformed('is not closed') : resolve(body, sources, dialect);
      if ('what' in found) {
        problems.push(found);
        return mark;
      }
      pieces.push(found);
      return found.text;
    },
  );
  return problems.length > 0 ? { text, pieces: [], problems } : { text: result, pieces, problems };
}

function resolve(body: string, sources: Sources, dialect: Dialect): Piece | Problem {
  if (body.includes('${')) return malformed('stands inside another one');
  if (body.startsWith('file:')) return fromFile(body.slice('file:'.length), sources);
  const plain = dialect === 'mcpServers' && body.startsWith('env:') ? body.slice('env:'.length) : body;
  const [, name, otherwise] = NAME.exec(plain) ?? [];
  if (name === undefined) return malformed('is not of a known form');
  const value = sources.env(name);
  if (otherwise !== undefined && (value === undefined || value === ''))
    return { from: 'default', text: otherwise };
  if (value !== undefined) return { from: 'env', text: value };
  return {
    what: `\${${name}} is not set`,
    hint: `set the environment variable ${name}, or write \${${name}:-default}`,
  };
}

function fromFile(path: string, sources: Sources): Piece | Problem {
  if (path === '') return malformed('names no file');
  const file = sources.file(path);
  if (!file.ok) return { what: `\${file:…} cannot be read: ${file.why}` };
  return { from: 'file', text: file.text.replace(/\r?\n$/, '') };
}

function malformed(why: string): Problem {
  return { what: `a \${…} substitution ${why}`, hint: FORMS };
}
