import { isIP } from 'node:net';
import * as z from 'zod';
import { Secret } from './secret.ts';

/** Longest delay that a Node timer keeps; above it fires at once. */
const MAX_DELAY_MS = 2_147_483_647;

/** For rules over several fields: they are judged even when one of the fields is wrong, so that one run tells all. */
export const ALWAYS = { when: () => true };

export interface Complaint {
  readonly path?: (string | number)[];
  readonly hint?: string | undefined;
  /** What the position is that of; the value unless said. */
  readonly at?: 'key';
}

export function complain(ctx: z.RefinementCtx, what: string, complaint: Complaint = {}): void {
  const { path = [], hint, at } = complaint;
  ctx.addIssue({ code: 'custom', message: what, path, params: { hint, at } });
}

/** Under `ALWAYS` a rule may see a value of any type. */
export function asMapping(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}

/** Not `z.int()`: its complaint about a fraction stops the rules over several fields, even under `ALWAYS`. */
export function wholeNumber(minimum: number, maximum: number) {
  return z
    .number()
    .min(minimum)
    .max(maximum)
    .superRefine((value, ctx) => {
      if (!Number.isInteger(value)) complain(ctx, 'must be a whole number');
    })
    .meta({ type: 'integer' });
}

export function milliseconds(fallback: number, minimum: 0 | 1, meaning: string) {
  return wholeNumber(minimum, MAX_DELAY_MS).default(fallback).describe(`${meaning} In milliseconds.`);
}

export function bytes(fallback: number, minimum: number, maximum: number, meaning: string) {
  return wholeNumber(minimum, maximum).default(fallback).describe(`${meaning} In bytes.`);
}

export function count(fallback: number, maximum: number, meaning: string) {
  return wholeNumber(1, maximum).default(fallback).describe(meaning);
}

export function limit(fallback: number, maximum: number, meaning: string) {
  return wholeNumber(0, maximum).default(fallback).describe(`${meaning} 0 sets no limit.`);
}

/** What an operating system takes as part of a command: any text without a NUL. */
export function osText() {
  return z.string().min(1).superRefine(refuseNul);
}

/**
 * Text that a file may also give as a number, true or false. Compared by identity: the loader puts the text as
 * written in place of the number before this schema sees it.
 */
export const LooseText = z
  .union([z.string(), z.number(), z.boolean()])
  .transform(String)
  .superRefine(refuseNul);

function refuseNul(text: string, ctx: z.RefinementCtx<string>): void {
  if (text.includes('\0')) complain(ctx, 'must not contain a NUL character');
}

export const Hostname = z
  .string()
  .min(1)
  .max(255)
  .superRefine((text, ctx) => {
    if (!isHostName(text)) complain(ctx, 'this is not a host name or IP address', { hint: hostHint(text) });
  });

/** A name or address without scheme and port; the output is in lower case. */
export const AllowedHost = z
  .string()
  .min(1)
  .max(255)
  .superRefine((text, ctx) => {
    if (!isHostName(text)) complain(ctx, 'this is not a host name or IP address', { hint: hostHint(text) });
  })
  .transform((text) => text.toLowerCase());

function isHostName(text: string): boolean {
  return isIP(text) !== 0 || (/^[\w](?:[\w.-]*[\w.])?$/.test(text) && !text.includes('..'));
}

function hostHint(text: string): string {
  if (text.includes('*')) return 'wildcards are not supported; list every name';
  if (text.startsWith('[')) return 'write an IPv6 address without brackets and port';
  return 'write the name only, without scheme, port and path';
}

export const AllowedOrigin = z.string().superRefine((text, ctx) => {
  const form = 'write scheme://host or scheme://host:port';
  if (text === '*') return complain(ctx, 'a wildcard is not an origin', { hint: 'list every origin' });
  if (text === 'null') {
    return complain(ctx, 'the origin null is not allowed', {
      hint: 'any sandboxed page has it; serve the page over http',
    });
  }
  // Browser extensions and desktop shells have schemes of their own, whose origin the URL class calls null.
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\*]+$/.test(text)) {
    return complain(ctx, 'this is not an origin', { hint: `${form}, in lower case and without a path` });
  }
  const url = parseUrl(text);
  if (/^https?:/.test(text) && url?.origin !== text) {
    const hint = url === undefined ? form : `browsers send it as ${url.origin}`;
    return complain(ctx, 'this is not the exact form of an origin', { hint });
  }
});

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** The output has no trailing slash. */
export const PublicUrl = z
  .string()
  .superRefine((text, ctx) => {
    const url = parseUrl(text);
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      return complain(ctx, 'this is not an http or https URL', { hint: 'such as https://mcp.example.com' });
    }
    if (url.username !== '' || url.password !== '') complain(ctx, 'must not contain credentials');
    if (/[?#]/.test(text)) complain(ctx, 'must not contain a query or fragment');
  })
  .transform((text) => new URL(text).href.replace(/\/+$/, ''));

/** Becomes a `Secret`. `sendable` says what a client could not send, or undefined. */
export function secretText(sendable: (text: string) => string | undefined) {
  return z
    .string()
    .max(4096)
    .superRefine((text, ctx) => {
      if (text === '') {
        return complain(ctx, 'must not be empty', {
          hint: 'make one, such as with: openssl rand -base64 32',
        });
      }
      const problem = sendable(text);
      if (problem !== undefined) complain(ctx, problem);
    })
    .transform((text) => new Secret(text));
}
