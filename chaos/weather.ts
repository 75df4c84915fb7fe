/** What happens to a gateway whatever its clients do: its configuration changes, its servers are killed and stopped. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConfigFile, Edition } from './config-file.ts';
import { USUAL } from './config-file.ts';
import type { RunningGateway } from './gateway.ts';
import type { Ledger } from './ledger.ts';
import { markedProcesses, signalIfThere } from './processes.ts';
import type { Random } from './random.ts';

export interface WeatherOptions {
  readonly random: Random;
  readonly ledger: Ledger;
  readonly gateway: RunningGateway;
  readonly config: ConfigFile;
  readonly mark: string;
  readonly flakyFile: string;
  readonly over: AbortSignal;
}

const STORM_SIGNALS = 20;

/** Resolves when it is over, with everything as it was in the beginning. */
export async function weather(options: WeatherOptions): Promise<void> {
  const { random, over, config, flakyFile } = options;
  const edition = { ...USUAL };
  const kinds: readonly (readonly [number, () => Promise<void>])[] = [
    [4, () => change(options, edition)],
    [1, () => writeBad(options, edition)],
    [1, () => hangUp(options)],
    [1, async () => toggleFlaky(options)],
    [3, async () => killServer(options)],
    [2, () => stopServer(options)],
  ];
  while (!over.aborted) {
    await pause(random.between(200, 1500), over);
    await random.weighted(kinds)();
  }
  rmSync(flakyFile, { force: true });
  config.replace(USUAL);
}

async function change({ random, ledger, config }: WeatherOptions, edition: Edition): Promise<void> {
  const what = random.pick(['servers', 'credential', 'number', 'narrowed', 'warm', 'tight'] as const);
  if (what === 'number') edition.number += 1;
  else edition[what] = !edition[what];
  ledger.fault(`configuration changes: ${what}`);
  if (random.chance(0.5)) config.replace(edition);
  else await config.writeInPieces(edition);
}

async function writeBad({ random, ledger, config, over }: WeatherOptions, edition: Edition): Promise<void> {
  ledger.fault('configuration is damaged');
  config.writeBad();
  await pause(random.between(100, 800), over);
  config.replace(edition);
}

async function hangUp({ ledger, gateway, over }: WeatherOptions): Promise<void> {
  ledger.fault('storm of SIGHUP');
  for (let left = STORM_SIGNALS; left > 0; left -= 1) {
    gateway.signal('SIGHUP');
    await pause(2, over);
  }
}

function toggleFlaky({ ledger, flakyFile }: WeatherOptions): void {
  ledger.fault('server begins or ceases to start');
  if (existsSync(flakyFile)) rmSync(flakyFile, { force: true });
  else writeFileSync(flakyFile, '');
}

function killServer({ random, ledger, mark }: WeatherOptions): void {
  const running = markedProcesses(mark);
  if (running.length === 0) return;
  ledger.fault('server is killed');
  signalIfThere(random.pick(running).pid, 'SIGKILL');
}

async function stopServer({ random, ledger, mark, over }: WeatherOptions): Promise<void> {
  const running = markedProcesses(mark);
  if (running.length === 0) return;
  ledger.fault('server is frozen');
  const { pid } = random.pick(running);
  signalIfThere(pid, 'SIGSTOP');
  await pause(random.between(200, 1500), over);
  signalIfThere(pid, 'SIGCONT');
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
