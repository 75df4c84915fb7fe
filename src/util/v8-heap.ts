/**
 * How V8 sizes the heap of the program; a library does not touch it.
 *
 * While modules load, the young generation would grow to 16 MiB for what is loaded once, and be made small again only
 * after minutes of idleness: it is held at the size it begins with until the gateway serves.
 *
 * Buffers count towards the limit at which V8 collects the whole heap, and that limit is a fraction above what lives,
 * which is little here: with results of a megabyte, every ninth call paid for a full collection. The heap may
 * grow to four times what lives instead, as V8 itself allows where it finds collections to be slow.
 */
import { setFlagsFromString } from 'node:v8';

export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** From here on it grows with the load, as V8 sees fit. */
export function releaseYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--heap-growing-percent=300');
}
