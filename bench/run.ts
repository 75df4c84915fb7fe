/** `npm run bench`: measures, prints, and writes docs/performance.md and its plot. */
import { machineText, writeDocument } from './document.ts';
import { FLOOR, FLOOR_AGAIN, NAMES, PIPE, toFigures } from './figures.ts';
import { callSubjects, type Lab, openLab, startGateways } from './lab.ts';
import { birthTrials } from './measure-births.ts';
import { type CallSubject, callTrials, hugeTrials } from './measure-calls.ts';
import { type GrowthCase, growthTrials } from './measure-growth.ts';
import { idleTrials, type MemorySubject, slopeTrials } from './measure-memory.ts';
import { type WarmSubject, warmTrials } from './measure-warm.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { startPeers } from './peers.ts';
import { toPlot } from './plot.ts';
import { endAllOnSignals, type Running } from './processes.ts';
import { interleave, Samples, type Trial } from './samples.ts';
import {
  ECHO_PROGRAM,
  floorTarget,
  type Gateway,
  gatewayTarget,
  startFloor,
  startGateway,
  TINY_PROGRAM,
  WARM_SERVERS,
} from './subjects.ts';
import { toTable } from './table.ts';

const MANY_SERVERS = 100;
const FEW_SESSIONS = 50;
const MANY_SESSIONS = 1000;

endAllOnSignals();
try {
  await main(parseOptions(process.argv.slice(2)));
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : cause);
  console.error(USAGE);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  const samples = new Samples();
  const peers: string[] = [];
  await stage('calls and new sessions', async (lab) => {
    const subjects = await callSubjects(lab, await startGateways(lab));
    const guests = options.peers ? await startPeers(lab.folder, lab.own) : [];
    peers.push(...guests.map(({ name }) => name));
    await measureCalls(lab, samples, options, subjects, guests);
    await measureBirths(lab, samples, options, subjects);
  });
  await stage('new sessions with spares', (lab) => measureWarm(lab, samples, options));
  await stage('memory', (lab) => measureMemory(lab, samples, options));
  if (!options.quick) await stage('growth', (lab) => measureGrowth(lab, samples, options));
  const subjects = [PIPE, FLOOR, FLOOR_AGAIN, ...Object.values(NAMES), ...peers];
  const figures = toFigures(samples, subjects);
  const results = [
    toTable(figures, subjects),
    `Measured on ${machineText()}; ${options.rounds} rounds.`,
    `Command: \`npm run bench -- ${process.argv.slice(2).join(' ')}\``.replace(' -- `', '`'),
  ].join('\n\n');
  console.log(results);
  if (!options.quick) await writeDocument(results, toPlot(figures, subjects));
}

/** Each has processes of its own: what is idle beside a measurement costs it cache and memory. */
async function stage(name: string, work: (lab: Lab) => Promise<void>): Promise<void> {
  const started = performance.now();
  await using lab = await openLab();
  await work(lab);
  console.error(`${name}: ${Math.round((performance.now() - started) / 1000)} s`);
}

async function measureCalls(
  { driver }: Lab,
  samples: Samples,
  { rounds, quick }: Options,
  subjects: readonly CallSubject[],
  guests: readonly CallSubject[],
): Promise<void> {
  const scale = quick
    ? { oneByOne: 200, concurrent: 2000, large: 16 }
    : { oneByOne: 500, concurrent: 5000, large: 48 };
  const trials = await callTrials(driver, subjects, scale);
  for (const guest of guests) {
    // Large results break some of them.
    const small = { ...scale, large: 0 };
    trials.push(...(await callTrials(driver, [guest], small)));
  }
  await interleave({ rounds, samples, trials });
  if (!quick) await interleave({ rounds, samples, trials: hugeTrials(driver, subjects, scale) });
}

async function measureBirths(
  { driver }: Lab,
  samples: Samples,
  { rounds, quick }: Options,
  subjects: readonly CallSubject[],
): Promise<void> {
  const born = subjects.filter(({ name }) => name !== FLOOR_AGAIN && name !== NAMES.modern);
  const scale = quick ? { oneByOne: 3, atOnce: 0 } : { oneByOne: 5, atOnce: 50 };
  await interleave({ rounds, samples, trials: birthTrials(driver, born, scale) });
}

async function measureWarm(lab: Lab, samples: Samples, { rounds, quick }: Options): Promise<void> {
  const subjects = await Promise.all(
    (['streamable', 'sse', 'rest'] as const).map(async (protocol): Promise<WarmSubject> => {
      const gateway = lab.own(await startGateway(lab.folder, { servers: WARM_SERVERS }));
      const at = (server: string) => gatewayTarget(gateway, protocol, server);
      return { name: NAMES[protocol], gateway, quick: at('quick'), slow: at('slow') };
    }),
  );
  await interleave({ rounds, samples, trials: warmTrials(lab.driver, subjects, quick ? 2 : 3) });
}

async function measureMemory({ driver, folder }: Lab, samples: Samples, options: Options): Promise<void> {
  const { rounds, quick, full } = options;
  const gateway = (protocol: 'streamable' | 'sse'): MemorySubject => ({
    name: NAMES[protocol],
    start: () => startGateway(folder, { servers: { echo: TINY_PROGRAM } }),
    target: (running) => gatewayTarget(running as Gateway, protocol),
  });
  const floor: MemorySubject = {
    name: FLOOR,
    start: (): Promise<Running> => startFloor(folder, { program: TINY_PROGRAM }),
    target: floorTarget,
  };
  const subjects = [floor, gateway('streamable'), gateway('sse')];
  const steps = quick ? [] : full ? [10, FEW_SESSIONS, MANY_SESSIONS] : [10, FEW_SESSIONS];
  await interleave({ rounds, samples, trials: idleTrials(driver, subjects, steps) });
  if (!full) return;
  // The end of an HTTP+SSE session is its grace after the last byte; the others end when told.
  const closing = subjects.filter(({ name }) => name !== NAMES.sse);
  await interleave({ rounds, samples, trials: slopeTrials(driver, closing) });
}

async function measureGrowth(lab: Lab, samples: Samples, { rounds, full }: Options): Promise<void> {
  const { driver, folder } = lab;
  const gateway = async (names: readonly string[]): Promise<Gateway> => {
    const extra = Object.fromEntries(names.map((name) => [name, TINY_PROGRAM]));
    return lab.own(await startGateway(folder, { servers: { ...extra, echo: ECHO_PROGRAM } }));
  };
  const caseOf = (figure: string, running: Gateway, idle?: GrowthCase['idle']): GrowthCase => ({
    figure,
    name: NAMES.streamable,
    pid: running.pid,
    target: gatewayTarget(running, 'streamable'),
    idle,
  });
  const names = Array.from({ length: MANY_SERVERS - 1 }, (_, index) => `server${index}`);
  const busy = await gateway(['tiny']);
  const idle = {
    target: gatewayTarget(busy, 'streamable', 'tiny'),
    count: full ? MANY_SESSIONS : FEW_SESSIONS,
  };
  const cases = [
    caseOf('sessionsOne', await gateway(['tiny'])),
    caseOf('sessionsMany', busy, idle),
    caseOf('serversOne', await gateway([])),
    caseOf('serversMany', await gateway(names)),
  ];
  const trials: Trial[] = await growthTrials(driver, cases, 5000);
  await interleave({ rounds, samples, trials });
}
