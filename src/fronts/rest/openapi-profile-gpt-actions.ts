/**
 * For the actions of custom GPTs (developers.openai.com/api/docs/actions/production, and what its editor is known to
 * refuse), and for LibreChat's actions, which read the same documents.
 */
import { isObject, type JsonObject } from './openapi-data.ts';
import type { OpenApiDocument, OpenApiOptions, ReportEntry } from './openapi-document.ts';
import { describeResult, describeSimply, MAX_DESCRIPTION_CHARS } from './openapi-gpt-schema.ts';
import { argumentsOf, checkReach, parametersOf, toolsOnly, withBody } from './openapi-profile-tool.ts';
import type { ToolOperation } from './openapi-tools.ts';
import { shorten } from './shorten.ts';

/** Longest description of an operation, in characters. */
const MAX_OPERATION_CHARS = 300;
/** Most operations of one action, as its editor tells. */
const MAX_OPERATIONS = 30;
/** Longest document, in bytes, indented as the editor does it: "OpenAPI spec must be 1MB or smaller". */
const MAX_DOCUMENT_BYTES = 1_000_000;

export function toGptActions(
  document: OpenApiDocument,
  options: OpenApiOptions,
): { readonly document: OpenApiDocument; readonly report: readonly ReportEntry[] } {
  const report: ReportEntry[] = [];
  checkReach(options, report);
  checkAddress(document, report);
  const tools = toolsOnly(document, report);
  leaveOut(tools.splice(MAX_OPERATIONS), `an action has at most ${MAX_OPERATIONS} operations`, report);
  const operations = new Map(tools.map((tool) => [tool, toOperation(tool, document, report)]));
  const frame = toFrame(document, options, report);
  const made = fit(frame, operations, report);
  return { document: made, report };
}

/** Goes without what few miss first: descriptions of results, then the last tools. */
function fit(
  frame: OpenApiDocument,
  operations: ReadonlyMap<ToolOperation, JsonObject>,
  report: ReportEntry[],
): OpenApiDocument {
  const all = [...operations].map(([tool, operation]) => ({ tool, operation }));
  const room = MAX_DOCUMENT_BYTES - sizeOf({ ...frame, paths: {} });
  const pathSize = ({ tool, operation }: (typeof all)[number]): number =>
    sizeOf({ paths: { [tool.path]: { post: operation } } });
  if (all.reduce((sum, each) => sum + pathSize(each), 0) > room) {
    for (const each of all) {
      if (each.operation['responses'] === PLAIN_RESPONSES) continue;
      each.operation = { ...each.operation, responses: PLAIN_RESPONSES };
      const { server, tool } = each.tool;
      report.push({
        kind: 'changed',
        server,
        tool,
        what: `its structured result is not described: ${TOO_LARGE}`,
      });
    }
  }
  let used = 0;
  const fits = all.findIndex((each) => {
    used += pathSize(each);
    return used > room;
  });
  const kept = fits === -1 ? all : all.slice(0, fits);
  leaveOut(
    all.slice(kept.length).map(({ tool }) => tool),
    TOO_LARGE,
    report,
  );
  const served = new Set(kept.map(({ tool }) => tool.server));
  return {
    ...frame,
    tags: frame.tags.filter(({ name }) => served.has(String(name))),
    paths: Object.fromEntries(kept.map(({ tool, operation }) => [tool.path, { post: operation }])),
  };
}

const TOO_LARGE = 'the document would be larger than 1 MB';

function sizeOf(part: object): number {
  return Buffer.byteLength(JSON.stringify(part, null, 2));
}

function leaveOut(tools: readonly ToolOperation[], why: string, report: ReportEntry[]): void {
  for (const { server, tool } of tools) report.push({ kind: 'left-out', server, tool, what: why });
}

