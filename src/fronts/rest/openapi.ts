/**
 * The tools of all servers as one OpenAPI 3.1 document, without loss: what a client could not take is left out
 * or shortened by profiles that start from this document. Names, texts and schemas come from the servers and are
 * data here: they are placed, never interpreted.
 */
import { hasFollowedRef, isObject, isWithinBounds, type JsonObject } from './openapi-data.ts';
import type {
  LeftOutTool,
  OpenApiDocument,
  OpenApiOptions,
  OpenApiResult,
  OpenApiWarning,
  ServerTools,
  ToolDescription,
} from './openapi-document.ts';
import { FIXED_SCHEMAS, SESSIONS_TAG, toSessionIdParameter, toSessionPaths } from './openapi-fixed.ts';
import { toProblemComponents, toProblemResponses } from './openapi-problems.ts';
import { type ConvertedSchema, toOpenApiSchema } from './openapi-schema.ts';
import { toOperationId, toPathSegment } from './operation-names.ts';

export type { OpenApiDocument, OpenApiOptions, OpenApiResult, ServerTools };

/** Most warnings of one tool; a schema of garbage has one for every value. */
const MAX_WARNINGS_PER_TOOL = 50;

/** Pure: the same tools give the same document, member for member in the same order. Never throws on what a server said. */
export function toOpenApi(servers: readonly ServerTools[], options: OpenApiOptions): OpenApiResult {
  const document = toFrame(options);
  const warnings: OpenApiWarning[] = [];
  const leftOut: LeftOutTool[] = [];
  const operationIds = new Set<string>();
  const tags = new Set<string>();
  for (const from of servers) {
    if (!tags.has(from.server)) document.tags.push(toTag(from));
    tags.add(from.server);
    for (const tool of from.tools) {
      const place = decidePlace(from.server, tool, document, operationIds);
      if (place.kind === 'left-out') {
        leftOut.push({ server: from.server, tool: place.tool, reason: place.reason });
        continue;
      }
      operationIds.add(place.operationId);
      const warn = createWarner(from.server, tool.name, warnings);
      const post = toOperation(from.server, tool, place.operationId, document, options, warn);
      document.paths[place.path] = { post };
    }
  }
  return { document, warnings, leftOut };
}

type Place =
  | { readonly kind: 'placed'; readonly path: string; readonly operationId: string }
  | { readonly kind: 'left-out'; readonly tool: string; readonly reason: string };

function decidePlace(
  server: string,
  tool: ToolDescription,
  document: OpenApiDocument,
  operationIds: ReadonlySet<string>,
): Place {
  if (!isObject(tool) || typeof tool.name !== 'string') {
    return { kind: 'left-out', tool: '', reason: 'a tool without a name' };
  }
  const segment = toPathSegment(tool.name);
  if (segment.kind === 'unusable') return { kind: 'left-out', tool: tool.name, reason: segment.reason };
  const path = `/api/${encodeURIComponent(server)}/${segment.segment}`;
  if (Object.hasOwn(document.paths, path)) {
    return {
      kind: 'left-out',
      tool: tool.name,
      reason: 'the server lists this name twice; the first one counts',
    };
  }
  const operationId = toOperationId(server, tool.name);
  if (operationIds.has(operationId)) {
    return { kind: 'left-out', tool: tool.name, reason: `its operationId ${operationId} is taken` };
  }
  return { kind: 'placed', path, operationId };
}

