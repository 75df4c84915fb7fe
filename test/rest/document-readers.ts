/**
 * Clients as they read a document and call what they found in it: written after what Open WebUI 0.6
 * (backend/open_webui/utils/tools.py) and LibreChat 0.8 (packages/data-provider/src/actions.ts) do, their gaps included.
 */

type Json = Record<string, unknown>;

export interface ReadTool {
  readonly name: string;
  readonly description: string;
  readonly properties: Json;
  readonly required: readonly string[];
  /** What is sent for these arguments. */
  request(args: Json): { readonly method: string; readonly url: string; readonly body: Json };
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Json[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Json }> };
}

interface Document {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
}

/** Paths are put behind the URL that the user gave; the body has every argument, the query some of them again. */
export function readAsOpenWebUi(document: unknown, userUrl: string): ReadTool[] {
  return operationsOf(document).map(({ method, path, operation }) => {
    const { properties, required } = argumentsOf(operation);
    const inQuery = (operation.parameters ?? []).flatMap((parameter) =>
      parameter['in'] === 'query' ? [String(parameter['name'])] : [],
    );
    return {
      name: operation.operationId ?? '',
      description: operation.description ?? operation.summary ?? 'No description available.',
      properties,
      required,
      request: (args) => ({ method, url: `${userUrl}${path}${toQuery(args, inQuery)}`, body: args }),
    };
  });
}

/** The first server is the base; each argument goes where it was described; the summary is the description. */
export function readAsLibreChat(document: unknown): ReadTool[] {
  const base = (document as Document).servers[0]?.url ?? '';
  return operationsOf(document).map(({ method, path, operation }) => {
    const { properties, required } = argumentsOf(operation);
    const body = bodyOf(operation);
    const inBody = Object.keys((body['properties'] as Json | undefined) ?? {});
    const inQuery = (operation.parameters ?? []).map((parameter) => String(parameter['name']));
    return {
      name: operation.operationId ?? '',
      description: operation.summary ?? operation.description ?? '',
      properties,
      required,
      request: (args) => ({
        method,
        url: `${base}${path}${toQuery(
          args,
          inQuery.filter((name) => !inBody.includes(name)),
        )}`,
        body: Object.fromEntries(Object.entries(args).filter(([name]) => inBody.includes(name))),
      }),
    };
  });
}

function operationsOf(document: unknown) {
  return Object.entries((document as Document).paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

function argumentsOf(operation: Operation): { properties: Json; required: string[] } {
  const parameters = operation.parameters ?? [];
  const body = bodyOf(operation);
  return {
    properties: {
      ...Object.fromEntries(parameters.map((parameter) => [String(parameter['name']), parameter['schema']])),
      ...(body['properties'] as Json | undefined),
    },
    required: [
      ...parameters.flatMap((parameter) =>
        parameter['required'] === true ? [String(parameter['name'])] : [],
      ),
      ...((body['required'] as string[] | undefined) ?? []),
    ],
  };
}

function bodyOf(operation: Operation): Json {
  return operation.requestBody?.content['application/json']?.schema ?? {};
}

function toQuery(args: Json, names: readonly string[]): string {
  const query = new URLSearchParams(
    Object.entries(args).flatMap(([name, value]): [string, string][] =>
      names.includes(name) ? [[name, String(value)]] : [],
    ),
  );
  return query.size === 0 ? '' : `?${query.toString()}`;
}
