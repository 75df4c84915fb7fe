/** One child process as a wire: newline-delimited JSON on its pipes, its own process group, never a shell. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Events, InstanceExit } from '../events.ts';
import { type Frame, isBatch, scanFrame, splitBatch } from '../protocol/frame.ts';
import { MAX_SERVER_BATCH } from '../protocol/limits.ts';
import { LineReader } from '../protocol/line-codec.ts';
import { type Payload, payloadBytes, toBuffers } from '../protocol/payload.ts';
import { BurstWriter, sinkOf } from '../util/burst-writer.ts';
import { deferred } from '../util/deferred.ts';
import { type Pace, PacedPipe } from './paced-pipe.ts';
import { describeSpawnError, spawnProcess } from './spawn.ts';
import type { ServerSpec } from './spec.ts';
import { StderrTail } from './stderr-tail.ts';
import { endLeftovers, stopGroup } from './stop-group.ts';
import type { Wire, Written } from './wire.ts';

/** Bytes that may wait for a server that does not read; beyond it a call is refused instead of buffered. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** How long the pipes may stay open after the child has exited: a grandchild may hold them for ever. */
const PIPE_GRACE_MS = 250;
/** Noise lines told per instance; a server that prints banners is told, a flood is not. */
const MAX_NOISE_TOLD = 20;
const MAX_NOISE_BYTES = 120;
/** A message from here on is large: whoever sizes the memory of the program may want to know. */
const LARGE_BYTES = 256 * 1024;
const NEWLINE = Buffer.from('\n');
/** After a time of silence a server may say at once what it may say in this time, in seconds. */
const LINE_BURST_S = 0.1;
/** Bytes of standard error read in a second: far more than a log, far less than what would keep the gateway busy. */
const STDERR_PACE: Pace = { perSecond: 2 * 1024 * 1024, burst: 256 * 1024 };

export function spawnChild(spec: ServerSpec, instance: number, events: Events): Wire {
  const child = spawnProcess(spec);
  return 'spawnError' in child ? stillborn(child.spawnError) : new ChildWire(spec, child, instance, events);
}

const noop = (): void => undefined;

/** A process that could not even be tried. */
function stillborn(spawnError: string): Wire {
  return {
    pid: undefined,
    traffic: { toServer: 0, fromServer: 0 },
    write: () => 'gone',
    read: noop,
    pause: noop,
    resume: noop,
    stop: () => Promise.resolve(),
    ended: Promise.resolve({ exitCode: null, signal: null, expected: false, spawnError, stderrTail: [] }),
  };
}

class ChildWire implements Wire {
  readonly traffic = { toServer: 0, fromServer: 0 };
  readonly ended: Promise<InstanceExit>;
  readonly #child: ChildProcess;
  readonly #spec: ServerSpec;
  readonly #instance: number;
  readonly #events: Events;
  readonly #stderr: StderrTail;
  readonly #exited = deferred<void>();
  readonly #reader: LineReader;
  readonly #writer: BurstWriter | undefined;
  readonly #stdout: PacedPipe | undefined;
  #handler: (frame: Frame) => void = () => undefined;
  #stopping: Promise<void> | undefined;
  #spawnError: string | undefined;
  #noiseTold = 0;
  #largeTold = false;
  #gone = false;

