/** The files of the page: our own, and Swagger UI's. Nothing is read before it is asked for. */
import { createReadStream, existsSync, type ReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { toEntityTag } from '../../http/entity-tag.ts';

export interface Asset {
  readonly contentType: string;
  /** Strong, of the content. Files do not change under a running gateway, so each is hashed once. */
  etag(): Promise<string>;
  /** From the disk each time: a file of 1.7 MB is not kept in memory for a page that is seldom open. */
  open(): ReadStream;
}

const JS = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const SVG = 'image/svg+xml';

/** By the last segment of their URL; no other file can be asked for. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map([
  own('page.css', CSS),
  own('swagger.css', CSS),
  own('icon.svg', SVG),
  own('document.js', JS),
  own('element.js', JS),
  own('gateway.js', JS),
  own('intro.js', JS),
  own('page.js', JS),
  own('plain-text.js', JS),
  own('result.js', JS),
  own('sign-in.js', JS),
  own('swagger.js', JS),
  asset('swagger-ui.css', CSS, () => swaggerUiPath('swagger-ui.css')),
  asset('swagger-ui-bundle.js', JS, () => swaggerUiPath('swagger-ui-bundle.js')),
]);

/** The page without its content; `places` are the names in braces that stand in it. */
export async function readShell(places: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(ownPath('shell.html'), 'utf8');
  return text.replaceAll(/\{([a-z-]+)\}/g, (place, name: string) => places[name] ?? place);
}

function own(name: string, contentType: string): [string, Asset] {
  return asset(name, contentType, () => ownPath(name));
}

function asset(name: string, contentType: string, locate: () => string): [string, Asset] {
  let etag: Promise<string> | undefined;
  const hash = async (): Promise<string> => {
    try {
      return toEntityTag(await readFile(locate()));
    } catch (cause) {
      // Looked for again by the next request.
      etag = undefined;
      throw cause;
    }
  };
  return [name, { contentType, etag: () => (etag ??= hash()), open: () => createReadStream(locate()) }];
}

function ownPath(name: string): string {
  return fileURLToPath(new URL(`./page/${name}`, import.meta.url));
}

/** The build puts it beside the page; for who runs the sources it is where its package is installed. */
function swaggerUiPath(name: string): string {
  const built = ownPath(`swagger-ui/${name}`);
  return existsSync(built) ? built : createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`);
}
