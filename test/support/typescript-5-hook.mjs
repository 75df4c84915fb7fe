/**
 * For `node --import`: gives `openapi-typescript` the TypeScript 5 whose compiler it calls as a library, which
 * TypeScript 7, with which the project is built, no longer is. Nothing else is run with this.
 */
import { register } from 'node:module';

const hook = `export function resolve(specifier, context, next) {
  return next(specifier === 'typescript' ? 'typescript-5' : specifier, context);
}`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);
