/** The subjects of a run, started together and ended together. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Driver, startDriver } from './driver.ts';
import { FLOOR, FLOOR_AGAIN, NAMES, PIPE } from './figures.ts';
import type { CallSubject } from './measure-calls.ts';
import type { Running } from './processes.ts';
import {
  ECHO_SERVERS,
  floorTarget,
  type Gateway,
  gatewayTarget,
  MODERN_PROGRAM,
  OURS,
  type Ours,
  PIPE_TARGET,
  ROOT,
  startFloor,
  startGateway,
} from './subjects.ts';

const SPREAD = 32;
/** 2026-07-28 has no sessions: there 32 servers stand for 32 sessions. */
const MODERN_NAMES = Array.from({ length: SPREAD }, (_, index) => `modern${index}`);

export interface Lab extends AsyncDisposable {
  readonly folder: string;
  readonly driver: Driver;
  /** Has it ended with the lab. */
  readonly own: <Owned extends AsyncDisposable>(owned: Owned) => Owned;
}

export async function openLab(): Promise<Lab> {
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs'), '--if-changed'], { stdio: 'inherit' });
  const folder = await mkdtemp(join(tmpdir(), 'mcp-gateway-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const owned: AsyncDisposable[] = [];
  const lab: Lab = {
    folder,
    driver: startDriver(),
    own: (one) => {
      owned.push(one);
      return one;
    },
    async [Symbol.asyncDispose]() {
      await lab.driver[Symbol.asyncDispose]();
      await Promise.all(owned.map((one) => one[Symbol.asyncDispose]()));
      remove();
    },
  };
  return lab;
}

/** A gateway of its own for each protocol, so that none pays for the garbage of another. */
export async function startGateways(lab: Lab): Promise<ReadonlyMap<Ours, Gateway>> {
  const spread = Object.fromEntries(MODERN_NAMES.map((name) => [name, MODERN_PROGRAM]));
  const gateways = new Map<Ours, Gateway>();
  for (const protocol of OURS) {
    const servers = protocol === 'modern' ? { ...ECHO_SERVERS, ...spread } : ECHO_SERVERS;
    gateways.set(protocol, lab.own(await startGateway(lab.folder, { servers })));
  }
  return gateways;
}

/** The pipe, the floor twice, and each protocol of ours. */
export async function callSubjects(lab: Lab, gateways: ReadonlyMap<Ours, Gateway>): Promise<CallSubject[]> {
  const floor = floorSubject(FLOOR, lab.own(await startFloor(lab.folder)));
  const again = floorSubject(FLOOR_AGAIN, lab.own(await startFloor(lab.folder)));
  const ours = [...gateways].map(([protocol, gateway]): CallSubject => {
    const target = gatewayTarget(gateway, protocol);
    const spread = MODERN_NAMES.map((name) => gatewayTarget(gateway, protocol, name));
    return {
      name: NAMES[protocol],
      pid: gateway.pid,
      target,
      spread: protocol === 'modern' ? spread : [target],
    };
  });
  const pipe = { name: PIPE, pid: undefined, target: PIPE_TARGET, spread: [PIPE_TARGET] };
  return [pipe, floor, again, ...ours];
}

function floorSubject(name: string, floor: Running): CallSubject {
  return { name, pid: floor.pid, target: floorTarget(floor), spread: [floorTarget(floor)] };
}