function toOperation(tool: ToolOperation, document: OpenApiDocument, report: ReportEntry[]): JsonObject {
  const changed = (what: string): void =>
    void report.push({ kind: 'changed', server: tool.server, tool: tool.tool, what });
  const { operation } = tool;
  const texts = [operation['description'], operation['summary']];
  const text =
    texts.find((each): each is string => typeof each === 'string' && each.trim() !== '') ?? tool.tool;
  const annotations = operation['x-mcp-annotations'];
  const input = argumentsOf(tool, document, changed);
  return {
    operationId: operation['operationId'],
    tags: operation['tags'],
    // Alone: GPTs read the description first, LibreChat the summary.
    description: shortened(text, MAX_OPERATION_CHARS, 'description', changed),
    'x-openai-isConsequential': !(isObject(annotations) && annotations['readOnlyHint'] === true),
    'x-mcp-tool': tool.tool,
    parameters: parametersOf(tool).map((parameter) => ({
      ...parameter,
      description: shorten(String(parameter['description']), MAX_DESCRIPTION_CHARS),
    })),
    requestBody: withBody(tool, describeSimply(input, changed)),
    responses: toResponses(tool, document, changed),
  };
}

function toResponses(
  { operation }: ToolOperation,
  document: OpenApiDocument,
  changed: (what: string) => void,
): JsonObject {
  const result = describeResult(operation, document, changed);
  if (result === undefined) return PLAIN_RESPONSES;
  return { ...PLAIN_RESPONSES, '200': toAnswer(result) };
}

function toAnswer(structured: JsonObject | undefined): JsonObject {
  const properties = {
    content: {
      type: 'array',
      items: { type: 'object', properties: { type: { type: 'string' }, text: { type: 'string' } } },
    },
    ...(structured && { structuredContent: structured }),
    isError: { type: 'boolean', description: 'True when the tool ran and failed; content says how.' },
  };
  return {
    description: 'The result of the tool.',
    content: { 'application/json': { schema: { type: 'object', properties } } },
  };
}

const PLAIN_RESPONSES: JsonObject = {
  '200': toAnswer(undefined),
  default: {
    description: 'An error: detail says what is wrong and, where it helps, what to do.',
    content: {
      'application/json': { schema: { type: 'object', properties: { detail: { type: 'string' } } } },
    },
  },
};

/** One address and one kind of authentication; nothing to refer to. */
function toFrame(
  { components, security, ...document }: OpenApiDocument,
  options: OpenApiOptions,
  report: ReportEntry[],
): OpenApiDocument {
  const both = options.security.basic && options.security.bearer;
  if (both)
    report.push({ kind: 'changed', what: 'Basic authentication is left out: an action has one kind' });
  const { basic: _basic, ...withoutBasic } = components.securitySchemes;
  return {
    ...document,
    security: both ? security.filter((way) => way['basic'] === undefined) : security,
    components: {
      // Nothing is referred to any more.
      ...(Object.fromEntries(
        Object.keys(components).map((kind) => [kind, {}]),
      ) as OpenApiDocument['components']),
      securitySchemes: both ? withoutBasic : components.securitySchemes,
    },
  };
}

function checkAddress({ servers }: OpenApiDocument, report: ReportEntry[]): void {
  const [only] = servers;
  const url =
    servers.length === 1 && only !== undefined && URL.canParse(only.url) ? new URL(only.url) : undefined;
  // `port` is empty for the scheme's own.
  if (url?.protocol === 'https:' && url.port === '') return;
  const now = servers.map((server) => server.url).join(', ');
  report.push({
    kind: 'problem',
    what: `Custom GPTs need one https address on port 443, here it is ${now}: set publicUrl`,
  });
}

function shortened(text: string, maxChars: number, what: string, changed: (what: string) => void): string {
  const short = shorten(text, maxChars);
  if (short.length < text.trim().length)
    changed(`${what} of ${text.trim().length} characters shortened to ${short.length} (at most ${maxChars})`);
  return short;
}
