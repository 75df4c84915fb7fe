import { afterAll, beforeAll } from 'vitest';
import type { ClientOptions, Open, OpenedClient } from './mcp-body-client.ts';

/** One client for the checks of the surrounding `describe`, opened before the first and closed after the last. */
export function sharedClient(open: Open, options: ClientOptions = {}): () => OpenedClient {
  let client: OpenedClient | undefined;
  beforeAll(async () => {
    client = await open(options);
  });
  afterAll(async () => {
    await client?.close();
  });
  return () => {
    if (client === undefined) throw new Error('the client is open only while checks run');
    return client;
  };
}