  constructor(spec: ServerSpec, child: ChildProcess, instance: number, events: Events) {
    this.#spec = spec;
    this.#instance = instance;
    this.#events = events;
    this.#stderr = new StderrTail((line) => events.emit({ type: 'instance.stderr', ...this.#where(), line }));
    this.#reader = new LineReader(spec.maxLineBytes, {
      line: (bytes) => this.#line(bytes),
      overlong: () => this.#overlong(spec.maxLineBytes),
    });
    this.#child = child;
    // A process that got no descriptors has undefined pipes, whatever their type says.
    this.#writer = child.stdin ? new BurstWriter(sinkOf(child.stdin)) : undefined;
    this.#stdout = child.stdout ? this.#pace(child.stdout) : undefined;
    this.ended = this.#watch();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  write(payload: Payload, isLone = false): Written {
    const writer = this.#writer;
    if (writer === undefined || this.#gone || this.#stopping !== undefined || !this.#child.stdin?.writable)
      return 'gone';
    if (writer.waitingBytes > MAX_QUEUED_BYTES) return 'full';
    this.traffic.toServer += payloadBytes(payload);
    this.#stdout?.credit(1);
    if (typeof payload === 'string') writer.write(`${payload}\n`, isLone);
    else writer.writePieces([...payload, NEWLINE]);
    if (this.#events.messagesWanted)
      this.#events.emit({
        type: 'message',
        ...this.#where(),
        direction: 'to-server',
        bytes: toBuffers(payload),
      });
    return 'written';
  }

  read(handler: (frame: Frame) => void): void {
    this.#handler = handler;
  }

  pause(): void {
    this.#stdout?.pause();
  }

  resume(): void {
    this.#stdout?.resume();
  }

  stop(now = false): Promise<void> {
    // The pipe is drained while the server ends, so that it cannot block on a last write.
    this.#stdout?.drain();
    if (!this.#gone) this.#writer?.flush();
    if (now && this.#stopping !== undefined && !this.#gone) return stopGroup(this.#group(), true);
    this.#stopping ??= this.#gone ? Promise.resolve() : stopGroup(this.#group(), now);
    return this.#stopping.then(() => this.ended).then(() => undefined);
  }

  #group() {
    return { child: this.#child, exited: this.#exited.promise };
  }

  #where() {
    return { server: this.#spec.name, instance: this.#instance };
  }

  async #watch(): Promise<InstanceExit> {
    const child = this.#child;
    // A broken pipe is an exit that has not been noticed yet; `exit` tells the rest.
    child.stdin?.on('error', () => undefined);
    const stderr = child.stderr ? new PacedPipe(child.stderr, STDERR_PACE) : undefined;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr.push(chunk);
      stderr?.spend(chunk.length);
    });
    child.stdout?.on('data', (chunk: Buffer) => this.#stdout?.spend(this.#reader.push(chunk)));
    const drained = deferred<void>();
    child.stdout?.once('close', () => {
      drained.resolve();
      // A server that closed its output can never answer again, alive or not.
      if (!this.#gone) void this.#endMute();
    });
    const exit = deferred<{ code: number | null; signal: string | null }>();
    child.once('exit', (code, signal) => exit.resolve({ code, signal }));
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      this.#spawnError = describeSpawnError(this.#spec, error);
      exit.resolve({ code: null, signal: null });
    });
    const { code, signal } = await exit.promise;
    const expected = this.#stopping !== undefined && this.#mute === undefined;
    this.#gone = true;
    this.#exited.resolve();
    if (this.#spawnError === undefined && child.pid !== undefined) {
      const leftovers = endLeftovers(child.pid);
      this.#stopping = this.#stopping?.then(() => leftovers) ?? leftovers;
      this.#stdout?.drain();
      stderr?.drain();
      const timer = setTimeout(() => drained.resolve(), PIPE_GRACE_MS);
      await drained.promise;
      clearTimeout(timer);
    }
    // Also when it never ran: no timer is left.
    this.#stdout?.drain();
    stderr?.drain();
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.stdin?.destroy();
    return {
      exitCode: code,
      signal,
      expected,
      spawnError: this.#spawnError,
      stderrTail: this.#stderr.lines(),
    };
  }

  #mute: Promise<void> | undefined;

  async #endMute(): Promise<void> {
    if (this.#stopping !== undefined) return;
    this.#mute = stopGroup(this.#group(), false);
    this.#stopping = this.#mute;
    await this.#mute;
  }

  #pace(stdout: Readable): PacedPipe {
    const perSecond = this.#spec.maxLinesPerSecond;
    const paced = new PacedPipe(stdout, { perSecond, burst: Math.max(1, perSecond * LINE_BURST_S) });
    paced.onRest = () => {
      paced.onRest = undefined;
      this.#events.emit({ type: 'instance.paced', ...this.#where(), linesPerSecond: perSecond });
    };
    return paced;
  }

  #line(line: Buffer): void {
    this.traffic.fromServer += line.length;
    if (line.length >= LARGE_BYTES && !this.#largeTold) {
      this.#largeTold = true;
      this.#events.emit({ type: 'instance.large', ...this.#where(), bytes: line.length });
    }
    if (!isBatch(line)) return this.#message(line);
    const batch = splitBatch(line, 'server');
    if (!batch.ok) return this.#noise(line, batch.why);
    if (batch.items.length > MAX_SERVER_BATCH)
      return this.#noise(line, `a batch of more than ${MAX_SERVER_BATCH} messages`);
    this.#stdout?.spend(batch.items.length);
    for (const item of batch.items) this.#message(line.subarray(item.start, item.end));
  }

  #message(bytes: Buffer): void {
    const scan = scanFrame(bytes, 'server');
    if (!scan.ok) return this.#noise(bytes, scan.why);
    if (this.#events.messagesWanted)
      this.#events.emit({ type: 'message', ...this.#where(), direction: 'from-server', bytes: [bytes] });
    this.#handler(scan.frame);
  }

  #noise(bytes: Buffer, why: string): void {
    this.#noiseTold += 1;
    if (this.#noiseTold > MAX_NOISE_TOLD) return;
    this.#events.emit({ type: 'instance.noise', ...this.#where(), why, line: excerpt(bytes) });
  }

  /** The message cannot be attributed to a call, so whoever waits for it would wait in vain: the instance ends. */
  #overlong(maxLineBytes: number): void {
    this.#events.emit({
      type: 'instance.noise',
      ...this.#where(),
      why: `a line longer than ${maxLineBytes} bytes`,
      line: '',
    });
    void this.#endMute();
  }
}

/** The ellipsis tells the log that a secret may have been cut in two here. */
function excerpt(bytes: Buffer): string {
  return bytes.length > MAX_NOISE_BYTES ? `${bytes.toString('utf8', 0, MAX_NOISE_BYTES)}…` : bytes.toString();
}
