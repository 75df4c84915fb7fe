/**
 * How V8 and the allocator of the system size the memory of the program; a library does not touch them.
 *
 * While modules load, the young generation would grow to 16 MiB for what is loaded once, and be made small again only
 * after minutes of idleness: it is held at the size it begins with until the gateway serves.
 *
 * Then the heap may grow by three fifths of what lives before it is collected: sessions that have ended would else pile up to
 * as much again and more. Until there are large messages: a buffer counts towards that limit, so that with results of a
 * megabyte every ninth call paid for a full collection. From the first of them on it may grow to four times what lives.
 */
import { setFlagsFromString } from 'node:v8';

export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** From here on it grows with the load, as V8 sees fit. */
export function releaseYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--heap-growing-percent=60');
}

/** In bytes; freed, it raises two limits of glibc's allocator, which follow the largest block that was freed. */
const LARGE_BLOCK_BYTES = 16 * 1024 * 1024;

/**
 * For what buffers of a megabyte need. Also has the allocator keep up to 32 MiB that were freed, for the next one: it would
 * give them back to the system, and each large result would begin with a thousand page faults. Nothing is touched here, so
 * the block costs no memory; where the allocator is another one, nothing happens.
 */
export function makeRoomForLargeMessages(): void {
  setFlagsFromString('--heap-growing-percent=300');
  Buffer.allocUnsafeSlow(LARGE_BLOCK_BYTES);
}
