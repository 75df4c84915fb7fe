import {
  type CallToolRequestOptions,
  Client,
  type JSONRPCMessage,
  type ClientOptions as SdkClientOptions,
  type Transport,
} from '@modelcontextprotocol/client';
import type { CallToolResult, ListToolsResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { ClientOptions, OpenedClient, RequestOptions } from './mcp-body-client.ts';
import { capabilitiesOf } from './mcp-body-v1.ts';
import { modernMeans } from './mcp-body-v2-modern.ts';
import { tap } from './mcp-body-wire.ts';

/** Any v2 client transport; the SDK's own classes miss its interface under exactOptionalPropertyTypes. */
export type TransportV2 = Pick<Transport, 'start' | 'send' | 'close'>;

const ANYTHING = z.looseObject({});

/**
 * Connects a client of `@modelcontextprotocol/client` and owns the transport from then on. It speaks the legacy
 * handshake unless `sdk.versionNegotiation` says otherwise; then the methods use what 2026-07-28 has in their place.
 */
export async function openV2(
  given: TransportV2,
  options: ClientOptions,
  sdk: Pick<SdkClientOptions, 'versionNegotiation'> = {},
): Promise<OpenedClient> {
  const transport = given as Transport;
  const client = new Client(
    { name: options.name ?? 'body-client', version: '1.0.0' },
    { ...sdk, capabilities: capabilitiesOf(options) },
  );
  const { sampling, elicitation, roots } = options;
  if (sampling !== undefined)
    client.setRequestHandler(
      'sampling/createMessage',
      async ({ params }) => (await sampling({ ...params })) as never,
    );
  if (elicitation !== undefined)
    client.setRequestHandler(
      'elicitation/create',
      async ({ params }) => (await elicitation({ ...params })) as never,
    );
  if (roots !== undefined) client.setRequestHandler('roots/list', () => ({ roots: [...roots()] }));

  const wire = tap(transport);
  await client.connect(transport);
  const close = () => client.close();
  const opened: OpenedClient = {
    sdk: 'v2',
    serverInfo: client.getServerVersion(),
    capabilities: client.getServerCapabilities(),
    instructions: client.getInstructions(),
    wire,
    callTool: async (name, args, call = {}) => {
      const params = { name, ...(args && { arguments: args }), ...(call.meta && { _meta: call.meta }) };
      return (await client.callTool(params, sdkOptions(call))) as CallToolResult;
    },
    listTools: async (cursor) =>
      (await client.request({ method: 'tools/list', ...page(cursor) })) as unknown as ListToolsResult,
    listResources: async (cursor) => await client.request({ method: 'resources/list', ...page(cursor) }),
    listResourceTemplates: async (cursor) =>
      await client.request({ method: 'resources/templates/list', ...page(cursor) }),
    listPrompts: async (cursor) => await client.request({ method: 'prompts/list', ...page(cursor) }),
    readResource: (uri) => client.readResource({ uri }),
    subscribe: async (uri) => void (await client.subscribeResource({ uri })),
    unsubscribe: async (uri) => void (await client.unsubscribeResource({ uri })),
    getPrompt: (name, args) => client.getPrompt({ name, ...(args && { arguments: args }) }),
    complete: (params) => client.complete(params),
    setLoggingLevel: async (level) => void (await client.setLoggingLevel(level)),
    ping: async () => void (await client.ping()),
    sendRootsListChanged: () => client.sendRootsListChanged(),
    rawRequest: (method, params) => client.request({ method, ...(params && { params }) }, ANYTHING),
    send: (message) => transport.send(message as unknown as JSONRPCMessage),
    close,
    [Symbol.asyncDispose]: close,
  };
  return client.getProtocolEra() === 'modern' ? modernMeans(client, transport, options, opened) : opened;
}

function sdkOptions({ onprogress, signal, timeout }: RequestOptions): CallToolRequestOptions {
  return {
    ...(onprogress && { onprogress }),
    ...(signal && { signal }),
    ...(timeout !== undefined && { timeout }),
  };
}

/** For single pages: the client's own list methods walk all pages when no cursor is given. */
function page(cursor: string | undefined): { params: { cursor?: string } } {
  return { params: cursor === undefined ? {} : { cursor } };
}
