/** What goes into the OpenAPI document and what comes out. */
import type { JsonObject } from './openapi-data.ts';

/** One entry of a server's `tools/list` answer: parsed, otherwise untrusted. */
export interface ToolDescription {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema?: unknown;
  readonly outputSchema?: unknown;
  readonly annotations?: unknown;
}

export interface ServerTools {
  readonly server: string;
  readonly title?: string;
  readonly version?: string;
  readonly instructions?: string;
  readonly tools: readonly ToolDescription[];
  /** What else the server says that it has. */
  readonly offers?: Offers;
}

export interface Offers {
  readonly resources: boolean;
  readonly prompts: boolean;
  readonly completions: boolean;
}

export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  /** Where the gateway is reached from outside; empty means relative to the document. */
  readonly serverUrls: readonly string[];
  /** What the configuration accepts. All false is a gateway for its own machine. */
  readonly security: { readonly basic: boolean; readonly bearer: boolean; readonly anonymous: boolean };
  readonly sessionRequired: boolean;
  /** Whether arguments are held against the schemas of tools before they reach a server. */
  readonly validates: boolean;
  /**
   * The document of this one server: its base URL ends in `/api/{server}` and its paths begin behind it, because some
   * clients put paths behind the URL that they were given and read nothing else. Undefined: of all servers.
   */
  readonly onlyServer?: string | undefined;
}

export interface OpenApiDocument {
  openapi: '3.1.0' | '3.0.3';
  info: { title: string; version: string; description?: string };
  servers: { url: string }[];
  /** Alternatives: any one grants access. Empty where no credentials are asked for. */
  security: Record<string, string[]>[];
  tags: JsonObject[];
  paths: Record<string, JsonObject>;
  components: {
    securitySchemes: Record<string, JsonObject>;
    parameters: JsonObject;
    responses: JsonObject;
    schemas: Record<string, JsonObject>;
  };
  /** What the document does not say as the servers said it; absent where there is nothing to tell. */
  'x-mcp-report'?: readonly ReportEntry[];
}

/** What became of something on its way into the document, for people. */
export interface ReportEntry {
  /** `problem`: the client that the document is for will not take it. `left-out`, `changed`: by the gateway. */
  readonly kind: 'problem' | 'left-out' | 'changed';
  readonly server?: string;
  readonly tool?: string;
  readonly what: string;
}

/** A part of a tool's description that the document does not say as the server said it. */
export interface OpenApiWarning {
  readonly server: string;
  readonly tool: string;
  readonly what: string;
}

/** A tool that is not in the document at all. */
export interface LeftOutTool {
  readonly server: string;
  readonly tool: string;
  readonly reason: string;
}

export interface OpenApiResult {
  readonly document: OpenApiDocument;
  readonly warnings: readonly OpenApiWarning[];
  readonly leftOut: readonly LeftOutTool[];
}
