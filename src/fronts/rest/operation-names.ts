/**
 * The names a tool has outside MCP. Both mappings are injective, so a name leads back to one tool; MCP itself
 * always carries the tool's own name, untouched.
 */
import { createHash } from 'node:crypto';

/** Longest function name that OpenAI and Gemini take; the alphabet below is the common part of both, without
 * the hyphen, which swagger-client replaces and then no longer finds the operation. */
const MAX_OPERATION_ID_CHARS = 64;

/** Longest path segment after encoding: what the router of `http/server.ts` takes. */
export const MAX_SEGMENT_CHARS = 2048;

const HASH_CHARS = 10;
const LOOKS_HASHED = /_[0-9a-f]{10}$/;
const PLAIN_SERVER = /^[A-Za-z0-9][A-Za-z0-9-]*$/;
/** Underscores stand alone and never touch a hyphen, so that `__` can mean a hyphen. */
const PLAIN_TOOL = /^[A-Za-z0-9]+(?:(?:_|-+)[A-Za-z0-9]+)*(?:_|-+)?$/;

export type PathSegment =
  | { readonly kind: 'segment'; readonly segment: string }
  | { readonly kind: 'unusable'; readonly reason: string };

/**
 * An id that matches `^[A-Za-z_][A-Za-z0-9_]{0,63}$` and depends on nothing but the two names.
 *
 * `server_tool` with `__` for each hyphen where that can be read back, so never for a server name with an
 * underscore; otherwise a shortened text with a hash of both names. A plain id never looks like a hashed one.
 */
export function toOperationId(server: string, tool: string): string {
  return toPlainId(server, tool) ?? toHashedId(server, tool);
}

/** The tool's name as the last segment of `/api/{server}/{tool}`, or why no client could send it. */
export function toPathSegment(tool: string): PathSegment {
  if (tool === '') return unusable('an empty name cannot stand in a URL');
  // URL parsers remove dot segments, also when they are written %2E.
  if (tool === '.' || tool === '..') return unusable(`"${tool}" is removed from URLs by every client`);
  let segment: string;
  try {
    segment = encodeURIComponent(tool);
  } catch {
    return unusable('the name is not valid Unicode and cannot be encoded in a URL');
  }
  if (segment.length > MAX_SEGMENT_CHARS) {
    return unusable(`the name is longer than ${MAX_SEGMENT_CHARS} characters in a URL`);
  }
  return { kind: 'segment', segment };
}

function toPlainId(server: string, tool: string): string | undefined {
  if (!PLAIN_SERVER.test(server) || !PLAIN_TOOL.test(tool)) return undefined;
  const id = withoutLeadingDigit(`${server.replaceAll('-', '__')}_${tool.replaceAll('-', '__')}`);
  return id.length > MAX_OPERATION_ID_CHARS || LOOKS_HASHED.test(id) ? undefined : id;
}

function toHashedId(server: string, tool: string): string {
  const text = withoutLeadingDigit(`${server}_${tool}`.replace(/[^A-Za-z0-9_]+/g, '_'));
  // JSON keeps the border between the names and tells lone surrogates apart, which UTF-8 alone would not.
  const digest = createHash('sha256')
    .update(JSON.stringify([server, tool]))
    .digest('hex');
  return `${text.slice(0, MAX_OPERATION_ID_CHARS - HASH_CHARS - 1)}_${digest.slice(0, HASH_CHARS)}`;
}

function withoutLeadingDigit(text: string): string {
  return /^[0-9]/.test(text) ? `_${text}` : text;
}

function unusable(reason: string): PathSegment {
  return { kind: 'unusable', reason };
}
