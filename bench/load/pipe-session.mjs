/** The pipe itself: a server of the load's own, spoken to without any gateway. */
import { spawn } from 'node:child_process';
import { callBody, INITIALIZE, INITIALIZED } from './requests.mjs';

export async function openPipe({ command, args }) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = [];
  let start = '';
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk) => {
    let at = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, at)) {
      if (start.length < 300) start += chunk.latin1Slice(at, Math.min(end, at + 300));
      const line = start;
      start = '';
      at = end + 1;
      waiting.shift()(line);
    }
    if (at < chunk.length && start.length < 300)
      start += chunk.latin1Slice(at, Math.min(chunk.length, at + 300));
  });
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    waiting.push(resolve);
    child.stdin.write(`${INITIALIZE}\n`, 'latin1');
  });
  child.stdin.write(`${INITIALIZED}\n`, 'latin1');
  return {
    first: undefined,
    calls: (tool) => {
      const body = callBody(tool);
      return (_connection, id, done, fail) => {
        waiting.push((line) =>
          line.includes(`"id":${id},"result":`) ? done() : fail(new Error(`a wrong answer: ${line}`)),
        );
        child.stdin.write(`${body(id)}\n`, 'latin1');
      };
    },
    end: undefined,
    close: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.stdin.end();
      }),
  };
}
