/** After all tests: no child of this process may be left, whoever started it. */
import { execFileSync } from 'node:child_process';

export function teardown(): void {
  if (process.platform === 'win32') return;
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const left = table
    .split('\n')
    .filter(
      (row) =>
        /test\/fixtures\/|server-(everything|filesystem|memory)/.test(row) &&
        row.trim().split(/\s+/)[1] === '1',
    );
  if (left.length > 0) throw new Error(`processes left behind by the tests:\n${left.join('\n')}`);
}
