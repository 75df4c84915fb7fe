import { Writable } from 'node:stream';

/** Takes everything and remembers it. */
export class MemoryStream extends Writable {
  readonly #chunks: Buffer[] = [];
  #release: (() => void) | undefined;
  #stuck: boolean;

  /** A stuck stream takes no second chunk until `unstick`. */
  constructor(options: { readonly stuck?: boolean } = {}) {
    super({ write: (chunk: Buffer, _encoding, done) => this.#take(chunk, done) });
    this.#stuck = options.stuck ?? false;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  /** Resolves when all that waited was taken. */
  unstick(): Promise<void> {
    this.#stuck = false;
    const drained = new Promise<void>((resolve) => this.once('drain', resolve));
    this.#release?.();
    return drained;
  }

  #take(chunk: Buffer, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    if (this.#stuck) this.#release = done;
    else done();
  }
}
