/**
 * V8's young generation grows while modules load, to 16 MiB for what is loaded once, and is made small again only after
 * minutes of idleness. The program holds it at the size it begins with until it serves; a library does not touch it.
 */
import { setFlagsFromString } from 'node:v8';

export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** From here on it grows with the load, as V8 sees fit. */
export function releaseYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
