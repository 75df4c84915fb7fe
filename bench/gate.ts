/**
 * `npm run bench:gate`: fails when a call costs the gateway more processor time than it may, as a ratio to the floor in
 * the same rounds. Wall time is never judged: other work on the machine changes it, and hardly changes this.
 */
import { boundOf, FLOOR, NAMES, SPECS } from './figures.ts';
import { callSubjects, openLab, startGateways } from './lab.ts';
import { CONCURRENCY, WARM_UP } from './measure-calls.ts';
import { endAllOnSignals } from './processes.ts';
import { interleave, Samples } from './samples.ts';
import { short } from './table.ts';

const FIGURE = 'cpuOne';
const ROUNDS = 5;
const CALLS = 2500;
/** What noise may add: the floor against itself was within 1.15 on a machine with two other jobs. */
const MARGIN = 1.2;

endAllOnSignals();
const spec = SPECS.find(({ id }) => id === FIGURE);
if (spec === undefined) throw new Error(`no figure ${FIGURE}`);
const samples = new Samples();
await measure();
const verdicts = Object.values(NAMES).map((subject) => {
  const ratio =
    samples.ratio(FIGURE, subject, { figure: FIGURE, subject: FLOOR }) ?? Number.POSITIVE_INFINITY;
  const bound = boundOf(spec, subject);
  const max = bound !== undefined && 'max' in bound ? bound.max * MARGIN : 0;
  return { subject, ratio, max, holds: ratio <= max };
});
for (const { subject, ratio, max, holds } of verdicts)
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${subject}: ${short(ratio)} × floor, at most ${short(max)}`);
if (verdicts.some(({ holds }) => !holds)) process.exitCode = 1;

async function measure(): Promise<void> {
  await using lab = await openLab();
  const subjects = await callSubjects(lab, await startGateways(lab));
  const judged = subjects.filter(({ name }) => name === FLOOR || Object.values<string>(NAMES).includes(name));
  for (const { name, target } of judged) {
    await lab.driver.open({ group: name, targets: [target], count: 1 });
    await lab.driver.call({ group: name, lanes: CONCURRENCY, calls: WARM_UP, bytes: 0 });
  }
  const trials = judged.map(({ name, pid }) => ({
    subject: name,
    run: async () => {
      const load = { group: name, lanes: CONCURRENCY, calls: CALLS, bytes: 0, pid };
      return { [FIGURE]: (await lab.driver.call(load)).cpuSeconds };
    },
  }));
  await interleave({ rounds: ROUNDS, samples, trials });
}
