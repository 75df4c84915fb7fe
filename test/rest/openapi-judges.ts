/** Two independent validators of OpenAPI documents, and the rules about references that neither states. */
import { compileErrors, validate } from '@readme/openapi-parser';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import type { OpenApiDocument } from '../../src/fronts/rest/openapi.ts';

const config = createConfig({
  rules: {
    struct: 'error',
    'no-unresolved-refs': 'error',
    'operation-operationId-unique': 'error',
    'path-parameters-defined': 'error',
    'security-defined': 'error',
    // What a schema says nothing of, it permits.
    'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: true },
  },
});

/** Everything the judges object to; empty for a good document. */
export async function findFaults(document: OpenApiDocument): Promise<string[]> {
  const text = JSON.stringify(document);
  const problems = await lintFromString({ source: text, config: await config });
  // The parser rewrites what it is given.
  const result = await validate(JSON.parse(text), { resolve: { external: false } });
  return [
    ...problems
      .filter(isVerdict)
      .map((problem) => `redocly: ${problem.message} ${problem.location[0]?.pointer ?? ''}`),
    ...(result.valid ? [] : [`readme: ${compileErrors(result)}`]),
    ...findBadRefs(JSON.parse(text)),
  ];
}

/** Redocly's validator of examples reads extensions as if they were schemas, and gives up where they are none. */
function isVerdict({ message, ruleId }: { readonly message: string; readonly ruleId: string }): boolean {
  return ruleId !== 'no-invalid-media-type-examples' || !message.startsWith('Example validation errored');
}

/** Resolvers follow a `$ref` string wherever it stands, so each one must lead to a component. */
function findBadRefs(document: { components: { [kind: string]: Record<string, unknown> } }): string[] {
  const bad: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === '$ref' && typeof value === 'string') {
        const [, kind = '', name = ''] =
          /^#\/components\/(parameters|responses|schemas)\/([A-Za-z0-9._-]+)$/.exec(value) ?? [];
        if (!Object.hasOwn(document.components[kind] ?? {}, name)) bad.push(`dangling: ${value}`);
      }
      visit(value);
    }
  };
  visit(document);
  return bad;
}
