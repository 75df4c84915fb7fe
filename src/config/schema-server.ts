import * as z from 'zod';
import { quoteKey } from './issues.ts';
import {
  ALWAYS,
  asMapping,
  bytes,
  complain,
  count,
  LooseText,
  milliseconds,
  osText,
  wholeNumber,
} from './schema-fields.ts';
import { ResourcesSchema } from './schema-resources.ts';
import { SERVER_NAME, serverNameProblem } from './server-name.ts';

const MiB = 1_048_576;

const Tools = z
  .strictObject({
    allow: z
      .array(z.string().min(1))
      .default(['*'])
      .describe('Patterns (* for any text) of the tools that are offered.'),
    deny: z
      .array(z.string().min(1))
      .default([])
      .describe('Patterns of the tools that are not, even when allowed.'),
  })
  .prefault({})
  .describe('Which tools of this server are listed and can be called.');

const Env = z
  .record(z.string(), LooseText)
  .superRefine((value: unknown, ctx) => {
    for (const name of Object.keys(asMapping(value) ?? {})) {
      if (/^[^=\0]+$/.test(name)) continue;
      complain(ctx, 'this is not the name of an environment variable', { path: [name], at: 'key' });
    }
  }, ALWAYS)
  .default({})
  .describe('Environment variables, added to a small allow-list of inherited ones.');

/** What to run and how. */
const ServerSchema = z.strictObject({
  command: osText().describe('Program to run; looked up on PATH, never through a shell.'),
  args: z.array(LooseText).default([]).describe('Arguments of the program, one entry each; never split.'),
  path: osText()
    .optional()
    .describe('Working directory; a relative one is relative to the configuration file.'),
  env: Env,
  policy: z
    .enum(['session', 'principal', 'shared', 'call'])
    .optional()
    .describe(
      'Who shares a process: session is one for each session, principal one for each caller, shared one for all, call one for each request. When left out, sessions have one each, callers without a session one for each caller, and a server of 2026-07-28 is shared.',
    ),
  warm: wholeNumber(0, 1000)
    .default(0)
    .describe(
      'How many processes are kept started ahead of need, for clients that shake hands themselves, and as many again that have shaken hands, for REST and callers without a session.',
    ),
  era: z
    .enum(['auto', 'legacy', 'modern'])
    .default('auto')
    .describe(
      'Which protocol era the server speaks: legacy opens with initialize, modern is 2026-07-28; auto finds out.',
    ),
  probeTimeoutMs: milliseconds(
    3000,
    1,
    'How long the server may be silent to server/discover before initialize is tried too.',
  ),
  parkTtlMs: milliseconds(
    600_000,
    1,
    'How long a question of the server waits for its answer where client and server are of different eras.',
  ),
  startTimeoutMs: milliseconds(60_000, 1, 'How long a start may take, up to the answer to initialize.'),
  callTimeoutMs: milliseconds(
    300_000,
    1,
    'How long a call may take; every progress notification starts it anew.',
  ),
  maxCallMs: milliseconds(3_600_000, 1, 'How long a call may take in all, with any progress.'),
  maxLineBytes: bytes(16 * MiB, 1024, 256 * MiB, 'Longest message that the server may send.'),
  maxInstances: wholeNumber(1, 100_000)
    .optional()
    .describe('Most processes of this server at once; as many as limits.instances when left out.'),
  maxCalls: count(1000, 1_000_000, 'Most calls in flight on one process.'),
  maxLinesPerSecond: count(
    10_000,
    10_000_000,
    'Most lines a second that are read from one process, answers to calls aside; what is more waits in its pipe.',
  ),
  resources: ResourcesSchema,
  tools: Tools,
});

/** Becomes a map, so that a name is looked up without a prototype. */
export const ServersSchema = z
  .record(z.string(), ServerSchema)
  .superRefine((value: unknown, ctx) => checkNames(value, ctx), ALWAYS)
  .meta({ propertyNames: { pattern: SERVER_NAME.source }, minProperties: 1 })
  .transform((servers) => new Map(Object.entries(servers)))
  .describe('The servers by name; the name is the first part of the URL.');

function checkNames(value: unknown, ctx: z.RefinementCtx): void {
  const servers = asMapping(value);
  if (servers === undefined) return;
  const seen = new Map<string, string>();
  for (const name of Object.keys(servers)) {
    const problem = serverNameProblem(name);
    if (problem !== undefined) complain(ctx, problem.what, { path: [name], hint: problem.hint, at: 'key' });
    const twin = seen.get(name.toLowerCase());
    if (twin === undefined) seen.set(name.toLowerCase(), name);
    else {
      const what = `this name differs from ${quoteKey(twin)} only in upper and lower case`;
      complain(ctx, what, { path: [name], hint: 'rename one of them', at: 'key' });
    }
  }
  if (seen.size === 0)
    complain(ctx, 'at least one server is needed', { hint: 'add one under its name', at: 'key' });
}
