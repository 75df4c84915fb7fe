/**
 * `node --import ./test/support/glob-sync-hook.mjs node_modules/@modelcontextprotocol/conformance/dist/index.js …`
 *
 * The conformance suite imports `globSync` from `fs`, a name Node 20 does not have; the scenarios never call it.
 * This file is the preload and, loaded again by Node's hooks thread, the hook itself.
 */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) register(import.meta.url);

const FS_WITH_GLOB_SYNC = `data:text/javascript,${encodeURIComponent(`
  import fs from 'node:fs';
  export * from 'node:fs';
  export { default } from 'node:fs';
  export const globSync = fs.globSync ?? (() => { throw new Error('fs.globSync needs Node 22'); });
`)}`;

export async function resolve(specifier, context, nextResolve) {
  const wanted = specifier === 'fs' || specifier === 'node:fs';
  if (wanted && context.parentURL?.includes('/@modelcontextprotocol/conformance/'))
    return { url: FS_WITH_GLOB_SYNC, shortCircuit: true };
  return nextResolve(specifier, context);
}
