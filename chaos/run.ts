/**
 * `npm run chaos` and `npm run soak`: random faults and random clients against a gateway in a process of its own. It
 * fails when anything reached anybody but its asker, when the gateway had a fault, or when anything is left at the end.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endAllOnSignals } from '../bench/processes.ts';
import { takeCensus, whatIsLeft, whatIsLeftInside } from './census.ts';
import { ConfigFile, USUAL } from './config-file.ts';
import { Crowd } from './crowd.ts';
import { type RunningGateway, startGateway } from './gateway.ts';
import { Ledger } from './ledger.ts';
import { checkLog } from './log-check.ts';
import { type Peaks, watchLevels } from './metrics.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { endMarked, markedProcesses } from './processes.ts';
import { Random } from './random.ts';
import { ROOT, type ServerPlan, serverPlans } from './servers.ts';
import { toSummary } from './summary.ts';
import { weather } from './weather.ts';

/** The share of the time after which the baseline is taken: caches and pools are full by then. */
const WARM_UP_SHARE = 0.4;
const MAX_WARM_UP_MS = 120_000;
const FRONTS = ['sse', 'streamable', '2026-07-28', 'rest'];
/** For the configuration without spares to be read. */
const RELOAD_MS = 1500;

endAllOnSignals();
try {
  process.exitCode = (await main(parseOptions(process.argv.slice(2)))) ? 0 : 1;
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : cause);
  console.error(USAGE);
  process.exitCode = 1;
}

interface Stage {
  readonly gateway: RunningGateway;
  readonly config: ConfigFile;
  readonly plans: readonly ServerPlan[];
  readonly crowd: Crowd;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly mark: string;
  readonly flakyFile: string;
}

/** Resolves with whether every promise held. */
async function main(options: Options): Promise<boolean> {
  console.log(`seed ${options.seed} (--seed ${options.seed} repeats it)`);
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs'), '--if-changed'], { stdio: 'inherit' });
  const folder = mkdtempSync(join(tmpdir(), 'mcp-gateway-chaos-'));
  const mark = randomBytes(8).toString('hex');
  process.once('exit', () => endMarked(mark));
  const ledger = await run(options, folder, mark);
  for (const violation of ledger.violations) console.error(`VIOLATION ${violation}`);
  if (ledger.unlisted > 0) console.error(`… and ${ledger.unlisted} more`);
  const holds = ledger.violations.length === 0;
  if (holds) rmSync(folder, { recursive: true, force: true });
  else
    console.error(
      `The log of the gateway, and its heap where something is left there, are in ${folder}; --seed ${options.seed} repeats the run.`,
    );
  console.log(holds ? 'everything held' : 'promises were broken');
  return holds;
}

async function run(options: Options, folder: string, mark: string): Promise<Ledger> {
  const files = join(folder, 'files');
  await mkdir(files);
  const flakyFile = join(folder, 'flaky');
  const plans = serverPlans({ flakyFile, files });
  const config = new ConfigFile(join(folder, 'config.yaml'), plans, mark);
  config.replace(USUAL);
  const ledger = new Ledger();
  const random = new Random(options.seed);
  await using gateway = await startGateway(config.path, join(folder, 'gateway.log'));
  const crowd = new Crowd({ port: gateway.port, random, ledger, plans, size: options.clients });
  const stage: Stage = { gateway, config, plans, crowd, ledger, random, mark, flakyFile };

  const totalMs = options.minutes * 60_000;
  const warmUpMs = Math.min(totalMs * WARM_UP_SHARE, MAX_WARM_UP_MS);
  await storm(stage, warmUpMs, 1);
  await calmDown(stage);
  const before = await takeCensus(gateway, mark);
  config.replace(USUAL);
  const peaks = await storm(stage, totalMs - warmUpMs, 2);
  await calmDown(stage);
  const after = await takeCensus(gateway, mark, before);

  const inside = whatIsLeftInside(before.inside, after.inside);
  if (inside.length > 0) await gateway.writeHeap();
  for (const sentence of [...whatIsLeft(before, after), ...inside]) ledger.violate(sentence);
  for (const front of FRONTS)
    if (!ledger.calls.get(front)?.has('answered')) ledger.violate(`no call was answered over ${front}`);
  if (gateway.ending !== undefined) ledger.violate(`the gateway ended by itself: ${gateway.ending}`);
  const ending = await gateway.stop();
  if (ending !== 'exit code 0') ledger.violate(`the gateway did not stop cleanly: ${ending}`);
  for (const { pid, command } of markedProcesses(mark))
    ledger.violate(`process ${pid} outlived the gateway: ${command}`);
  const log = await checkLog(gateway.logFile);
  for (const violation of log.violations) ledger.violate(violation);
  console.log(toSummary({ ledger, clients: crowd.clients, peaks, before, after, log }));
  return ledger;
}

/** Clients come and the weather is bad for that long. Resolves when everybody has left. */
async function storm(stage: Stage, ms: number, label: number): Promise<Peaks> {
  const { crowd, gateway, random } = stage;
  const over = AbortSignal.timeout(ms);
  // Everybody waits for it, and nobody but the clients that are there.
  setMaxListeners(0, over);
  const left = new AbortController();
  const levels = watchLevels(gateway.port, left.signal);
  // Below the numbers of clients no label of theirs is met.
  await Promise.all([crowd.live(over), weather({ ...stage, random: random.fork(-label), over })]);
  left.abort();
  return levels;
}

/** Without spares, so that nothing is left to run. */
async function calmDown({ config }: Stage): Promise<void> {
  config.replace({ ...USUAL, warm: false });
  await delay(RELOAD_MS);
}
