/**
 * Bytes of a canonical RFC 4648 section 4 text, or undefined. Node's own decoder takes anything: base64url, blanks, text after
 * the padding. So the answer is written back and must be the same text; one value then has one spelling.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
