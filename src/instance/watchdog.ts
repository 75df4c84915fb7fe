/**
 * A tiny process that outlives a gateway that was killed: it learns over a pipe which process groups run, and ends
 * them when the pipe closes without a goodbye. A shell, because that is the smallest program that every system has; it
 * runs this fixed text only, and reads nothing but numbers.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

/** A watchdog that does not read is no watchdog. */
const MAX_QUEUED_BYTES = 64 * 1024;
/** How long it may take to go after the goodbye. */
const GOODBYE_MS = 1000;

/**
 * Signals to the gateway's terminal or group are not for it. A group is signalled when its leader is the one that was
 * born then, or is gone: as long as it has members, its number is not given to anybody else. Times as in stop-group.ts.
 */
const SCRIPT = `
trap '' HUP INT TERM
set -f
groups=
while read -r what id born; do
  case $what in
    +) groups="$groups $id:$born" ;;
    -) rest=
       for each in $groups; do [ "$each" = "$id:$born" ] || rest="$rest $each"; done
       groups=$rest ;;
    bye) exit 0 ;;
  esac
done
is_ours() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  set -- "$2" \${stat##*) }
  [ "\${21}" = "$1" ]
}
signal() {
  for each in $groups; do
    id=\${each%%:*}
    is_ours "$id" "\${each#*:}" && kill -s "$1" -- "-$id" 2>/dev/null && left=yes
  done
}
wait_until_gone() {
  for second in 1 2; do
    left=
    signal 0
    [ "$left" ] || return 0
    sleep 1
  done
}
wait_until_gone
signal TERM
wait_until_gone
signal KILL
[ "$1" ] && rm -f -- "$1"
exit 0
`;

export class Watchdog {
  readonly #child: ChildProcess;
  #gone = false;

  /**
   * `journal` is removed when everything in it was ended; `onGone` is told when it ends before its goodbye, or cannot
   * start. @throws the system's error where it cannot even be tried
   */
  constructor(journal: string | undefined, onGone: (why: string) => void) {
    this.#child = spawn('/bin/sh', ['-c', SCRIPT, 'mcp-gateway-watchdog', journal ?? ''], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // Its own session, so that nothing that ends the gateway's ends it.
      detached: true,
      cwd: '/',
      env: { PATH: process.env['PATH'] },
    });
    const lost = (why: string): void => {
      if (this.#gone) return;
      this.#gone = true;
      onGone(why);
    };
    this.#child.once('error', ({ message }) => lost(message));
    this.#child.once('exit', (code, signal) => lost(signal ?? `exit code ${code}`));
    this.#child.stdin?.on('error', () => undefined);
    this.#child.unref();
    // Undefined where no descriptor was left for it, whatever its type says.
    if (this.#child.stdin instanceof Socket) this.#child.stdin.unref();
  }

  /** One line; what it cannot take any more ends it. */
  tell(line: string): void {
    const { stdin } = this.#child;
    if (this.#gone || !stdin) return;
    if (stdin.writableLength > MAX_QUEUED_BYTES) this.#child.kill('SIGKILL');
    else stdin.write(line);
  }

  /** Nothing runs that it would have to end. Resolves when it has gone. */
  async dismiss(): Promise<void> {
    if (this.#gone || this.#child.pid === undefined) return;
    this.#gone = true;
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.end('bye\n');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GOODBYE_MS);
    await exited;
    clearTimeout(timer);
  }
}
