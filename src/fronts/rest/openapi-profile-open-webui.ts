/**
 * For Open WebUI (backend/open_webui/utils/tools.py): every operation becomes a tool; arguments are the `properties` and
 * `required` at the top of the body's schema together with the parameters, and all of them are sent in the body as well.
 */
import { isObject, type JsonObject } from './openapi-data.ts';
import type { OpenApiDocument, OpenApiOptions, ReportEntry } from './openapi-document.ts';
import { createInlineBudget } from './openapi-inline.ts';
import {
  argumentsOf,
  bodySchema,
  checkReach,
  parametersOf,
  toolsOnly,
  withBody,
} from './openapi-profile-tool.ts';

export function toOpenWebUi(
  document: OpenApiDocument,
  options: OpenApiOptions,
): { readonly document: OpenApiDocument; readonly report: readonly ReportEntry[] } {
  const report: ReportEntry[] = [];
  checkReach(options, report);
  const tools = toolsOnly(document, report);
  const budget = createInlineBudget();
  const paths: Record<string, JsonObject> = {};
  for (const tool of tools) {
    const where = { server: tool.server, tool: tool.tool };
    const changed = (what: string): void => void report.push({ kind: 'changed', ...where, what });
    const schema = argumentsOf(tool, document, changed, budget);
    const parameters = parametersOf(tool);
    for (const what of findClashes(bodySchema(tool.operation), schema, parameters))
      report.push({ kind: 'problem', ...where, what });
    paths[tool.path] = { post: { ...tool.operation, parameters, requestBody: withBody(tool, schema) } };
  }
  const { components, tags, ...rest } = document;
  const served = new Set(tools.map(({ server }) => server));
  return {
    document: {
      ...rest,
      tags: tags.filter(({ name }) => served.has(String(name))),
      paths,
      components: { ...components, schemas: usedSchemas(paths, components) },
    },
    report,
  };
}

function findClashes(original: JsonObject, schema: JsonObject, parameters: readonly JsonObject[]): string[] {
  const problems: string[] = [];
  for (const { name } of parameters) {
    if (isObject(schema['properties']) && Object.hasOwn(schema['properties'], String(name)))
      problems.push(
        `has an argument ${String(name)}, too, and Open WebUI cannot tell it from the parameter: set rest.sessions to optional`,
      );
    else if (original['additionalProperties'] === false)
      problems.push(
        `may refuse ${String(name)}, which Open WebUI sends among the arguments as well: set rest.sessions to optional`,
      );
  }
  return problems;
}

/** Schemas that only the arguments needed are written out in them by now. */
function usedSchemas(
  paths: Readonly<Record<string, JsonObject>>,
  { schemas, responses }: OpenApiDocument['components'],
): Record<string, JsonObject> {
  const used = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (!isObject(node)) return;
    const [, name] =
      /^#\/components\/schemas\/(.+)$/.exec(typeof node['$ref'] === 'string' ? node['$ref'] : '') ?? [];
    if (name !== undefined && !used.has(name)) {
      used.add(name);
      visit(schemas[name]);
    }
    Object.values(node).forEach(visit);
  };
  visit(paths);
  visit(responses);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
}
