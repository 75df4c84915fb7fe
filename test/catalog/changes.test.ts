import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../instance/helpers.ts';
import {
  fixture,
  groupsGone,
  HOSTILE_SERVER,
  runs,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';

const WITHIN = { timeout: 10_000, interval: 100 };

async function toolsOf(gateway: TestGateway, server: string): Promise<string[]> {
  const response = await fetch(`${gateway.url}/api/${server}/openapi.json`);
  expect(response.status).toBe(200);
  const { paths } = (await response.json()) as { paths: Record<string, object> };
  // The others are resources and prompts.
  return Object.entries(paths).flatMap(([path, item]) =>
    JSON.stringify(item).includes('"x-mcp-tool"') ? [path] : [],
  );
}

async function call(gateway: TestGateway, path: string, args: object): Promise<void> {
  const response = await fetch(`${gateway.url}/api/${path}?sessionId=s`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(args),
  });
  expect(response.status).toBe(200);
}

function starts(gateway: TestGateway, server: string): number {
  return gateway.events.filter((event) => event.type === 'instance.started' && event.server === server)
    .length;
}

describe('the document, when a server says that its tools have changed', () => {
  it('has the new ones, and another ETag, though the server said so to somebody else', async () => {
    using folder = tempFolder();
    const file = join(folder.path, 'tools.json');
    writeFileSync(file, JSON.stringify([{ name: 'before' }]));
    await using gateway = await startGateway({
      servers: { lists: runs(fixture('listing-server.mjs'), file) },
    });
    const url = `${gateway.url}/api/lists/openapi.json`;
    expect(await toolsOf(gateway, 'lists')).toEqual(['/before']);
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    await call(gateway, 'lists/change', { tools: [{ name: 'after' }] });
    await expect.poll(() => toolsOf(gateway, 'lists'), WITHIN).toEqual(['/after']);
    const changed = await fetch(url, { headers: { 'if-none-match': etag } });
    expect([changed.status, changed.headers.get('etag') === etag]).toEqual([200, false]);
    expect(
      (await fetch(url, { headers: { 'if-none-match': changed.headers.get('etag') ?? '' } })).status,
    ).toBe(304);
  });

  it('has the new ones of a server of 2026-07-28, which speaks to nobody who does not listen', async () => {
    await using gateway = await startGateway({
      servers: { full: { ...runs(fixture('full-server-v2.mjs')), era: 'modern' } },
    });
    const before = await toolsOf(gateway, 'full');
    expect(before).not.toContain('/later');
    // Nothing is told twice: the catalog is the only one who listens.
    await call(gateway, 'full/change', { what: 'tools', name: 'later' });
    await expect.poll(() => toolsOf(gateway, 'full'), WITHIN).toEqual([...before, '/later']);
    expect(starts(gateway, 'full')).toBe(1);
    await gateway.stop();
    await groupsGone(gateway.pids());
  });

  it('asks a server that announces without end no more than once a second', async () => {
    await using gateway = await startGateway({
      servers: {
        noisy: runs(HOSTILE_SERVER, '--notify-storm=50', '--storm-method=notifications/tools/list_changed'),
      },
    });
    await toolsOf(gateway, 'noisy');
    const begunMs = performance.now();
    for (let n = 0; n < 10; n += 1) {
      await call(gateway, 'noisy/echo', { n });
      await toolsOf(gateway, 'noisy');
    }
    // The session's own process, the one for the first document, and one for each second begun since.
    expect(starts(gateway, 'noisy')).toBeLessThanOrEqual(3 + (performance.now() - begunMs) / 1000);
  });

  it('is not asked anew for what a process announces that was started to be asked', async () => {
    using folder = tempFolder();
    const file = join(folder.path, 'tools.json');
    writeFileSync(file, JSON.stringify([{ name: 'one' }]));
    await using gateway = await startGateway({
      servers: { lists: runs(fixture('listing-server.mjs'), file, '--announce-on-list') },
    });
    expect(await toolsOf(gateway, 'lists')).toEqual(['/one']);
    await gateway.event('server.tools-changed');
    // Later than any change would be heeded.
    await sleep(1100);
    expect(await toolsOf(gateway, 'lists')).toEqual(['/one']);
    expect(starts(gateway, 'lists')).toBe(1);
  });
});
