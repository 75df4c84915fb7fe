import { describe, expect, it } from 'vitest';
import { createEvents, type GatewayEvent } from '../../src/events.ts';
import { LEVELS, type Level } from '../../src/telemetry/describe.ts';
import { createLog, type LogOptions } from '../../src/telemetry/log.ts';
import { MemoryStream } from './memory-stream.ts';

const LEVEL_NAMES = Object.keys(LEVELS) as Level[];
const EXIT = { exitCode: 3, signal: null, spawnError: undefined, stderrTail: ['boom', 'bang'] };
/** One event of each kind, under the level it must be told at. */
const TOLD: Readonly<Record<Level, readonly GatewayEvent[]>> = {
  error: [
    { type: 'gateway.fault', where: 'POST request', cause: new Error('odd'), requestId: 'r-1' },
    {
      type: 'instance.exited',
      server: 'fs',
      instance: 1,
      pid: 7,
      ready: false,
      exit: { ...EXIT, expected: false },
    },
  ],
  warn: [
    {
      type: 'instance.exited',
      server: 'fs',
      instance: 1,
      pid: 7,
      ready: true,
      exit: { ...EXIT, expected: false },
    },
    { type: 'instance.noise', server: 'fs', instance: 1, why: 'json', line: 'Listening' },
    { type: 'catalog.failed', server: 'fs', why: 'gone' },
    ...[401, 403, 500, 503].map(
      (status): GatewayEvent => ({
        type: 'request.refused',
        method: 'GET',
        url: '/x',
        status,
        code: 'C',
        detail: undefined,
        requestId: 'r',
      }),
    ),
  ],
  info: [
    { type: 'gateway.stopping', drainMs: 5 },
    { type: 'gateway.stopped' },
    {
      type: 'session.opened',
      session: 'secret-id',
      server: 'filesystem',
      front: 'sse',
      principal: 'basic:alice',
    },
    {
      type: 'session.ended',
      session: 'secret-id',
      server: 'filesystem',
      front: 'sse',
      reason: 'idle for too long',
    },
  ],
  debug: [
    { type: 'instance.started', server: 'fs', instance: 1, pid: 7 },
    { type: 'instance.ready', server: 'fs', instance: 1, tookMs: 12.3 },
    {
      type: 'instance.exited',
      server: 'fs',
      instance: 1,
      pid: 7,
      ready: true,
      exit: { ...EXIT, expected: true },
    },
    { type: 'instance.stderr', server: 'fs', instance: 1, line: 'hello' },
    { type: 'instance.dropped', server: 'fs', instance: 1, why: 'an answer' },
    { type: 'session.leased', session: 'secret-id', server: 'fs', instance: 1 },
    { type: 'call.settled', server: 'fs', method: 'tools/call', outcome: 'ok', tookMs: 1.25 },
    {
      type: 'request.refused',
      method: 'GET',
      url: '/x',
      status: 404,
      code: 'C',
      detail: undefined,
      requestId: 'r',
    },
  ],
  verbose: [
    {
      type: 'message',
      server: 'fs',
      instance: 1,
      direction: 'to-server',
      bytes: [Buffer.from('{"a":'), Buffer.from('1}')],
    },
  ],
};

function logging(options: Partial<LogOptions> = {}) {
  const stream = new MemoryStream();
  const log = createLog({
    level: 'verbose',
    format: 'pretty',
    colors: false,
    secrets: [],
    stream,
    ...options,
  });
  const events = createEvents();
  const unfollow = log.follow(events);
  return { stream, log, events, unfollow };
}

