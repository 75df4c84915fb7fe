/** Documents as they were last rendered: used again while everything they were made from is the same object. */
import { createHash } from 'node:crypto';

export interface Rendition {
  readonly text: Buffer;
  /** RFC 9110 section 8.8.3: strong, the same for the same bytes. */
  readonly etag: string;
}

/** Documents kept; the one that was not asked for longest goes first. */
const MAX_KEPT = 32;

export class Renditions {
  readonly #kept = new Map<string, { readonly sources: readonly unknown[]; readonly rendition: Rendition }>();

  /** `key` says everything that `render` depends on besides `sources`. */
  get(key: string, sources: readonly unknown[], render: () => string): Rendition {
    const found = this.#kept.get(key);
    const isFresh =
      found !== undefined &&
      found.sources.length === sources.length &&
      found.sources.every((source, index) => source === sources[index]);
    const entry = isFresh ? found : { sources, rendition: toRendition(render()) };
    this.#kept.delete(key);
    this.#kept.set(key, entry);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return entry.rendition;
  }
}

/** RFC 9110 section 13.1.2: weak comparison, so what a proxy has marked as weak counts as well. */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === '*' || tag === etag);
}

function toRendition(document: string): Rendition {
  const text = Buffer.from(document);
  const digest = createHash('sha256').update(text).digest('base64url');
  return { text, etag: `"${digest}"` };
}
