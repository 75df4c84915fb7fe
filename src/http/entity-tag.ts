/** Versions of what is served, as RFC 9110 section 8.8.3 names them: strong, the same for the same bytes. */
import { createHash } from 'node:crypto';

export function toEntityTag(content: string | Buffer): string {
  return `"${createHash('sha256').update(content).digest('base64url')}"`;
}

/** RFC 9110 section 13.1.2: weak comparison, so what a proxy has marked as weak counts as well. */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === '*' || tag === etag);
}
