/** Finds the tools in a document again. */
import { isObject, type JsonObject } from './openapi-data.ts';
import type { OpenApiDocument } from './openapi-document.ts';

/** Marks the operations that are tools; says the tool's own name. */
export const TOOL_KEY = 'x-mcp-tool';

export interface ToolOperation {
  readonly server: string;
  readonly tool: string;
  readonly path: string;
  readonly operation: JsonObject;
}

/** In the order of the document. */
export function toolOperations(document: OpenApiDocument): ToolOperation[] {
  return Object.entries(document.paths).flatMap(([path, { post }]) => {
    if (!isObject(post) || typeof post[TOOL_KEY] !== 'string') return [];
    const [server] = post['tags'] as readonly string[];
    return [{ server: String(server), tool: post[TOOL_KEY], path, operation: post }];
  });
}

export function toolsByOperation(
  document: OpenApiDocument,
): ReadonlyMap<string, { readonly server: string; readonly tool: string }> {
  return new Map(
    toolOperations(document).map(({ server, tool, operation }) => [
      String(operation['operationId']),
      { server, tool },
    ]),
  );
}
