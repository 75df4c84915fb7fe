/** From nothing to the first result where a spare waits (`warm: 1`): of a quick server, and of one that starts slowly. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Driver, Target } from './driver.ts';
import { PIPE } from './figures.ts';
import { type Measured, medianOf, type Trial } from './samples.ts';
import { type Gateway, PIPE_TARGET } from './subjects.ts';

export interface WarmSubject {
  readonly name: string;
  /** Its configuration has two servers with a spare each. */
  readonly gateway: Gateway;
  readonly quick: Target;
  readonly slow: Target;
}

/** How long a server of this benchmark may take from its spawn until it reads: the slow one waits a second first. */
const READY_MS = { quick: 400, slow: 1600 };
/** Of two servers, each with one that waits for a handshake and one that has had it. */
const SPARES = 4;
const LOOK_MS = 20;
const PATIENCE_MS = 10_000;

/** `count` new sessions in a round, each after its spare is there. The bare spawn is measured beside them. */
export function warmTrials(driver: Driver, subjects: readonly WarmSubject[], count: number): Trial[] {
  const bare: Trial = {
    subject: PIPE,
    run: async () => ({ warmBirth: await birthsOf(driver, PIPE_TARGET, count) }),
  };
  const warm = subjects.map((subject) => ({
    subject: subject.name,
    run: () => measure(driver, subject, count),
  }));
  return [bare, ...warm];
}

async function measure(driver: Driver, subject: WarmSubject, count: number): Promise<Measured> {
  const warmBirth = await birthsOf(driver, subject.quick, count, () => ready(subject, READY_MS.quick));
  const group = `slow ${subject.name}`;
  await driver.open({ group, targets: [subject.slow], count: 1 });
  const { p50Ms } = await driver.call({ group, lanes: 1, calls: 20, bytes: 0 });
  await driver.close({ group });
  const slow = await birthsOf(driver, subject.slow, 1, () => ready(subject, READY_MS.slow));
  return { warmBirth, warmBirthMs: warmBirth, warmSlow: slow - p50Ms };
}

async function birthsOf(
  driver: Driver,
  target: Target,
  count: number,
  before: () => Promise<void> = async () => undefined,
): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    await before();
    times.push((await driver.birth({ target, count: 1 })).wallMs);
  }
  return medianOf(times) ?? Number.NaN;
}

/** The spares are started, and have had time to read. @throws Error when they do not come */
async function ready({ gateway, name }: WarmSubject, readyMs: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await sparesOf(gateway)) < SPARES) {
    if (performance.now() > deadline) throw new Error(`${name}: no spare was started`);
    await delay(LOOK_MS);
  }
  await delay(readyMs);
}

async function sparesOf({ port, token }: Gateway): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return Number(/^mcp_gateway_spares (\d+)$/m.exec(await answer.text())?.[1] ?? 0);
}
