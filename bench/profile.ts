/**
 * A CPU profile of the gateway under load in one session, as its areas and functions with the most time of their own.
 * Usage: node --import tsx bench/profile.ts [protocol] [calls] [bytes of each result] [calls in flight]
 */
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDriver } from './driver.ts';
import {
  ECHO_SERVERS,
  floorTarget,
  type Gateway,
  gatewayTarget,
  OURS,
  type Ours,
  startFloor,
  startGateway,
} from './subjects.ts';

const [protocol = 'streamable', calls = '20000', bytes = '0', lanes = '32'] = process.argv.slice(2);
const SHOWN = 45;
const SHOWN_AREAS = 25;

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const folder = await mkdtemp(join(tmpdir(), 'bench-profile-'));
const nodeArgs = ['--cpu-prof', `--cpu-prof-dir=${folder}`];
{
  await using driver = startDriver();
  await using subject =
    protocol === 'floor'
      ? await startFloor(folder, { nodeArgs })
      : await startGateway(folder, { servers: ECHO_SERVERS, nodeArgs });
  const target =
    protocol === 'floor' ? floorTarget(subject) : gatewayTarget(subject as Gateway, oursOf(protocol));
  await driver.open({ group: 'a', targets: [target], count: 1 });
  const load = { group: 'a', lanes: Number(lanes), bytes: Number(bytes), pid: subject.pid };
  const { cpuSeconds, wallMs } = await driver.call({ ...load, calls: Number(calls) });
  const microseconds = (1e6 * cpuSeconds) / Number(calls);
  console.log(
    `${protocol}: ${microseconds.toFixed(1)} us of CPU per call, ${Math.round((1000 * Number(calls)) / wallMs)} calls/s`,
  );
  await driver.close({ group: 'a' });
}
const file = (await readdir(folder)).find((name) => name.endsWith('.cpuprofile'));
if (file === undefined) throw new Error(`no profile in ${folder}`);
console.log(join(folder, file));
console.log(summarise(JSON.parse(await readFile(join(folder, file), 'utf8')) as Profile));

function oursOf(name: string): Ours {
  const ours = OURS.find((one) => one === name);
  if (ours === undefined) throw new Error(`not one of floor, ${OURS.join(', ')}: ${name}`);
  return ours;
}

function summarise(profile: Profile): string {
  const areas = tally(profile, areaOf, SHOWN_AREAS);
  return `By area:\n${areas}\nBy function:\n${tally(profile, nameOf, SHOWN)}`;
}

/** The most of each key's own time, in per cent of all that was not idle. */
function tally(
  { nodes, samples, timeDeltas }: Profile,
  keyOf: (frame: ProfileNode['callFrame']) => string,
  shown: number,
): string {
  const keys = new Map(nodes.map(({ id, callFrame }) => [id, keyOf(callFrame)]));
  const times = new Map<string, number>();
  let all = 0;
  for (const [index, sample] of samples.entries()) {
    const key = keys.get(sample) ?? '?';
    const delta = timeDeltas[index] ?? 0;
    if (key === '(idle)') continue;
    all += delta;
    times.set(key, (times.get(key) ?? 0) + delta);
  }
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([key, time]) => `${((100 * time) / all).toFixed(1).padStart(5)} %  ${key}`)
    .join('\n');
}

/** A room of ours, a package, a module of Node, or what has no source: native functions and the collector. */
function areaOf(frame: ProfileNode['callFrame']): string {
  const place = placeOf(frame.url);
  if (place === '') return frame.functionName;
  return /^dist\/[^/]+|^node_modules\/(@[^/]+\/)?[^/]+|^node:[^/]*(\/[^/]+)?/.exec(place)?.[0] ?? place;
}

function nameOf({ functionName, url, lineNumber }: ProfileNode['callFrame']): string {
  const place = placeOf(url);
  return place === '' ? functionName : `${functionName || '(anonymous)'} ${place}:${lineNumber + 1}`;
}

function placeOf(url: string): string {
  return url.replace(/^.*\/(node_modules|dist)\//, '$1/');
}
