/** What the profiles do alike with each tool, and the document that they begin from: tools and nothing else. */
import { isObject, type JsonObject } from './openapi-data.ts';
import type { OpenApiDocument, OpenApiOptions, ReportEntry } from './openapi-document.ts';
import { flattenArguments } from './openapi-flatten.ts';
import { type InlineBudget, inlineReferences } from './openapi-inline.ts';
import { type ToolOperation, toolOperations } from './openapi-tools.ts';

export type ToolChange = (what: string) => void;

/** Other operations would be offered to a model as if they were tools. */
export function toolsOnly(document: OpenApiDocument, report: ReportEntry[]): ToolOperation[] {
  const tools = toolOperations(document);
  const operations = Object.values(document.paths).reduce((sum, item) => sum + Object.keys(item).length, 0);
  const others = operations - tools.length;
  if (others > 0)
    report.push({
      kind: 'left-out',
      what: `${others} operations that are no tools: a model would take them for tools`,
    });
  return tools;
}

/** The arguments as one object without references. */
export function argumentsOf(
  { operation }: ToolOperation,
  document: OpenApiDocument,
  changed: ToolChange,
  budget?: InlineBudget,
): JsonObject {
  const schema = bodySchema(operation);
  return flattenArguments(
    inlineReferences(schema, document.components.schemas, (why) => changed(`arguments: ${why}`), budget),
    changed,
  );
}

/** The session, where one must be named; headers and what else is optional is nothing for a model. */
export function parametersOf({ operation }: ToolOperation): readonly JsonObject[] {
  const { parameters } = operation;
  return Array.isArray(parameters)
    ? parameters.filter(
        (parameter: unknown): parameter is JsonObject =>
          isObject(parameter) && parameter['required'] === true,
      )
    : [];
}

export function withBody({ operation }: ToolOperation, schema: JsonObject): JsonObject {
  const required = schema['required'] !== undefined;
  const { description } = operation['requestBody'] as JsonObject;
  return { description, required, content: { 'application/json': { schema } } };
}

/** That a client elsewhere is not served is seen too late otherwise. */
export function checkReach({ security }: OpenApiOptions, report: ReportEntry[]): void {
  if (security.basic || security.bearer || security.anonymous) return;
  report.push({
    kind: 'problem',
    what: 'No authentication is configured, so only clients on this machine are served: configure auth.bearer',
  });
}

export function bodySchema(operation: JsonObject): JsonObject {
  const { content } = operation['requestBody'] as { content: Record<string, { schema: JsonObject }> };
  return content['application/json']?.schema ?? {};
}
