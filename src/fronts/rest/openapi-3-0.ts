/** The 3.1 document as an OpenAPI 3.0 document, with a report of what 3.0 cannot say. The input is not changed. */
import { toSchema30 } from './openapi-3-0-schema.ts';
import { isObject, type JsonObject, setOwn } from './openapi-data.ts';
import type { OpenApiDocument, ReportEntry } from './openapi-document.ts';
import { toolsByOperation } from './openapi-tools.ts';

export function toOpenApi30(document: OpenApiDocument): {
  readonly document: OpenApiDocument;
  readonly report: readonly ReportEntry[];
} {
  const losses = new Map<string, Set<string>>();
  const loss = (operationId: string) => (keyword: string) => {
    losses.set(operationId, (losses.get(operationId) ?? new Set()).add(keyword));
  };
  const { components, paths, ...rest } = document;
  const { schemas, ...others } = components;
  const converted: OpenApiDocument = {
    ...rest,
    openapi: '3.0.3',
    paths: mapMembers(paths, (item) => mapMembers(item, (member) => toMember(member, loss(idOf(member))))),
    components: {
      ...(toMember(others, loss('')) as OpenApiDocument['components']),
      // A component belongs to the operation that its name begins with.
      schemas: mapMembers(schemas, (schema, name) => toSchema30(schema, loss(name.split('.', 1)[0] ?? ''))),
    },
  };
  const tools = toolsByOperation(document);
  const report = [...losses].map(
    ([operationId, keywords]): ReportEntry => ({
      kind: 'changed',
      ...tools.get(operationId),
      what: `OpenAPI 3.0 has no ${[...keywords].join(', ')}: left out`,
    }),
  );
  return { document: converted, report };
}

/** Everything but schemas reads the same in both versions. */
function toMember(node: unknown, lost: (keyword: string) => void): unknown {
  if (Array.isArray(node)) return node.map((item) => toMember(item, lost));
  if (!isObject(node)) return node;
  return mapMembers(node, (held, key) => {
    if (key === 'schema' && isObject(held)) return toSchema30(held, lost);
    // Data of servers and examples are no part of the description.
    return key === 'example' || key === 'value' || key.startsWith('x-') ? held : toMember(held, lost);
  });
}

function idOf(operation: unknown): string {
  return isObject(operation) && typeof operation['operationId'] === 'string' ? operation['operationId'] : '';
}

function mapMembers<T>(members: Readonly<Record<string, T>>, map: (held: T, key: string) => unknown) {
  const mapped: JsonObject = {};
  for (const [key, held] of Object.entries(members)) setOwn(mapped, key, map(held, key));
  return mapped as Record<string, JsonObject>;
}
