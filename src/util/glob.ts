/** Name patterns in which only `*` is special: any run of characters, the empty one included. Case counts. */

/**
 * Whether a text matches at least one pattern; without patterns nothing does.
 * No regular expression is built and nothing backtracks, so a pattern cannot make a match slow.
 */
export function compileGlob(patterns: readonly string[]): (text: string) => boolean {
  if (patterns.includes('*')) return () => true;
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const globs = patterns.filter((pattern) => pattern.includes('*')).map(compileOne);
  if (globs.length === 0) return (text) => exact.has(text);
  return (text) => exact.has(text) || globs.some((matches) => matches(text));
}

/**
 * First and last part are anchored; each part between is taken at its leftmost place. With `*` as the only wildcard
 * an earlier place never spoils a match, so no other place need be tried.
 */
function compileOne(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  const prefix = parts[0] ?? '';
  const suffix = parts.at(-1) ?? '';
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  return (text) => {
    const end = text.length - suffix.length;
    if (end < prefix.length || !text.startsWith(prefix) || !text.endsWith(suffix)) return false;
    let from = prefix.length;
    for (const part of middle) {
      const at = text.indexOf(part, from);
      if (at === -1) return false;
      from = at + part.length;
    }
    return from <= end;
  };
}
