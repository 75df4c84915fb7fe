/** The program at a terminal, where Ctrl-C goes to everything in the foreground. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { rest, tempFolder, textOf } from '../instance/helpers.ts';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { PROGRAM, writeConfig } from '../support/gateway-process.ts';
import { groupMembers } from '../support/no-leaks.ts';

/** util-linux: runs a command at a terminal of its own and passes on what it is told. */
const AT_A_TERMINAL = ['-qfec', `exec "$NODE" "$PROGRAM" --config "$FILE"`, '/dev/null'];
const CTRL_C = '\u0003';

describe('[fault 117] Ctrl-C at a terminal', () => {
  it('reaches the gateway alone: its servers finish what they do, and are ended by it', async () => {
    using folder = tempFolder();
    const server = runs(HOSTILE_SERVER, '--ignore-eof');
    const FILE = writeConfig(folder.path, { servers: { it: server }, debug: { format: 'json' } });
    const { PATH = '', HOME = '' } = process.env;
    const terminal = spawn('script', AT_A_TERMINAL, {
      env: { PATH, HOME, SHELL: '/bin/sh', NODE: process.execPath, PROGRAM, FILE },
    });
    let seen = '';
    const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
      for (;;) {
        const match = pattern.exec(seen);
        if (match !== null) return match;
        await Promise.race([once(terminal.stdout, 'data'), once(terminal, 'exit')]);
        if (terminal.exitCode !== null && !pattern.test(seen)) throw new Error(`it ended: ${seen}`);
      }
    };
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    try {
      const [, port] = await says(/listens on 127\.0\.0\.1:(\d+)/);
      const gateway = { url: `http://127.0.0.1:${port}` };
      const pid = Number(await textOf(gateway, 'it/pid', 's'));
      const running = rest(gateway, 'it/sleep', 's', { ms: 700 });
      await textOf(gateway, 'it/count', 's');
      terminal.stdin.write(CTRL_C);
      await says(/Stopping: running calls have/);
      expect(groupMembers(pid)).toContain(pid);
      expect((await running).text).toBe('slept');
      const [code] = terminal.exitCode === null ? await once(terminal, 'exit') : [terminal.exitCode];
      expect([code, groupMembers(pid)]).toEqual([0, []]);
      expect(seen).toContain('Stopped');
    } finally {
      terminal.kill('SIGKILL');
    }
  });
});