describe('levels', () => {
  it('are error, warn, info, debug, verbose, in that order', () => {
    expect(LEVEL_NAMES.toSorted((a, b) => LEVELS[a] - LEVELS[b])).toEqual([
      'error',
      'warn',
      'info',
      'debug',
      'verbose',
    ]);
  });

  it.each(LEVEL_NAMES)('%s shows itself and what is more urgent, and nothing else', (level) => {
    const { stream, log, events } = logging({ level });
    for (const each of LEVEL_NAMES) {
      for (const event of TOLD[each]) events.emit(event);
      log.write(each, `own line at ${each}`);
    }
    const shown = LEVEL_NAMES.filter((each) => LEVELS[each] <= LEVELS[level]);
    expect(stream.lines.filter((line) => line.includes('own line'))).toHaveLength(shown.length);
    expect(stream.lines.filter((line) => !line.includes('own line') && /^\d{4}-/.test(line))).toHaveLength(
      shown.reduce((sum, each) => sum + TOLD[each].length, 0),
    );
    for (const each of shown) expect(stream.text).toContain(`[${each.toUpperCase()}]: own line at ${each}`);
  });

  it('messages are asked for only at verbose, so that nothing is formatted that nobody reads', () => {
    expect(LEVEL_NAMES.map((level) => logging({ level }).events.messagesWanted)).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('following ends when it is told to', () => {
    const { stream, events, unfollow } = logging();
    unfollow();
    events.emit({ type: 'gateway.stopped' });
    expect([stream.text, events.messagesWanted]).toEqual(['', false]);
  });
});

describe('the pretty format', () => {
  const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

  it.each<[Level, string]>([
    ['info', 'New SSE connection for filesystem, session [0-9a-f]{8} of basic:alice'],
    ['debug', String.raw`Server instance 1 of fs created \(pid 7\)`],
    ['error', String.raw`Server instance 1 of fs did not start: exit code 3; its last words: boom \| bang`],
    ['verbose', String.raw`STDIO message sent to fs\[1\]: \{"a":1\}`],
    ['debug', String.raw`fs\[1\] hello`],
    ['warn', String.raw`GET /x refused with 401 C \(request r\)`],
  ])('writes time, level and sentence: [%s] %s', (level, sentence) => {
    const { stream, events } = logging();
    for (const event of Object.values(TOLD).flat()) events.emit(event);
    expect(stream.text).toMatch(new RegExp(`^${TIME} \\[${level.toUpperCase()}\\]: ${sentence}$`, 'm'));
  });

  it('has colours only where they are asked for', () => {
    const coloured = logging({ colors: true });
    coloured.log.write('error', 'x');
    coloured.log.write('info', 'x');
    expect(coloured.stream.lines[0]).toContain(' [\u001b[31mERROR\u001b[0m]: x');
    expect(coloured.stream.lines[1]).toContain(' [\u001b[32mINFO\u001b[0m]: x');
    const plain = logging();
    plain.log.write('error', 'x');
    expect(plain.stream.text).not.toContain('\u001b');
  });

  it('[fault 29] [fault 111] lets no peer forge a line, colour the terminal or turn the text around', () => {
    const { stream, events } = logging();
    const evil = 'x\n2024-01-01T00:00:00.000Z [INFO]: forged\r\u001b[2J\u0007\u202e\u2028';
    events.emit({ type: 'instance.stderr', server: 'fs', instance: 1, line: evil });
    events.emit({ type: 'instance.noise', server: 'fs', instance: 1, why: 'json', line: evil });
    events.emit({
      type: 'message',
      server: 'fs',
      instance: 1,
      direction: 'from-server',
      bytes: [Buffer.from(evil)],
    });
    events.emit({
      type: 'request.refused',
      method: 'GET',
      url: `/${evil}`,
      status: 401,
      code: 'C',
      detail: evil,
      requestId: 'r',
    });
    expect(stream.lines).toHaveLength(4);
    for (const char of evil.replace(/[^\p{Cc}\p{Cf}\p{Zl}]|\n/gu, ''))
      expect(stream.text).not.toContain(char);
    expect(stream.text.match(/\\u000a2024-/g)).toHaveLength(5);
  });

  it('cuts a long message, and says how long it was', () => {
    const { stream, events } = logging();
    events.emit({
      type: 'message',
      server: 'fs',
      instance: 1,
      direction: 'from-server',
      bytes: [Buffer.alloc(1_000_000, 'x')],
    });
    expect(stream.text.length).toBeLessThan(3000);
    expect(stream.text).toContain('… (1000000 bytes)');
  });
});

describe('the JSON format', () => {
  it('is one object a line, with time, level, message and the facts of the event', () => {
    const { stream, events } = logging({ format: 'json', colors: true });
    for (const event of Object.values(TOLD).flat()) events.emit(event);
    const lines = stream.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(Object.values(TOLD).flat().length);
    for (const line of lines) {
      expect(line).toMatchObject({
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
        level: expect.any(String),
        message: expect.any(String),
        event: expect.any(String),
      });
    }
    expect(lines.find(({ event }) => event === 'instance.started')).toMatchObject({
      level: 'debug',
      server: 'fs',
      instance: 1,
      pid: 7,
    });
    expect(stream.text).not.toContain('\u001b');
  });
});

describe('what is logged', () => {
  it.each(['pretty', 'json'] as const)('[fault 85] never has a session id in it (%s)', (format) => {
    const { stream, events } = logging({ format });
    for (const event of Object.values(TOLD).flat()) events.emit(event);
    expect(stream.text).toContain('filesystem');
    expect(stream.text).not.toContain('secret-id');
  });

  it.each(['pretty', 'json'] as const)(
    '[fault 99] never has a secret in it, whichever way it came (%s)',
    (format) => {
      const secret = 'c"an\\ary-ü-0123456789';
      const { stream, log, events } = logging({ format, secrets: [secret] });
      const result = JSON.stringify({ content: [{ type: 'text', text: JSON.stringify({ KEY: secret }) }] });
      log.write('warn', `a line with ${secret}`);
      events.emit({ type: 'gateway.fault', where: 'x', cause: new Error(secret) });
      events.emit({ type: 'instance.stderr', server: 'fs', instance: 1, line: `token=${secret}` });
      events.emit({
        type: 'instance.exited',
        server: 'fs',
        instance: 1,
        pid: 1,
        ready: false,
        exit: { ...EXIT, expected: false, stderrTail: [secret] },
      });
      events.emit({
        type: 'request.refused',
        method: 'GET',
        url: `/${encodeURIComponent(secret)}`,
        status: 401,
        code: 'C',
        detail: secret,
        requestId: 'r',
      });
      events.emit({
        type: 'message',
        server: 'fs',
        instance: 1,
        direction: 'from-server',
        bytes: [Buffer.from(result)],
      });
      expect(stream.text.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(7);
      for (const piece of ['ary-', '0123456789']) expect(stream.text).not.toContain(piece);
    },
  );
});
