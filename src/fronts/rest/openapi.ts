/**
 * The tools of all servers as one OpenAPI 3.1 document, without loss: what a client could not take is left out
 * or shortened by profiles that start from this document. Names, texts and schemas come from the servers and are
 * data here: they are placed, never interpreted.
 */
import { ANSWER_PARAMETERS, ANSWER_RESPONSES, ANSWER_SCHEMAS } from './openapi-answers.ts';
import { isObject, type JsonObject } from './openapi-data.ts';
import type {
  LeftOutTool,
  OpenApiDocument,
  OpenApiOptions,
  OpenApiResult,
  OpenApiWarning,
  ReportEntry,
  ServerTools,
  ToolDescription,
} from './openapi-document.ts';
import { FIXED_SCHEMAS, SESSIONS_TAG, toSessionPaths } from './openapi-fixed.ts';
import { OFFER_SCHEMAS } from './openapi-offer-schemas.ts';
import { toOfferPaths } from './openapi-offers.ts';
import { toToolOperation } from './openapi-operation.ts';
import { toProblemComponents } from './openapi-problems.ts';
import { toOperationId, toPathSegment } from './operation-names.ts';

export type { OpenApiDocument, OpenApiOptions, OpenApiResult, ReportEntry, ServerTools };

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
      const place = decidePlace(from.server, tool, pathBase(from.server, options), {
        document,
        operationIds,
      });
      if (place.kind === 'left-out') {
        leftOut.push({ server: from.server, tool: place.tool, reason: place.reason });
        continue;
      }
      operationIds.add(place.operationId);
      const warn = createWarner(from.server, tool.name, warnings);
      const post = toToolOperation(from.server, tool, {
        operationId: place.operationId,
        schemas: document.components.schemas,
        options,
        warn,
      });
      document.paths[place.path] = { ...document.paths[place.path], post };
    }
    // A tool may be called like a list, and then shares its path.
    for (const [path, item] of toOfferPaths(from, pathBase(from.server, options), options))
      document.paths[path] = { ...document.paths[path], ...item };
  }
  return { document, warnings, leftOut };
}

type Place =
  | { readonly kind: 'placed'; readonly path: string; readonly operationId: string }
  | { readonly kind: 'left-out'; readonly tool: string; readonly reason: string };

function decidePlace(
  server: string,
  tool: ToolDescription,
  base: string,
  taken: { readonly document: OpenApiDocument; readonly operationIds: ReadonlySet<string> },
): Place {
  if (!isObject(tool) || typeof tool.name !== 'string') {
    return { kind: 'left-out', tool: '', reason: 'a tool without a name' };
  }
  const segment = toPathSegment(tool.name);
  if (segment.kind === 'unusable') return { kind: 'left-out', tool: tool.name, reason: segment.reason };
  const path = `${base}/${segment.segment}`;
  if (taken.document.paths[path]?.['post'] !== undefined) {
    return {
      kind: 'left-out',
      tool: tool.name,
      reason: 'the server lists this name twice; the first one counts',
    };
  }
  const operationId = toOperationId(server, tool.name);
  if (taken.operationIds.has(operationId)) {
    return { kind: 'left-out', tool: tool.name, reason: `its operationId ${operationId} is taken` };
  }
  return { kind: 'placed', path, operationId };
}

/** Where the paths of a server begin, seen from the base URL of the document. */
function pathBase(server: string, { onlyServer }: OpenApiOptions): string {
  return onlyServer === undefined ? `/api/${encodeURIComponent(server)}` : '';
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
  const { basic, bearer, anonymous } = options.security;
  const asksForCredentials = basic || bearer;
  return {
    openapi: '3.1.0',
    info: {
      title: options.onlyServer === undefined ? options.title : `${options.title}: ${options.onlyServer}`,
      version: options.version,
    },
    servers: toServers(options),
    security: [
      ...(basic ? [{ basic: [] }] : []),
      ...(bearer ? [{ bearer: [] }] : []),
      ...(asksForCredentials && anonymous ? [{}] : []),
    ],
    tags: options.onlyServer === undefined ? [SESSIONS_TAG] : [],
    // They lie outside of what is behind the base URL of one server.
    paths: options.onlyServer === undefined ? toSessionPaths(options) : {},
    components: {
      securitySchemes: {
        ...(basic && { basic: { type: 'http', scheme: 'basic' } }),
        ...(bearer && { bearer: { type: 'http', scheme: 'bearer' } }),
      },
      parameters: { ...ANSWER_PARAMETERS },
      responses: { ...ANSWER_RESPONSES, ...toProblemComponents(options) },
      schemas: { ...FIXED_SCHEMAS, ...ANSWER_SCHEMAS, ...OFFER_SCHEMAS },
    },
  };
}

function toServers({ serverUrls, onlyServer }: OpenApiOptions): { url: string }[] {
  const base = onlyServer === undefined ? '' : `/api/${encodeURIComponent(onlyServer)}`;
  // Paths start with a slash of their own.
  const urls = (serverUrls.length === 0 ? [''] : serverUrls).map((url) => url.replace(/\/+$/, '') + base);
  return urls.map((url) => ({ url: url === '' ? '/' : url }));
}

function createWarner(server: string, tool: string, warnings: OpenApiWarning[]): (what: string) => void {
  let given = 0;
  return (what) => {
    given += 1;
    if (given < MAX_WARNINGS_PER_TOOL) warnings.push({ server, tool, what });
    else if (given === MAX_WARNINGS_PER_TOOL) warnings.push({ server, tool, what: 'and more like these' });
  };
}
