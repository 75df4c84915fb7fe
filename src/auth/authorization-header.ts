/** One Authorization header to what was presented. Strict: what is not exactly RFC 7617 or RFC 6750 is nothing at all. */
import { decodeBase64 } from './base64.ts';

export type Presented =
  | { readonly scheme: 'basic'; readonly username: string; readonly secret: string }
  | { readonly scheme: 'bearer'; readonly secret: string };

/** In characters, which are bytes in a header. Four times the longest common token. */
const MAX_HEADER_LENGTH = 8192;

/** Undefined for anything else, of any length and any content; never throws. */
export function parseAuthorization(header: string): Presented | undefined {
  if (header.length > MAX_HEADER_LENGTH) return undefined;
  const [, scheme, credentials] = /^[ \t]*([A-Za-z]+) +([\x21-\x7e]+)[ \t]*$/.exec(header) ?? [];
  if (scheme === undefined || credentials === undefined) return undefined;
  switch (scheme.toLowerCase()) {
    case 'basic':
      return parseBasic(credentials);
    case 'bearer':
      return { scheme: 'bearer', secret: credentials };
    default:
      return undefined;
  }
}

/** Whether a token can stand in a Bearer header at all: visible ASCII without blanks. */
export function isBearerToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** RFC 7617 section 2: the first colon ends the user name, every later one belongs to the password. */
function parseBasic(credentials: string): Presented | undefined {
  const text = decodeUtf8(decodeBase64(credentials));
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon === -1) return undefined;
  return { scheme: 'basic', username: text.slice(0, colon), secret: text.slice(colon + 1) };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
