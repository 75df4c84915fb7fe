/** The OpenAPI document, made ready for reading and trying. Pure: works on a copy. */

const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);

/**
 * @param {object} document as the gateway serves it
 * @param {{ root: string, sessionId: string | undefined }} options where to call, and the session that calls belong to
 */
export function toReadable(document, { root, sessionId }) {
  const copy = structuredClone(document);
  reroot(copy, root);
  // The page signs in for all operations at once.
  delete copy.security;
  delete copy.components?.securitySchemes;
  // Sessions are there when somebody looks for them; what people come for stands first.
  copy.tags?.sort((a, b) => Number(a.name === 'sessions') - Number(b.name === 'sessions'));
  const parameters = Object.values(copy.components?.parameters ?? {});
  for (const item of Object.values(copy.paths ?? {})) {
    reroot(item, root);
    parameters.push(...(item.parameters ?? []));
    for (const operation of operationsOf(item)) {
      reroot(operation, root);
      delete operation.security;
      parameters.push(...(operation.parameters ?? []));
      // Errors are the same everywhere, and explain themselves when they come.
      for (const status of Object.keys(operation.responses ?? {}))
        if (!status.startsWith('2')) delete operation.responses[status];
    }
  }
  for (const parameter of parameters) fillIn(parameter, sessionId);
  return copy;
}

/** Whether calls need the id of a session: an optional one is left to those who know why they want it. */
export function needsSession(document) {
  const inOperations = Object.values(document.paths ?? {}).flatMap((item) =>
    operationsOf(item).flatMap(({ parameters = [] }) => parameters),
  );
  return [...Object.values(document.components?.parameters ?? {}), ...inOperations].some(
    ({ name, in: place, required }) => name === 'sessionId' && place === 'query' && required === true,
  );
}

/** Names of the servers that a document has tools of. */
export function serversOf(document) {
  const names = Object.keys(document.paths ?? {}).flatMap(
    (path) => /^\/api\/([^/{}]+)\/./.exec(path)?.[1] ?? [],
  );
  return [...new Set(names)].filter((name) => name !== 'sessions');
}

export function hasTools(document) {
  return Object.values(document.paths ?? {}).some((item) =>
    operationsOf(item).some((operation) => operation['x-mcp-tool'] !== undefined),
  );
}

/** What is missing in a document, as sentences. */
export function missingIn(document) {
  const report = document['x-mcp-report'] ?? [];
  return report
    .filter(({ kind }) => kind === 'left-out')
    .map(({ server, tool, what }) => `${tool === undefined ? server : `${server}, ${tool}`}: ${what}`);
}

function operationsOf(item) {
  return Object.entries(item).flatMap(([method, operation]) => (METHODS.has(method) ? [operation] : []));
}

/** A document names the public address; the page calls the one that it was opened under. */
function reroot(holder, root) {
  if (holder.servers === undefined) return;
  const [first] = holder.servers;
  const base = new URL(first?.url ?? '/', `${root}/`).pathname.replace(/\/$/, '');
  holder.servers = [{ url: root + (/\/api(?:\/[^/]+)?$/.exec(base)?.[0] ?? '') }];
}

function fillIn(parameter, sessionId) {
  if (parameter.required !== true) {
    // Swagger UI would fill them in, and so ask for what nobody wished.
    delete parameter.example;
    delete parameter.examples;
  }
  if (parameter.name !== 'sessionId' || sessionId === undefined) return;
  parameter.example = sessionId;
  if (parameter.in === 'query') parameter.description = `Filled in for you. ${parameter.description ?? ''}`;
}
