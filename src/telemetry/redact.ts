/** Secrets shorter than this would blank ordinary words out of the log. */
const MIN_SECRET_CHARS = 4;

/** A tool result is JSON in a JSON message, and the line around it JSON again. */
const MAX_JSON_NESTING = 4;
/** A shorter beginning of a secret gives little away, and is often the beginning of something else. */
const MIN_CUT_CHARS = 6;
const REDACTED = '[redacted]';
/** Shorter lines of a longer secret would blank ordinary words. */
const MIN_LINE_CHARS = 8;

/** Replaces every known secret, as it stands and as JSON, URLs and our own escapes write it. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_CHARS) continue;
    for (const form of formsOf(secret)) forms.add(form);
    // What a server writes reaches the log line by line.
    const lines = secret.split(/[\r\n]+/).filter((line) => line.length >= MIN_LINE_CHARS);
    for (const line of lines) for (const form of formsOf(line)) forms.add(form);
  }
  // Longest first: a secret that contains another is replaced whole.
  const ordered = [...forms].toSorted((a, b) => b.length - a.length);
  return (text) =>
    withoutCutSecret(
      ordered.reduce((redacted, form) => redacted.replaceAll(form, REDACTED), text),
      ordered,
    );
}

/** Removes the beginning of a secret that was cut off with the rest of a long text; the last ellipsis is the cut. */
function withoutCutSecret(text: string, forms: readonly string[]): string {
  const cut = text.lastIndexOf('…');
  if (cut === -1) return text;
  // A character that was cut in two shows as U+FFFD.
  const before = text.slice(0, cut).replace(/\ufffd$/, '');
  for (const form of forms) {
    for (let length = Math.min(form.length - 1, before.length); length >= MIN_CUT_CHARS; length -= 1) {
      if (before.endsWith(form.slice(0, length)))
        return before.slice(0, -length) + REDACTED + text.slice(cut);
    }
  }
  return text;
}

function formsOf(secret: string): string[] {
  // encodeURIComponent throws on half a surrogate pair, which the way through a buffer replaces.
  const forms = [
    encodeURIComponent(Buffer.from(secret).toString()),
    new URLSearchParams([['', secret]]).toString().slice(1),
  ];
  for (const escape of [jsonEscaped, asciiEscaped]) {
    let form = secret;
    for (let depth = 0; depth <= MAX_JSON_NESTING; depth += 1) {
      forms.push(form, printable(form));
      form = escape(form);
    }
  }
  return forms;
}

function jsonEscaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** As Python writes JSON. */
function asciiEscaped(text: string): string {
  return jsonEscaped(text).replaceAll(/[\u0080-\uffff]/g, unicodeEscape);
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Shows what a peer wrote on one line: control and direction characters escaped, so that nothing forges a log line. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, unicodeEscape);
}
