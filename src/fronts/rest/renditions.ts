/** Documents as they were last rendered: used again while everything they were made from is the same object. */
import { toEntityTag } from '../../http/entity-tag.ts';

export interface Rendition {
  readonly text: Buffer;
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

function toRendition(document: string): Rendition {
  const text = Buffer.from(document);
  return { text, etag: toEntityTag(text) };
}
