/** The Prefer header (RFC 7240): wishes of a caller. What is malformed or unknown is ignored, as section 2 demands. */

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = String.raw`"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"`;
const PREFERENCE = new RegExp(String.raw`[ \t]*(${TOKEN})(?:[ \t]*=[ \t]*(${TOKEN}|${QUOTED}))?`, 'y');
const PARAMETER = new RegExp(
  String.raw`[ \t]*;[ \t]*(?:${TOKEN}(?:[ \t]*=[ \t]*(?:${TOKEN}|${QUOTED}))?)?`,
  'y',
);
const SEPARATOR = /[ \t]*(?:,|$)/y;

/** Preferences by their names in lower case, with their values; without one the value is empty. The first of a name counts. */
export function parsePrefer(header: string | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const text = header ?? '';
  for (let at = 0; at < text.length; ) {
    const preference = matchAt(PREFERENCE, text, at);
    if (preference !== null) {
      let end = PREFERENCE.lastIndex;
      while (matchAt(PARAMETER, text, end) !== null) end = PARAMETER.lastIndex;
      if (matchAt(SEPARATOR, text, end) !== null) {
        const [, name = '', value = ''] = preference;
        const key = name.toLowerCase();
        if (!found.has(key)) found.set(key, unquoted(value));
        at = SEPARATOR.lastIndex;
        continue;
      }
    }
    const comma = text.indexOf(',', at);
    at = comma === -1 ? text.length : comma + 1;
  }
  return found;
}

function unquoted(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, '$1') : word;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
