import type {
  CallToolResult,
  CompleteResult,
  GetPromptResult,
  Implementation,
  ListPromptsResult,
  ListResourcesResult,
  ListResourceTemplatesResult,
  ListToolsResult,
  LoggingLevel,
  ReadResourceResult,
  ServerCapabilities,
} from '@modelcontextprotocol/sdk/types.js';
import type { Traits } from './mcp-body-traits.ts';
import type { Wire } from './mcp-body-wire.ts';

export type Json = Record<string, unknown>;
export type Progress = { progress: number; total?: number | undefined; message?: string | undefined };

/** What the client can be asked. A capability is declared exactly when its handler is given. */
export interface ClientOptions {
  /** Default: `body-client`. */
  readonly name?: string;
  /** Answers `sampling/createMessage`; declared with `tools`. */
  readonly sampling?: (params: Json) => Json | Promise<Json>;
  /** Answers `elicitation/create`; both form and URL mode are declared. */
  readonly elicitation?: (params: Json) => Json | Promise<Json>;
  /** Answers `roots/list`; declared with `listChanged`. */
  readonly roots?: () => readonly { uri: string; name?: string }[];
}

export interface RequestOptions {
  readonly onprogress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds; the SDK then rejects and sends a cancellation. */
  readonly timeout?: number;
  /** Becomes `params._meta`, beside the progress token. */
  readonly meta?: Json;
}

/**
 * A connected SDK client, of v1 or v2. The opener closes it (`await using`). Methods reject with the SDK's error,
 * which has the JSON-RPC `code` when a server answered with one.
 */
export interface OpenedClient extends AsyncDisposable {
  readonly sdk: 'v1' | 'v2';
  readonly serverInfo: Implementation | undefined;
  readonly capabilities: ServerCapabilities | undefined;
  readonly instructions: string | undefined;
  /** Everything that arrived, and waiting for what will. */
  readonly wire: Wire;

  callTool(name: string, args?: Json, options?: RequestOptions): Promise<CallToolResult>;
  /** One page. */
  listTools(cursor?: string): Promise<ListToolsResult>;
  listResources(cursor?: string): Promise<ListResourcesResult>;
  listResourceTemplates(cursor?: string): Promise<ListResourceTemplatesResult>;
  listPrompts(cursor?: string): Promise<ListPromptsResult>;
  readResource(uri: string): Promise<ReadResourceResult>;
  subscribe(uri: string): Promise<void>;
  unsubscribe(uri: string): Promise<void>;
  getPrompt(name: string, args?: Record<string, string>): Promise<GetPromptResult>;
  complete(params: CompleteParams): Promise<CompleteResult>;
  setLoggingLevel(level: LoggingLevel): Promise<void>;
  ping(): Promise<void>;
  sendRootsListChanged(): Promise<void>;
  /** A request the SDK need not know; the result is not validated. */
  rawRequest(method: string, params?: Json): Promise<Json>;
  /** Hands the transport a message as it is. The SDK does not know its id; await the answer on `wire`. */
  send(message: Json): Promise<void>;
  /** Safe to call twice. */
  close(): Promise<void>;
}

export interface CompleteParams {
  readonly ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };
  readonly argument: { name: string; value: string };
  readonly context?: { arguments?: Record<string, string> };
}

/** Opens a client of some SDK over some front; the body decides what it can be asked. */
export type Open = (options: ClientOptions) => Promise<OpenedClient>;

/** The text of a result's only content item. */
export function textOf(result: CallToolResult): string {
  const [only, ...more] = result.content;
  if (only?.type !== 'text' || more.length > 0) throw new Error(`no single text: ${JSON.stringify(result)}`);
  return only.text;
}

/** The parsed text of a result's only content item. */
export function jsonOf(result: CallToolResult): unknown {
  return JSON.parse(textOf(result));
}

/** The URIs of the updates so far; each names its subscription where the client's revision has names for them. */
export function updatesOf({ wire }: OpenedClient, { client }: Traits): unknown[] {
  return wire.notifications('notifications/resources/updated').map((params) => {
    const { uri, _meta: meta, ...more } = params;
    const id = (meta as Json | undefined)?.['io.modelcontextprotocol/subscriptionId'];
    if ((id !== undefined) !== (client === 'modern') || Object.keys(more).length > 0)
      throw new Error(`a strange update: ${JSON.stringify(params)}`);
    return uri;
  });
}
