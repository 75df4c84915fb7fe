/**
 * The load, in a process of its own: told over IPC what to open and what to call. One command at a time; an answer is
 * `{ result }` or `{ error }`. Ends with its parent.
 */
import { Connection } from './connection.mjs';
import { cpuSecondsOf } from './cpu.mjs';
import { openFloor, openModern, openRest, openStreamable } from './http-session.mjs';
import { openPipe } from './pipe-session.mjs';
import { toolFor } from './requests.mjs';
import { openSse } from './sse-session.mjs';

const OPENERS = {
  pipe: openPipe,
  floor: openFloor,
  streamable: openStreamable,
  sse: openSse,
  modern: openModern,
  rest: openRest,
};
const FIRST_ID = 1_000_001;
/** The idle sessions a run opens at the same time. */
const OPENING_AT_ONCE = 16;

/** Open sessions by the name of their group. */
const groups = new Map();
let nextId = FIRST_ID;

const COMMANDS = {
  /** Opens `count` sessions under a name; `targets` are taken in turn. */
  async open({ group, targets, count }) {
    const sessions = groups.get(group) ?? [];
    groups.set(group, sessions);
    let opened = 0;
    const worker = async () => {
      while (opened < count) {
        const target = targets[opened % targets.length];
        opened += 1;
        const session = await openOf(target);
        session.first?.close();
        sessions.push({ ...session, target });
      }
    };
    await Promise.all(Array.from({ length: Math.min(OPENING_AT_ONCE, count) }, worker));
  },

  async close({ group }) {
    const sessions = groups.get(group) ?? [];
    groups.delete(group);
    for (const session of sessions) await closeSession(session);
  },

  /** Runs that many calls over all sessions of a group with `lanes` in flight in each. */
  async call({ group, lanes, calls, bytes, pid }) {
    const work = [];
    for (const session of groups.get(group) ?? []) {
      const run = session.calls(toolFor(bytes));
      for (let lane = 0; lane < lanes; lane += 1)
        work.push({ run, connection: await connectionOf(session.target) });
    }
    // Every connection has carried something before the clock starts.
    await inFlight(work, work.length);
    const cpuBefore = pid === undefined ? 0 : cpuSecondsOf(pid);
    const started = performance.now();
    const latenciesMs = await inFlight(work, calls);
    const wallMs = performance.now() - started;
    const cpuSeconds = pid === undefined ? 0 : cpuSecondsOf(pid) - cpuBefore;
    for (const { connection } of work) connection?.close();
    return { wallMs, cpuSeconds, p50Ms: medianOf(latenciesMs) };
  },

  /** Opens that many sessions at once, each up to its first result. */
  async birth({ target, count }) {
    const started = performance.now();
    const born = await Promise.all(
      Array.from({ length: count }, async () => {
        const session = await openOf(target);
        await inFlight([{ run: session.calls(toolFor(0)), connection: session.first }], 1);
        return { ...session, target };
      }),
    );
    const wallMs = performance.now() - started;
    for (const session of born) {
      session.first?.close();
      await closeSession(session);
    }
    return { wallMs };
  },
};

process.on('message', async ({ command, options }) => {
  try {
    process.send({ result: await COMMANDS[command](options) });
  } catch (cause) {
    process.send({ error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
  }
});
process.on('disconnect', () => process.exit(0));

function openOf(target) {
  return OPENERS[target.protocol](target);
}

function connectionOf(target) {
  return target.port === undefined ? undefined : Connection.open(target.port);
}

/** Ends the session as its protocol wants it; the connection may have been closed for idleness long ago. */
async function closeSession({ target, end, close }) {
  if (end !== undefined) {
    const connection = await connectionOf(target);
    await connection.request(end);
    connection.close();
  }
  await close?.();
}

/** Keeps one call in flight on each lane until `calls` are done. Resolves with the time of each in milliseconds. */
function inFlight(work, calls) {
  return new Promise((resolve, reject) => {
    const latenciesMs = new Float64Array(calls);
    let begun = 0;
    let done = 0;
    for (const { run, connection } of work) {
      let startedMs = 0;
      const next = () => {
        if (begun === calls) return;
        begun += 1;
        startedMs = performance.now();
        run(connection, takeId(), settled, reject);
      };
      const settled = () => {
        latenciesMs[done] = performance.now() - startedMs;
        done += 1;
        if (done === calls) resolve(latenciesMs);
        else next();
      };
      next();
    }
  });
}

function takeId() {
  nextId = nextId === 9_999_999 ? FIRST_ID : nextId + 1;
  return nextId;
}

function medianOf(values) {
  const sorted = values.slice().sort();
  return sorted[Math.floor(sorted.length / 2)];
}
