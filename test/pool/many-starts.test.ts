/** More starts at once than places for them are no leak of listeners, and nobody is warned of one. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { textOf } from '../instance/helpers.ts';
import { HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';

/** More than the listeners that Node takes for usual. */
const STARTS = 15;
const names = Array.from({ length: STARTS }, (_, index) => `shared${index}`);

let gateway: TestGateway;

beforeAll(async () => {
  const server = (policy: string) => ({ ...runs(HOSTILE_SERVER), policy, era: 'legacy' });
  gateway = await startGateway({
    limits: { concurrentStarts: 1 },
    servers: {
      call: server('call'),
      ...Object.fromEntries(names.map((name) => [name, server('shared')])),
    },
  });
});
afterAll(() => gateway.stop());

async function warningsDuring(body: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', onWarning);
  try {
    await body();
  } finally {
    process.off('warning', onWarning);
  }
  return warnings;
}

it('of one session', async () => {
  const calls = () => names.map((name) => textOf(gateway, 'call/echo', 'one', { name }));
  expect(await warningsDuring(() => Promise.all(calls()))).toEqual([]);
});

it('of processes that are shared', async () => {
  const calls = () => names.map((name) => textOf(gateway, `${name}/echo`, 'one'));
  expect(await warningsDuring(() => Promise.all(calls()))).toEqual([]);
});
