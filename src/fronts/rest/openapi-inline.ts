/** A schema with what it refers to written in its place, for clients that follow references in some places only. */
import { referred, type Schemas } from './openapi-accepts.ts';
import { isObject, type JsonObject } from './openapi-data.ts';
import { mapSubschemas } from './openapi-subschemas.ts';

/** Most schemas that one may grow to, and all of a document: definitions that use each other twice double with each level. */
const MAX_SCHEMAS = 2000;
const MAX_DOCUMENT_SCHEMAS = 200_000;

/** What the schemas of one document share. */
export interface InlineBudget {
  schemas: number;
}

export function createInlineBudget(): InlineBudget {
  return { schemas: MAX_DOCUMENT_SCHEMAS };
}

const ANNOTATIONS: ReadonlySet<string> = new Set('title description default deprecated examples'.split(' '));

/** What refers to itself is cut where it begins again. `cut` hears of that once. */
export function inlineReferences(
  schema: JsonObject,
  schemas: Schemas,
  cut: (why: string) => void,
  budget: InlineBudget = createInlineBudget(),
): JsonObject {
  let written = 0;
  const why = new Set<string>();
  const write = (node: JsonObject, inside: readonly unknown[]): JsonObject => {
    written += 1;
    budget.schemas -= 1;
    if (budget.schemas < 0) {
      why.add(
        `the document would be more than ${MAX_DOCUMENT_SCHEMAS} schemas without references, and it is cut`,
      );
      return {};
    }
    if (written > MAX_SCHEMAS) {
      why.add(`it would be more than ${MAX_SCHEMAS} schemas without references, and is cut`);
      return {};
    }
    const { $ref } = node;
    if ($ref === undefined) return mergeSole(mapSubschemas(node, (inner) => write(inner, inside)));
    if (inside.includes($ref)) {
      why.add('it refers to itself, and is cut where it begins again');
      return referred($ref, schemas)?.['type'] === 'object' ? { type: 'object' } : {};
    }
    return write(referred($ref, schemas) ?? {}, [...inside, $ref]);
  };
  const inlined = write(schema, []);
  for (const reason of why) cut(reason);
  return inlined;
}

/** A reference with company stands in an `allOf` of its own; once written out it need not. */
function mergeSole(schema: JsonObject): JsonObject {
  const { allOf, ...outer } = schema;
  const sole: unknown = Array.isArray(allOf) && allOf.length === 1 ? allOf[0] : undefined;
  if (!isObject(sole)) return schema;
  const clashes = Object.keys(sole).some(
    (key) => !ANNOTATIONS.has(key) && Object.hasOwn(outer, key) && key !== 'type',
  );
  if (clashes || (sole['type'] ?? outer['type']) !== (outer['type'] ?? sole['type'])) return schema;
  return { ...sole, ...outer };
}
