// Compiles src to dist, whole or not at all. With --if-changed only when a source is newer than dist.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const ARGUMENT_WORKER = 'fronts/rest/argument-worker.mjs';
const PAGE = 'src/fronts/docs/page';
/** What the page needs of Swagger UI, and what its licence wants to go along. */
const SWAGGER_UI = [
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'swagger-ui.css',
  'LICENSE',
  'NOTICE',
];
const SOURCES = [
  'src',
  'scripts/build.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

if (!process.argv.includes('--if-changed') || newestMs() > builtMs()) process.exitCode = build();

function build() {
  const started = new Date();
  const fresh = mkdtempSync(join(ROOT, 'node_modules', '.dist-'));
  try {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    if (status !== 0) return 1;
    // A thread reads it as it stands.
    cpSync(join(ROOT, 'src', ARGUMENT_WORKER), join(fresh, ARGUMENT_WORKER));
    // What browsers are sent is written as they read it.
    const page = join(fresh, relative('src', PAGE));
    cpSync(join(ROOT, PAGE), page, { recursive: true });
    for (const name of SWAGGER_UI)
      cpSync(join(ROOT, 'node_modules', 'swagger-ui-dist', name), join(page, 'swagger-ui', name));
    // A module that was renamed or removed must not live on in what is shipped.
    rmSync(DIST, { recursive: true, force: true });
    renameSync(fresh, DIST);
    chmodSync(DIST, 0o755);
    // The time at which the sources were read: what is saved during the build is newer.
    utimesSync(DIST, started, started);
    return 0;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function builtMs() {
  return statSync(DIST, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Folders count too: removing a file touches nothing else. */
function newestMs() {
  const paths = SOURCES.flatMap((source) => [source, ...inside(source)]);
  return Math.max(
    ...paths.map((path) => statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0),
  );
}

function inside(source) {
  const path = join(ROOT, source);
  return statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(source, name))
    : [];
}
