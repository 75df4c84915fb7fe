/** The configuration of a run: what it says at the moment, and how it is written. */
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Principal } from './clients/scene.ts';
import { MARK } from './processes.ts';
import { type ServerPlan, serverConfig } from './servers.ts';

/** What changes while the gateway runs. */
export interface Edition {
  /** Whether the fleeting servers and the fleeting credential are there. */
  servers: boolean;
  credential: boolean;
  /** Another number makes the fleeting servers different ones. */
  number: number;
  /** Whether some tools of the fleeting servers are denied. */
  narrowed: boolean;
  /** Whether spare processes are kept. */
  warm: boolean;
  /** Whether limits are lower than usual. */
  tight: boolean;
}

export const USUAL: Edition = {
  servers: true,
  credential: true,
  number: 0,
  narrowed: false,
  warm: true,
  tight: false,
};

const MiB = 1_048_576;
const PAUSE_MS = 30;
const secrets = {
  alice: newSecret(),
  bob: newSecret(),
  carol: newSecret(),
  dora: newSecret(),
  ops: newSecret(),
};

export const PRINCIPALS: readonly Principal[] = [
  { name: 'alice', headers: bearer(secrets.alice) },
  { name: 'bob', headers: bearer(secrets.bob) },
  {
    name: 'carol',
    headers: { authorization: `Basic ${Buffer.from(`carol:${secrets.carol}`).toString('base64')}` },
  },
  { name: 'dora', headers: bearer(secrets.dora), fleeting: true },
];
/** Reads the metrics, and does nothing else. */
export const OPERATOR = bearer(secrets.ops);

export class ConfigFile {
  readonly path: string;
  readonly #plans: readonly ServerPlan[];
  readonly #mark: string;

  constructor(path: string, plans: readonly ServerPlan[], mark: string) {
    this.path = path;
    this.#plans = plans;
    this.#mark = mark;
  }

  /** In one go, as most programs replace a file. */
  replace(edition: Edition): void {
    writeFileSync(`${this.path}.new`, this.#text(edition), { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
  }

  /** Bit by bit, over the old one. */
  async writeInPieces(edition: Edition): Promise<void> {
    const text = this.#text(edition);
    for (const share of [0.2, 0.6, 1]) {
      writeFileSync(this.path, text.slice(0, Math.floor(text.length * share)), { mode: 0o600 });
      await delay(PAUSE_MS);
    }
  }

  writeBad(): void {
    writeFileSync(this.path, 'servers:\n  legacy: [this, is, no, server\n', { mode: 0o600 });
  }

  /** JSON is YAML. */
  #text(edition: Edition): string {
    const tokens = (['alice', 'bob', 'dora', 'ops'] as const)
      .filter((name) => name !== 'dora' || edition.credential)
      .map((name) => ({ name, token: secrets[name] }));
    const plans = this.#plans.filter(({ fleeting }) => edition.servers || fleeting !== true);
    const config = {
      hostname: '127.0.0.1',
      port: 0,
      debug: { level: 'info', format: 'json' },
      auth: {
        bearer: { tokens },
        basic: { credentials: [{ username: 'carol', password: secrets.carol }] },
      },
      http: {
        drainMs: 1500,
        sseGraceMs: 500,
        maxBodyBytes: 262_144,
        replayBytes: 65_536,
      },
      limits: {
        sessions: edition.tight ? 30 : 100,
        sessionsPerPrincipal: edition.tight ? 8 : 25,
        instances: edition.tight ? 30 : 60,
        concurrentStarts: 4,
        sessionIdleMs: 2500,
        spareMaxAgeMs: 8000,
      },
      rest: { sessions: 'optional', jobsPerPrincipal: 20, jobBytesPerPrincipal: MiB, jobKeepMs: 1500 },
      servers: Object.fromEntries(plans.map((plan) => [plan.name, this.#server(plan, edition)])),
    };
    return JSON.stringify(config, null, 1);
  }

  #server(plan: ServerPlan, edition: Edition): object {
    const env = { [MARK]: this.#mark };
    const config = serverConfig(plan, plan.fleeting ? { ...env, EDITION: `${edition.number}` } : env);
    return {
      ...config,
      ...(edition.warm ? {} : { warm: 0 }),
      ...(plan.fleeting && edition.narrowed && { tools: { deny: ['t*', 'ask'] } }),
    };
  }
}

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