function toOperation(
  server: string,
  tool: ToolDescription,
  operationId: string,
  document: OpenApiDocument,
  options: OpenApiOptions,
  warn: (what: string) => void,
): JsonObject {
  const input = toOpenApiSchema(tool.inputSchema, {
    prefix: `${operationId}.input`,
    root: 'object',
    warn: (what) => warn(`inputSchema ${what}`),
  });
  addComponents(document, input);
  const operation: JsonObject = {
    operationId,
    tags: [server],
    summary: typeof tool.title === 'string' ? tool.title : tool.name,
    ...(typeof tool.description === 'string' && { description: tool.description }),
    parameters: [{ $ref: '#/components/parameters/sessionId' }],
    requestBody: {
      description: 'The arguments of the tool.',
      required: needsBody(input.schema),
      content: { 'application/json': { schema: input.schema } },
    },
    responses: {
      '200': {
        description: 'The result of the tool; `isError` tells when the tool itself failed.',
        content: { 'application/json': { schema: toResultSchema(tool, operationId, document, warn) } },
      },
      ...toProblemResponses('call', options),
    },
  };
  const annotations = tool.annotations;
  if (isObject(annotations)) {
    // Resolvers follow references in extensions too.
    if (!isWithinBounds(annotations) || hasFollowedRef(annotations, ['$ref', 'externalValue'])) {
      warn('annotations left out: too large, or taken for a reference by tools');
    } else operation['x-mcp-annotations'] = annotations;
  }
  return operation;
}

function toResultSchema(
  tool: ToolDescription,
  operationId: string,
  document: OpenApiDocument,
  warn: (what: string) => void,
): JsonObject {
  const result = { $ref: '#/components/schemas/CallToolResult' };
  if (tool.outputSchema === undefined) return result;
  const output = toOpenApiSchema(tool.outputSchema, {
    prefix: `${operationId}.output`,
    root: 'any',
    warn: (what) => warn(`outputSchema ${what}`),
  });
  addComponents(document, output);
  return { allOf: [result, { type: 'object', properties: { structuredContent: output.schema } }] };
}

function addComponents(document: OpenApiDocument, converted: ConvertedSchema): void {
  for (const [name, schema] of converted.components) document.components.schemas[name] = schema;
}

/** A composed schema may require members without saying so at its root. */
function needsBody(schema: JsonObject): boolean {
  const required = schema['required'];
  if (Array.isArray(required) && required.length > 0) return true;
  return ['$ref', 'allOf', 'anyOf', 'oneOf'].some((keyword) => Object.hasOwn(schema, keyword));
}

function toTag({ server, title, version, instructions }: ServerTools): JsonObject {
  return {
    name: server,
    ...(typeof instructions === 'string' && { description: instructions }),
    ...(typeof title === 'string' && { 'x-displayName': title }),
    ...(typeof version === 'string' && { 'x-mcp-version': version }),
  };
}

function toFrame(options: OpenApiOptions): OpenApiDocument {
  const urls = options.serverUrls.length === 0 ? ['/'] : options.serverUrls;
  const { basic, bearer, anonymous } = options.security;
  const asksForCredentials = basic || bearer;
  return {
    openapi: '3.1.0',
    info: { title: options.title, version: options.version },
    // Paths start with a slash of their own.
    servers: urls.map((url) => ({ url: url === '/' ? url : url.replace(/\/+$/, '') })),
    security: [
      ...(basic ? [{ basic: [] }] : []),
      ...(bearer ? [{ bearer: [] }] : []),
      ...(asksForCredentials && anonymous ? [{}] : []),
    ],
    tags: [SESSIONS_TAG],
    paths: toSessionPaths(options),
    components: {
      securitySchemes: {
        ...(basic && { basic: { type: 'http', scheme: 'basic' } }),
        ...(bearer && { bearer: { type: 'http', scheme: 'bearer' } }),
      },
      parameters: { sessionId: toSessionIdParameter(options.sessionRequired) },
      responses: toProblemComponents(options),
      schemas: { ...FIXED_SCHEMAS },
    },
  };
}

function createWarner(server: string, tool: string, warnings: OpenApiWarning[]): (what: string) => void {
  let given = 0;
  return (what) => {
    given += 1;
    if (given < MAX_WARNINGS_PER_TOOL) warnings.push({ server, tool, what });
    else if (given === MAX_WARNINGS_PER_TOOL) warnings.push({ server, tool, what: 'and more like these' });
  };
}
