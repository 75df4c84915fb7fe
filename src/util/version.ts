import { createRequire } from 'node:module';

/** The version of this package; read from its manifest, which is one folder up from `src` and from `dist` alike. */
export const VERSION: string = (createRequire(import.meta.url)('../../package.json') as { version: string })
  .version;
