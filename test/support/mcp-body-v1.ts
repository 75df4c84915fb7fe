import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { RequestOptions as SdkRequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult, JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { ClientOptions, OpenedClient, RequestOptions } from './mcp-body-client.ts';
import { tap } from './mcp-body-wire.ts';

/** Any v1 client transport; the SDK's own classes miss its interface under exactOptionalPropertyTypes. */
export type TransportV1 = Pick<Transport, 'start' | 'send' | 'close'>;

/** Connects a client of `@modelcontextprotocol/sdk` and owns the transport from then on. */
export async function openV1(given: TransportV1, options: ClientOptions): Promise<OpenedClient> {
  const transport = given as Transport;
  const client = new Client(
    { name: options.name ?? 'body-client', version: '1.0.0' },
    { capabilities: capabilitiesOf(options) },
  );
  const { sampling, elicitation, roots } = options;
  if (sampling !== undefined)
    client.setRequestHandler(
      CreateMessageRequestSchema,
      async ({ params }) => (await sampling(params)) as never,
    );
  if (elicitation !== undefined)
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => (await elicitation(params)) as never);
  if (roots !== undefined) client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [...roots()] }));

  const wire = tap(transport);
  await client.connect(transport);
  const close = () => client.close();
  return {
    sdk: 'v1',
    serverInfo: client.getServerVersion(),
    capabilities: client.getServerCapabilities(),
    instructions: client.getInstructions(),
    wire,
    callTool: async (name, args, call = {}) => {
      const params = { name, ...(args && { arguments: args }), ...(call.meta && { _meta: call.meta }) };
      return (await client.callTool(params, undefined, sdkOptions(call))) as CallToolResult;
    },
    listTools: (cursor) => client.listTools(page(cursor)),
    listResources: (cursor) => client.listResources(page(cursor)),
    listResourceTemplates: (cursor) => client.listResourceTemplates(page(cursor)),
    listPrompts: (cursor) => client.listPrompts(page(cursor)),
    readResource: (uri) => client.readResource({ uri }),
    subscribe: async (uri) => void (await client.subscribeResource({ uri })),
    unsubscribe: async (uri) => void (await client.unsubscribeResource({ uri })),
    getPrompt: (name, args) => client.getPrompt({ name, ...(args && { arguments: args }) }),
    complete: (params) => client.complete(params),
    setLoggingLevel: async (level) => void (await client.setLoggingLevel(level)),
    ping: async () => void (await client.ping()),
    sendRootsListChanged: () => client.sendRootsListChanged(),
    rawRequest: (method, params) => client.request({ method, ...(params && { params }) }, ResultSchema),
    send: (message) => transport.send(message as JSONRPCMessage),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What a body client declares; the same for both SDKs. */
export function capabilitiesOf(options: ClientOptions) {
  return {
    ...(options.sampling && { sampling: { tools: {} } }),
    ...(options.elicitation && { elicitation: { form: {}, url: {} } }),
    ...(options.roots && { roots: { listChanged: true } }),
  };
}

function sdkOptions({ onprogress, signal, timeout }: RequestOptions): SdkRequestOptions {
  return {
    ...(onprogress && { onprogress }),
    ...(signal && { signal }),
    ...(timeout !== undefined && { timeout }),
  };
}

function page(cursor: string | undefined): { cursor?: string } {
  return cursor === undefined ? {} : { cursor };
}
