import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createEvents } from '../../src/events.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { MemoryStream } from './memory-stream.ts';

function logOn(stream: NodeJS.WritableStream) {
  return createLog({ level: 'info', format: 'pretty', colors: false, secrets: [], stream });
}

describe('[fault 73] a log that cannot be written', () => {
  it('drops lines beyond what may wait, says how many, and goes on', async () => {
    const stream = new MemoryStream({ stuck: true });
    const log = logOn(stream);
    for (let n = 0; n < 60; n += 1) log.write('info', `line ${n} ${'x'.repeat(100_000)}`);
    expect(stream.writableLength).toBeLessThan(5 * 1024 * 1024);
    await stream.unstick();
    log.write('info', 'after');
    expect(stream.lines.at(-1)).toMatch(/\[INFO\]: after$/);
    const kept = stream.lines.filter((line) => line.includes(']: line ')).length;
    expect(stream.lines.at(-2)).toContain(`[WARN]: ${60 - kept} log lines were dropped`);
    expect(kept).toBeGreaterThan(10);
    expect(kept).toBeLessThan(60);
  });

  it('is no reason to stop: a stream that fails is let be', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('ENOSPC')) });
    const log = logOn(stream);
    const failed = new Promise((resolve) => stream.once('error', resolve));
    log.write('info', 'one');
    await failed;
    for (let n = 0; n < 5; n += 1) log.write('info', 'more');
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.destroyed).toBe(true);
  });

  it('cannot disturb the gateway either: a listener that throws is its own fault', () => {
    const stream = new MemoryStream();
    const events = createEvents();
    logOn(stream).follow(events);
    events.subscribe(() => {
      throw new Error('listener');
    });
    expect(() => events.emit({ type: 'gateway.stopped' })).not.toThrow();
    expect(stream.lines).toHaveLength(1);
  });
});
