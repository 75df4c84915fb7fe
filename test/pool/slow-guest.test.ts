/** A reader that does not read, on a process that others use: it is cut off alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawSseClient } from '../instance/helpers.ts';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { BareSseClient } from '../support/sse-client.ts';

const MiB = 1024 * 1024;
const TEXT = 'x'.repeat(MiB);
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    http: { sseGraceMs: 50 },
    servers: {
      legacy: { ...runs(HOSTILE_SERVER), policy: 'shared' },
      modern: runs(fixture('modern-hostile.mjs')),
    },
  });
});
afterAll(() => gateway.stop());

describe.each(['legacy', 'modern'])('[fault 4] a slow reader on a shared %s process', (server) => {
  it('is cut off alone, in bounded memory: the process and its other clients do not notice', async () => {
    const neighbour = await BareSseClient.initialized(`${gateway.url}/${server}`);
    const pid = await neighbour.callTool('pid');
    const slow = await RawSseClient.initialized(gateway, server);
    const slowSession = slow.sessionId;
    slow.socket.pause();
    const memory = process.memoryUsage.rss();
    const ended = gateway.event('session.ended', ({ session }) => session === slowSession);
    // More than ever waits for one reader, and what the system takes in besides.
    for (let n = 0; n < 60; n += 1) {
      const params = { name: 'echo', arguments: { text: TEXT } };
      await slow.post({ jsonrpc: '2.0', id: n, method: 'tools/call', params });
      expect(await neighbour.callTool('pid')).toBe(pid);
    }
    expect((await ended).reason).toBe('the client went away');
    expect(process.memoryUsage.rss() - memory).toBeLessThan(256 * MiB);
    expect(await neighbour.callTool('pid')).toBe(pid);
    slow.reset();
    neighbour.close();
  });
});
