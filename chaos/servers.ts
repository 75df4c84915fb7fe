/** The servers of a run: both eras, every policy, real ones, and one for each thing that a server can do wrong. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export type Program = 'hostile' | 'modern-hostile' | 'everything' | 'filesystem' | 'sdk';

export interface ServerPlan {
  readonly name: string;
  readonly program: Program;
  readonly args?: readonly string[];
  /** More of its configuration, such as its policy. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** How often clients choose it. */
  readonly weight: number;
  /** What is wrong with it. */
  readonly fault?: string;
  /** Comes, goes and changes while the gateway runs. */
  readonly fleeting?: true;
}

export interface Paths {
  /** While this file is there, the server `flaky` does not start. */
  readonly flakyFile: string;
  /** What the filesystem server may write to. */
  readonly files: string;
}

const MiB = 1_048_576;
const FIXTURES = join(ROOT, 'test/fixtures');
const SCRIPTS: Readonly<Record<Program, string>> = {
  hostile: join(FIXTURES, 'hostile-server.mjs'),
  'modern-hostile': join(FIXTURES, 'modern-hostile.mjs'),
  sdk: join(FIXTURES, 'full-server-v2.mjs'),
  everything: join(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js'),
  filesystem: join(ROOT, 'node_modules/@modelcontextprotocol/server-filesystem/dist/index.js'),
};

const LEGACY = { era: 'legacy' };
const MODERN = { era: 'modern' };

export function serverPlans({ flakyFile, files }: Paths): ServerPlan[] {
  const hostile = (name: string, weight: number, more: Partial<ServerPlan> = {}): ServerPlan => ({
    name,
    program: 'hostile',
    weight,
    ...more,
  });
  const modern = (name: string, weight: number, more: Partial<ServerPlan> = {}): ServerPlan => ({
    name,
    program: 'modern-hostile',
    weight,
    ...more,
  });
  const faulty = (fault: string, ...args: string[]): Partial<ServerPlan> => ({ fault, args });
  const policies = (['session', 'principal', 'shared', 'call'] as const).flatMap((policy) => [
    hostile(`legacy-${policy}`, 3, { config: { policy, warm: 1, ...LEGACY } }),
    modern(`modern-${policy}`, 3, { config: { policy, warm: policy === 'call' ? 1 : 0, ...MODERN } }),
  ]);
  return [
    hostile('legacy', 6),
    modern('modern', 6),
    modern('dual', 4, { args: ['--dual'] }),
    ...policies,
    { name: 'everything', program: 'everything', weight: 1, config: { policy: 'shared', ...LEGACY } },
    {
      name: 'filesystem',
      program: 'filesystem',
      weight: 1,
      args: [files],
      config: { policy: 'principal', path: files },
    },
    { name: 'sdk', program: 'sdk', weight: 2 },
    hostile('fleeting', 2, { fleeting: true, config: { policy: 'shared' } }),
    modern('fleeting-modern', 2, { fleeting: true }),
    hostile('flood', 0.6, faulty('server floods stdout', '--flood-stdout')),
    hostile('storm', 2, {
      ...faulty('server storms with notifications', '--notify-storm=200'),
      config: { policy: 'shared' },
    }),
    hostile('loud', 1, faulty('server floods stderr', '--stderr-flood=5000')),
    hostile('garbage', 2, {
      ...faulty('server writes garbage', '--banner=Welcome!', '--bad-utf8', '--unknown-id', '--dup-answer'),
      config: { policy: 'shared', ...LEGACY },
    }),
    modern(
      'modern-garbage',
      2,
      faulty('server writes garbage', '--bad-utf8', '--unknown-id', '--dup-answer'),
    ),
    hostile('pieces', 0.5, faulty('server writes single bytes', '--split', '--crlf', '--bom=all')),
    hostile('endless', 0.6, faulty('server writes a line without an end', `--no-newline=${50 * MiB}`)),
    hostile('deaf', 1, faulty('server never reads', '--never-read-stdin=after-init')),
    hostile('stubborn', 1, faulty('server ignores SIGTERM', '--ignore-eof', '--ignore-term')),
    hostile('slow', 1, faulty('server starts slowly', '--slow-init=1500')),
    modern('modern-slow', 1, faulty('server starts slowly', '--slow-start=1500')),
    hostile('broken', 1, faulty('server exits on start', '--exit-on-start')),
    hostile('flaky', 2, faulty('server exits on start at times', `--broken-while=${flakyFile}`)),
    hostile('mute', 0.5, {
      ...faulty('server never answers initialize', '--never-init'),
      config: { startTimeoutMs: 1500 },
    }),
    modern('modern-mute', 0.5, faulty('server never answers discover', '--discover-silent')),
    hostile('brief', 2, faulty('server crashes after a few calls', '--crash-after=4')),
    hostile('brief-shared', 2, {
      ...faulty('server crashes after a few calls', '--crash-after=6'),
      config: { policy: 'shared', warm: 1 },
    }),
    hostile('closing', 1, faulty('server closes stdout', '--close-stdout=call')),
    hostile('quitting', 0.5, faulty('server exits after initialize', '--exit-after-init')),
    hostile('forking', 1, faulty('server leaves a grandchild', '--fork')),
    hostile('late', 1, faulty('server ignores cancellation', '--ignore-cancel')),
    hostile('probe-silent', 1, faulty('server is silent to a probe', '--on-discover=silent')),
    hostile('probe-exit', 1, faulty('server dies of a probe', '--on-discover=exit')),
  ];
}

/** `marker` makes every process that comes from it known as one of this run. */
export function serverConfig(plan: ServerPlan, marker: Readonly<Record<string, string>>): object {
  const stdio = plan.program === 'everything' ? ['stdio'] : [];
  return {
    command: process.execPath,
    args: [SCRIPTS[plan.program], ...stdio, ...(plan.args ?? [])],
    env: marker,
    startTimeoutMs: 6000,
    probeTimeoutMs: 400,
    callTimeoutMs: 4000,
    maxCallMs: 8000,
    parkTtlMs: 3000,
    maxLineBytes: 4 * MiB,
    ...plan.config,
  };
}
