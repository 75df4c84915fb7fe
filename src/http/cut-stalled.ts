import type { ServerResponse } from 'node:http';

/**
 * Destroys a response whose reader takes nothing for that long, after `end()` too. The socket's own clock runs: it
 * starts anew with each byte that the kernel takes, where the callback of a write waits for the whole of it.
 */
export function cutStalled(response: ServerResponse, writeDeadlineMs: number): void {
  response.setTimeout(writeDeadlineMs, () => {
    if (response.writableLength > 0) response.destroy();
  });
}
