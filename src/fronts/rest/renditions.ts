/** Documents as they were last rendered: used again while everything they were made from is the same object. */
import { toEntityTag } from '../../http/entity-tag.ts';

export interface Rendition {
  readonly text: Buffer;
  readonly etag: string;
}

/** Documents kept, and bytes of them; those that were not asked for longest go first. A larger one is made anew each time. */
const MAX_KEPT = 32;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

export class Renditions {
  readonly #kept = new Map<string, { readonly sources: readonly unknown[]; readonly rendition: Rendition }>();
  #bytes = 0;

  /** `key` says everything that `render` depends on besides `sources`. */
  get(key: string, sources: readonly unknown[], render: () => string): Rendition {
    const found = this.#kept.get(key);
    const isFresh =
      found !== undefined &&
      found.sources.length === sources.length &&
      found.sources.every((source, index) => source === sources[index]);
    const entry = isFresh ? found : { sources, rendition: toRendition(render()) };
    this.#drop(key);
    this.#kept.set(key, entry);
    this.#bytes += entry.rendition.text.length;
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT && this.#bytes <= MAX_KEPT_BYTES) break;
      this.#drop(oldest);
    }
    return entry.rendition;
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.rendition.text.length ?? 0;
    this.#kept.delete(key);
  }
}

function toRendition(document: string): Rendition {
  const text = Buffer.from(document);
  return { text, etag: toEntityTag(text) };
}
