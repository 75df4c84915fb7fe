import * as z from 'zod';
import type { DeepReadonly } from './freeze.ts';
import { AuthSchema } from './schema-auth.ts';
import {
  AllowedHost,
  AllowedOrigin,
  bytes,
  count,
  Hostname,
  limit,
  milliseconds,
  PublicUrl,
  wholeNumber,
} from './schema-fields.ts';
import { ServersSchema } from './schema-server.ts';

const MiB = 1_048_576;
const GiB = 1024 * MiB;

const Debug = z
  .strictObject({
    level: z
      .enum(['error', 'warn', 'info', 'debug', 'verbose'])
      .default('info')
      .describe('How much is logged; each level includes those before it.'),
    format: z
      .enum(['pretty', 'json'])
      .optional()
      .describe('How it is written; when left out, pretty on a terminal and json elsewhere.'),
  })
  .prefault({})
  .describe('Logging.');

const Http = z
  .strictObject({
    allowedHosts: z
      .array(AllowedHost)
      .default([])
      .describe('Names accepted in the Host header besides publicUrl.'),
    allowedOrigins: z
      .array(AllowedOrigin)
      .default([])
      .describe('Origins of web pages that may call the gateway.'),
    maxBodyBytes: bytes(4 * MiB, 1024, GiB, 'Largest body of a request.'),
    drainMs: milliseconds(
      25_000,
      0,
      'How long running calls may finish when the gateway stops or their server is removed.',
    ),
    sseGraceMs: milliseconds(3_000, 0, 'How long an HTTP+SSE session outlives its stream.'),
    replayBytes: bytes(MiB, 0, GiB, 'How much each stream keeps for a client that reconnects.'),
    legacyStateless: z
      .boolean()
      .default(false)
      .describe(
        'Whether requests of revisions with sessions are served without one; nothing can be asked of their clients.',
      ),
  })
  .prefault({})
  .describe('The HTTP edge.');

const Limits = z
  .strictObject({
    sessions: count(1000, 1_000_000, 'Most sessions open at once.'),
    sessionsPerPrincipal: count(100, 1_000_000, 'Most sessions of one principal open at once.'),
    instances: count(200, 100_000, 'Most server processes running at once.'),
    concurrentStarts: count(8, 1000, 'Most server processes starting at once; others wait.'),
    queuedStarts: count(1000, 100_000, 'Most starts that wait for their turn.'),
    sessionIdleMs: milliseconds(
      600_000,
      1,
      'A session, and a shared process, ends when unused for this long.',
    ),
    sessionMaxAgeMs: milliseconds(86_400_000, 1, 'A session ends at this age.'),
    instanceMaxAgeMs: milliseconds(
      86_400_000,
      1,
      'A shared process takes no new callers at this age, and ends with the last it has.',
    ),
    spareMaxAgeMs: milliseconds(3_600_000, 1, 'A spare process (see warm) is replaced at this age.'),
    requestsPerAddress: limit(
      0,
      1_000_000,
      'Most requests of one address in a minute, before authentication.',
    ),
    requestsPerPrincipal: limit(0, 1_000_000, 'Most requests of one caller in a minute.'),
    passwordFailures: limit(
      50,
      1000,
      'Wrong passwords in a row, for one user name from one address, after which there is a wait.',
    ),
    connections: limit(10_000, 1_000_000, 'Most connections at once.'),
    connectionsPerAddress: limit(0, 1_000_000, 'Most connections of one address at once.'),
  })
  .prefault({})
  .describe('Bounds on what clients can use up.');

const Rest = z
  .strictObject({
    sessions: z
      .enum(['required', 'optional'])
      .default('required')
      .describe('Whether a call of a tool needs a sessionId; without one it runs where the policy puts it.'),
    inputRequired: z
      .boolean()
      .default(false)
      .describe('Whether callers can answer questions of servers unless they say something else.'),
    validate: z
      .boolean()
      .default(false)
      .describe('Whether arguments of tools are held against their schemas before they reach a server.'),
    jobsPerPrincipal: count(100, 10_000, 'Most jobs of one principal, running or kept.'),
    jobBytesPerPrincipal: bytes(64 * MiB, 1024, GiB, 'Results of jobs kept for one principal.'),
    jobKeepMs: milliseconds(600_000, 1, 'How long the result of a job is kept.'),
  })
  .prefault({})
  .describe('The REST API.');

/** The configuration file. A key that is accepted is enforced; what is not built is refused. */
export const ConfigSchema = z
  .strictObject({
    hostname: Hostname.default('0.0.0.0').describe(
      'Address or name to listen on; 0.0.0.0 is every interface.',
    ),
    port: wholeNumber(0, 65_535).default(3000).describe('TCP port to listen on; 0 lets the system choose.'),
    publicUrl: PublicUrl.optional().describe('Where clients reach the gateway, as http or https URL.'),
    debug: Debug,
    auth: AuthSchema.optional().describe('Who may enter; without it only this machine is served.'),
    http: Http,
    limits: Limits,
    rest: Rest,
    servers: ServersSchema,
  })
  .describe('Configuration of mcp-gateway.');

export type Config = DeepReadonly<z.output<typeof ConfigSchema>>;
