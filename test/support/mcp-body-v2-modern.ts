import type { Client, JSONRPCMessage, McpSubscription, Transport } from '@modelcontextprotocol/client';
import type { ClientOptions, Json, OpenedClient } from './mcp-body-client.ts';
import { capabilitiesOf } from './mcp-body-v1.ts';

const KEY = 'io.modelcontextprotocol/';
const VERSION = '2026-07-28';

/**
 * The same client with what 2026-07-28 has in place of requests that are no more: subscriptions are listens, a log
 * level goes with each call, and a message sent by hand gets its envelope.
 */
export async function modernMeans(
  client: Client,
  transport: Transport,
  options: ClientOptions,
  opened: OpenedClient,
): Promise<OpenedClient> {
  const listens = new Map<string, McpSubscription>();
  let level: string | undefined;
  const leveled = (meta: Json = {}): Json => ({ ...meta, ...(level && { [`${KEY}logLevel`]: level }) });

  await client.listen({ toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true });
  return {
    ...opened,
    callTool: (name, args, call = {}) => {
      const meta = leveled(call.meta);
      return opened.callTool(name, args, { ...call, ...(Object.keys(meta).length > 0 && { meta }) });
    },
    subscribe: async (uri) => {
      listens.set(uri, await client.listen({ resourceSubscriptions: [uri] }));
    },
    unsubscribe: async (uri) => {
      await listens.get(uri)?.close();
    },
    setLoggingLevel: async (wanted) => {
      level = wanted;
    },
    send: async (message) => {
      const { id, method, params = {} } = message as { id?: unknown; method?: string; params?: Json };
      const given = params['_meta'] as Json | undefined;
      const envelope = {
        [`${KEY}protocolVersion`]: VERSION,
        [`${KEY}clientCapabilities`]: capabilitiesOf(options),
        ...leveled(given),
      };
      const isRequest = id !== undefined && method !== undefined;
      const sent = isRequest ? { ...message, params: { ...params, _meta: envelope } } : message;
      await transport.send(sent as unknown as JSONRPCMessage);
    },
  };
}
