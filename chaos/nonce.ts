/**
 * What each call carries, and what must come back to nobody but its asker: `~client.call~`. It says itself whose it is,
 * and looks the same in JSON, in a URL and in an event.
 */
export function nonceOf(client: number, call: number): string {
  return `~${client}.${call}~`;
}

const FORM = /~(\d+)\.\d+~/g;
const LONGEST = 24;

/** The first nonce in a text. */
export function nonceIn(text: string): string | undefined {
  return /~\d+\.\d+~/.exec(text)?.[0];
}

/** Hears everything that a connection brings, in pieces that may end anywhere. */
export class Ear {
  readonly #onNonce: (nonce: string, client: number) => void;
  #tail = '';

  constructor(onNonce: (nonce: string, client: number) => void) {
    this.#onNonce = onNonce;
  }

  hear(piece: string): void {
    const text = this.#tail + piece;
    let end = 0;
    for (const match of text.matchAll(FORM)) {
      this.#onNonce(match[0], Number(match[1]));
      end = match.index + match[0].length;
    }
    // What was told is not told again.
    this.#tail = text.slice(Math.max(end, text.length - LONGEST));
  }
}
