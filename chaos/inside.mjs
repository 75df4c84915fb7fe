/**
 * Loaded into the gateway of a run (`node --expose-gc --import`). On SIGUSR2 it collects all garbage and says on
 * descriptor 3, as a line of JSON, what is left: memory, timers, sockets and their like, found on the heap itself.
 */
import { ChildProcess } from 'node:child_process';
import { writeSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { queryObjects } from 'node:v8';

const REPORT_FD = 3;
/** What only a finalizer frees takes some turns after its owner let go of it. */
const TURNS = 8;
const TURN_MS = 40;
const RESOLUTION_MS = 10;

const probe = setTimeout(() => undefined, 0);
const Timeout = probe.constructor;
clearTimeout(probe);

const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
loop.enable();

process.on('SIGUSR2', () => void report());

async function report() {
  // Before the collections, which stop everything.
  const worstDelayMs = loop.max / 1e6;
  for (let turn = 0; turn < TURNS; turn += 1) {
    globalThis.gc();
    await delay(TURN_MS);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const left = {
    timers: countOf(Timeout),
    sockets: countOf(Socket),
    requests: countOf(IncomingMessage),
    responses: countOf(ServerResponse),
    children: countOf(ChildProcess),
    abortSignals: countOf(AbortSignal),
  };
  writeSync(REPORT_FD, `${JSON.stringify({ heapUsed, external, rss, worstDelayMs, left })}\n`);
  loop.reset();
}

function countOf(constructor) {
  return queryObjects(constructor, { format: 'count' });
}
