/** Arguments that a tool's schema wants mirrored in `Mcp-Param-*` headers (2026-07-28 streamable HTTP). */
import { GatewayError } from '../errors.ts';
import type { Frame, Span } from './frame.ts';
import { decodeHeaderValue } from './header-value.ts';
import { findMember } from './json-member.ts';
import { stringAt } from './json-string.ts';

export interface MirroredParam {
  /** In lower case, as Node hands headers over. */
  readonly header: string;
  /** Members to go through, from the arguments on. */
  readonly path: readonly string[];
}

/** Schemas nested deeper than this are not looked into; annotations sit near the root. */
const MAX_DEPTH = 16;

/** The annotated properties of an input schema, reached only through `properties`. The schema is untrusted. */
export function mirroredParams(schema: unknown, path: readonly string[] = []): MirroredParam[] {
  const properties = asObject(asObject(schema)?.['properties']);
  if (properties === undefined || path.length >= MAX_DEPTH) return [];
  return Object.entries(properties).flatMap(([name, value]) => {
    const property = asObject(value);
    const header = property?.['x-mcp-header'];
    const here = [...path, name];
    const own =
      typeof header === 'string' ? [{ header: `mcp-param-${header.toLowerCase()}`, path: here }] : [];
    return [...own, ...mirroredParams(property, here)];
  });
}

/** Undefined when every argument that is there stands in its header too, and says the same. */
export function refuseMirrored(
  frame: Frame,
  params: readonly MirroredParam[],
  headers: Readonly<Record<string, string | string[] | undefined>>,
): GatewayError | undefined {
  for (const { header, path } of params) {
    const span = argumentAt(frame, path);
    if (span === undefined) continue;
    const text = frame.bytes.toString('latin1', span.start, span.end);
    if (text === 'null' || !hasHeaderForm(text)) continue;
    const value = headers[header];
    const decoded = typeof value === 'string' ? decodeHeaderValue(value) : undefined;
    if (decoded === undefined || !isSame(frame, span, text, decoded)) {
      return new GatewayError('HEADER_MISMATCH', `${header} does not mirror the argument ${path.join('.')}.`);
    }
  }
  return undefined;
}

function argumentAt({ bytes, body }: Frame, path: readonly string[]): Span | undefined {
  let span = body && findMember(bytes, body, 'arguments');
  for (const name of path) span = span && findMember(bytes, span, name);
  return span;
}

function isSame(frame: Frame, span: Span, text: string, decoded: string): boolean {
  const string = stringAt(frame.bytes, span);
  if (string !== undefined) return string === decoded;
  if (text === 'true' || text === 'false') return text === decoded;
  return (
    /^-?\d/.test(text) && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(decoded) && Number(text) === Number(decoded)
  );
}

/** Objects, lists, and integers that not every client can hold exactly are never mirrored. */
function hasHeaderForm(text: string): boolean {
  if (text.startsWith('{') || text.startsWith('[')) return false;
  const value = Number(text);
  return (
    Number.isNaN(value) || (Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value))
  );
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
