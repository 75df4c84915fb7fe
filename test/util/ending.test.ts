import { expect, it } from 'vitest';
import { Ending } from '../../src/util/ending.ts';

it('tells everybody once, in the order of their coming, and whoever comes later at once', () => {
  const ending = new Ending<string>();
  const heard: string[] = [];
  ending.add((value) => void heard.push(`first ${value}`));
  ending.add((value) => {
    heard.push(`second ${value}`);
    ending.add((late) => void heard.push(`third ${late}`));
  });
  expect(heard).toEqual([]);
  ending.end('now');
  ending.end('again');
  ending.add((value) => void heard.push(`fourth ${value}`));
  expect(heard).toEqual(['first now', 'second now', 'third now', 'fourth now']);
});

it('does not tell who has gone, also when somebody else makes them go', () => {
  const ending = new Ending<void>();
  const heard: string[] = [];
  let leaveSecond: () => void = () => undefined;
  ending.add(() => {
    heard.push('first');
    leaveSecond();
  });
  leaveSecond = ending.add(() => void heard.push('second'));
  const leaveThird = ending.add(() => void heard.push('third'));
  leaveThird();
  leaveThird();
  ending.end();
  leaveSecond();
  expect(heard).toEqual(['first']);
});
