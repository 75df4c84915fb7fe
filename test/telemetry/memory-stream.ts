import { Writable } from 'node:stream';

/** Takes everything and remembers it. */
export class MemoryStream extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    done();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

/** Takes nothing until it is told to; then everything. */
export class StuckStream extends MemoryStream {
  #release: (() => void) | undefined;
  #stuck = true;

  override _write(chunk: Buffer, encoding: string, done: () => void): void {
    super._write(chunk, encoding, () => {
      if (this.#stuck) this.#release = done;
      else done();
    });
  }

  /** Resolves when all that waited was taken. */
  unstick(): Promise<void> {
    this.#stuck = false;
    const drained = new Promise<void>((resolve) => this.once('drain', resolve));
    this.#release?.();
    return drained;
  }
}
