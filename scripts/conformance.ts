/**
 * Runs the official conformance suite through the gateway, once per row of HELD, and fails when a figure is below the
 * one that is held there or when a requirement set is not the size it was.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { fixture, runs, startGateway } from '../test/support/gateway.ts';

interface Held {
  /** Of the client that the suite plays. */
  readonly revision: string;
  /** Of the server behind the gateway. */
  readonly era: 'legacy' | 'modern';
  readonly fixture: string;
  readonly passed: number;
  readonly total: number;
  readonly withoutWarnings: number;
}

const HELD: readonly Held[] = [
  {
    revision: '2025-11-25',
    era: 'legacy',
    fixture: 'conformance-v1.mjs',
    passed: 30,
    total: 30,
    withoutWarnings: 30,
  },
  {
    revision: '2025-11-25',
    era: 'modern',
    fixture: 'conformance-v2.mjs',
    passed: 30,
    total: 30,
    withoutWarnings: 30,
  },
  {
    revision: '2026-07-28',
    era: 'legacy',
    fixture: 'conformance-v1.mjs',
    passed: 36,
    total: 37,
    withoutWarnings: 35,
  },
  {
    revision: '2026-07-28',
    era: 'modern',
    fixture: 'conformance-v2.mjs',
    passed: 37,
    total: 37,
    withoutWarnings: 37,
  },
];

/** The suite ends no session, and every one keeps a process: the eldest idle ones are ended for it. */
const LIMITS = { sessions: 24 };
const SUITE = fileURLToPath(new URL('../node_modules/@modelcontextprotocol/conformance/', import.meta.url));
const HOOK = new URL('../test/support/glob-sync-hook.mjs', import.meta.url).href;

interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'INFO' | 'SKIPPED';
  readonly errorMessage?: string;
}

/** By scenario. One that did not run has no checks. */
type Results = ReadonlyMap<string, readonly Check[]>;

let isHeld = true;
for (const held of HELD) isHeld = (await measure(held)) && isHeld;
process.exitCode = isHeld ? 0 : 1;

async function measure(held: Held): Promise<boolean> {
  const required = await requiredScenarios(held.revision);
  const { results, output } = await runSuite(held);
  const scored = required.map((scenario) => ({ scenario, checks: results.get(scenario) ?? [] }));
  const passing = scored.filter(({ checks }) => passes(checks));
  const withoutWarnings = passing.filter(({ checks }) =>
    checks.every(({ status }) => status !== 'WARNING'),
  ).length;
  const further = [...results]
    .filter(([scenario]) => !required.includes(scenario))
    .map(([scenario, checks]) => ({ scenario, checks }));
  const furtherPassing = further.filter(({ checks }) => !checks.some(isFailure)).length;
  const ok =
    passing.length >= held.passed &&
    withoutWarnings >= held.withoutWarnings &&
    required.length === held.total;
  print(
    `client ${held.revision}, ${held.era} server: ${passing.length}/${required.length} passed, ${withoutWarnings} without warnings`,
  );
  print(
    `  (held: ${held.passed}/${held.total}, ${held.withoutWarnings}; not scored: ${furtherPassing}/${further.length})`,
  );
  for (const { scenario, checks } of [...scored, ...further]) {
    for (const line of faultsOf(checks)) print(`  ${scenario}: ${line}`);
  }
  if (scored.some(({ checks }) => checks.length === 0)) print(output);
  if (!ok) print('below what is held, or the suite has changed: see HELD in scripts/conformance.ts');
  return ok;
}

/** The suite's own rule, and beyond it something must have been checked. */
function passes(checks: readonly Check[]): boolean {
  return checks.some(({ status }) => status === 'SUCCESS') && !checks.some(isFailure);
}

function isFailure({ status }: Check): boolean {
  return status === 'FAILURE';
}

function faultsOf(checks: readonly Check[]): string[] {
  if (checks.length === 0) return ['did not run'];
  return checks
    .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
    .map(({ id, status, errorMessage = '' }) => `${status} ${id} ${errorMessage}`);
}

async function requiredScenarios(revision: string): Promise<readonly string[]> {
  const text = await readFile(join(SUITE, 'requirements', `${revision}.yaml`), 'utf8');
  return (parse(text) as { server: string[] }).server;
}

async function runSuite({ fixture: script, revision }: Held): Promise<{ results: Results; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-gateway-conformance-'));
  try {
    await using gateway = await startGateway({ limits: LIMITS, servers: { fixture: runs(fixture(script)) } });
    const url = `${gateway.url}/fixture`;
    const suite = ['--import', HOOK, join(SUITE, 'dist/index.js'), 'server'];
    const output = await node([...suite, '--url', url, '--requirements', revision, '--output-dir', folder]);
    return { results: await readResults(folder), output };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Resolves with everything that was printed, whatever the exit status: the verdict is ours. */
function node(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** One folder per scenario: `server-<scenario>-<time>`. */
async function readResults(folder: string): Promise<Results> {
  const results = new Map<string, readonly Check[]>();
  for (const name of await readdir(folder)) {
    const scenario = /^server-(.+)-\d{4}-\d{2}-\d{2}T[^/]*$/.exec(name)?.[1];
    if (scenario === undefined) throw new Error(`not a result of the suite: ${name}`);
    results.set(scenario, await readChecks(join(folder, name, 'checks.json')));
  }
  return results;
}

/** A scenario that the suite skips leaves an empty folder. */
async function readChecks(path: string): Promise<readonly Check[]> {
  const text = await readFile(path, 'utf8').catch(() => '[]');
  return JSON.parse(text) as Check[];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
