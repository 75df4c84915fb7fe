/** Values that a client mirrors from its body into headers (2026-07-28 streamable HTTP, header encoding). */

const PREFIX = '=?base64?';
const SUFFIX = '?=';

/**
 * The text that a header value stands for; undefined when it cannot be decoded. Strict, unlike `Buffer`: a wrong
 * alphabet, padding or encoding is refused, since two readers must not see two values.
 */
export function decodeHeaderValue(value: string): string | undefined {
  if (isPlain(value)) return value;
  const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, '');
  const isEncoded =
    trimmed.length >= PREFIX.length + SUFFIX.length && trimmed.startsWith(PREFIX) && trimmed.endsWith(SUFFIX);
  if (!isEncoded) return /^[\t\x20-\x7e]*$/.test(trimmed) ? trimmed : undefined;
  const encoded = trimmed.slice(PREFIX.length, -SUFFIX.length);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What most values are: visible ASCII that cannot begin an encoding. */
function isPlain(value: string): boolean {
  if (value.startsWith('=')) return false;
  for (let at = 0; at < value.length; at += 1) {
    const unit = value.charCodeAt(at);
    if (unit <= 0x20 || unit > 0x7e) return false;
  }
  return true;
}
