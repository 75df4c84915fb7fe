/** One tool as an OpenAPI operation: its texts, its arguments, its result, and every way in which a call can fail. */
import { NOT_YET, PREFER } from './openapi-answers.ts';
import { hasFollowedRef, isObject, isWithinBounds, type JsonObject } from './openapi-data.ts';
import type { OpenApiOptions, ToolDescription } from './openapi-document.ts';
import { toExample } from './openapi-example.ts';
import { toSessionIdParameter } from './openapi-fixed.ts';
import { toProblemResponses } from './openapi-problems.ts';
import { type ConvertedSchema, toOpenApiSchema } from './openapi-schema.ts';
import { TOOL_KEY } from './openapi-tools.ts';

export interface OperationPlace {
  readonly operationId: string;
  /** Where the schemas that this operation refers to go. */
  readonly schemas: Record<string, JsonObject>;
  readonly options: OpenApiOptions;
  readonly warn: (what: string) => void;
}

export function toToolOperation(server: string, tool: ToolDescription, place: OperationPlace): JsonObject {
  const { operationId, options, warn } = place;
  const input = toOpenApiSchema(tool.inputSchema, {
    prefix: `${operationId}.input`,
    root: 'object',
    warn: (what) => warn(`inputSchema ${what}`),
  });
  addSchemas(place.schemas, input);
  const example = toExample(input.schema, place.schemas);
  return {
    operationId,
    tags: [server],
    summary: typeof tool.title === 'string' ? tool.title : tool.name,
    ...(typeof tool.description === 'string' && { description: tool.description }),
    [TOOL_KEY]: tool.name,
    ...toAnnotations(tool, warn),
    // In place, not by reference: Open WebUI and the editor of GPT Actions skip parameters without a name.
    parameters: [toSessionIdParameter(options.sessionRequired), PREFER],
    requestBody: {
      description: 'The arguments of the tool.',
      required: needsBody(input.schema),
      content: {
        'application/json': { schema: input.schema, ...(example !== undefined && { example }) },
      },
    },
    responses: {
      '200': {
        description: 'The result of the tool; `isError` tells when the tool itself failed.',
        content: { 'application/json': { schema: toResultSchema(tool, place) } },
      },
      '202': NOT_YET,
      ...toProblemResponses('call', options),
    },
  };
}

function toAnnotations({ annotations }: ToolDescription, warn: (what: string) => void): JsonObject {
  if (!isObject(annotations)) return {};
  // Resolvers follow references in extensions too.
  if (isWithinBounds(annotations) && !hasFollowedRef(annotations, ['$ref', 'externalValue']))
    return { 'x-mcp-annotations': annotations };
  warn('annotations left out: too large, or taken for a reference by tools');
  return {};
}

function toResultSchema(tool: ToolDescription, { operationId, schemas, warn }: OperationPlace): JsonObject {
  const result = { $ref: '#/components/schemas/CallToolResult' };
  if (tool.outputSchema === undefined) return result;
  const output = toOpenApiSchema(tool.outputSchema, {
    prefix: `${operationId}.output`,
    root: 'any',
    warn: (what) => warn(`outputSchema ${what}`),
  });
  addSchemas(schemas, output);
  return { allOf: [result, { type: 'object', properties: { structuredContent: output.schema } }] };
}

function addSchemas(schemas: Record<string, JsonObject>, converted: ConvertedSchema): void {
  for (const [name, schema] of converted.components) schemas[name] = schema;
}

/** A composed schema may require members without saying so at its root. */
function needsBody(schema: JsonObject): boolean {
  const required = schema['required'];
  if (Array.isArray(required) && required.length > 0) return true;
  return ['$ref', 'allOf', 'anyOf', 'oneOf'].some((keyword) => Object.hasOwn(schema, keyword));
}
