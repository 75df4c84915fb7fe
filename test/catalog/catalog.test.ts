import { describe, expect, it } from 'vitest';
import { groupsGone, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';

interface Document {
  readonly paths: Record<string, { post?: { operationId: string; 'x-mcp-tool'?: string } }>;
}

async function documentOf(gateway: TestGateway): Promise<Document> {
  const response = await fetch(`${gateway.url}/api/openapi.json`);
  expect(response.status).toBe(200);
  return (await response.json()) as Document;
}

function toolsOf({ paths }: Document, server: string): string[] {
  return Object.entries(paths).flatMap(([path, { post }]) =>
    path.startsWith(`/api/${server}/`) && post?.['x-mcp-tool'] !== undefined
      ? [path.slice(`/api/${server}/`.length)]
      : [],
  );
}

describe('the document of what servers offer', () => {
  it('starts each server once for all who ask at once, and ends what it started', async () => {
    await using gateway = await startGateway({
      servers: { one: runs(HOSTILE_SERVER, '--slow-init=50'), two: runs(HOSTILE_SERVER) },
    });
    const documents = await Promise.all(Array.from({ length: 12 }, () => documentOf(gateway)));
    expect(new Set(documents.map((document) => JSON.stringify(document))).size).toBe(1);
    await documentOf(gateway);
    await fetch(`${gateway.url}/api/openapi.yaml`);
    const started = gateway.events.flatMap((event) =>
      event.type === 'instance.started' ? [event.server] : [],
    );
    expect(started.toSorted()).toEqual(['one', 'two']);
    await groupsGone(gateway.pids());
    expect(gateway.gateway.inspect().sessions).toBe(0);
  });

  it.each([
    ['shared', 1],
    ['principal', 2],
  ])("asks on the process that callers use where it is anybody's: %s", async (policy, processes) => {
    await using gateway = await startGateway({ servers: { it: { ...runs(HOSTILE_SERVER), policy } } });
    await fetch(`${gateway.url}/api/it/count?sessionId=caller`, { method: 'POST' });
    expect(toolsOf(await documentOf(gateway), 'it')).toContain('echo');
    expect(gateway.pids()).toHaveLength(processes);
  });

  it('leaves out a server that cannot be asked, reports it once, and has all the others', async () => {
    await using gateway = await startGateway({
      servers: {
        good: runs(HOSTILE_SERVER),
        crashing: runs(HOSTILE_SERVER, '--exit-on-start=3'),
        dying: runs(HOSTILE_SERVER, '--crash-after=1'),
        missing: { command: 'no-such-command-anywhere' },
        mute: { ...runs(HOSTILE_SERVER, '--never-init'), startTimeoutMs: 300 },
      },
    });
    const document = await documentOf(gateway);
    expect(toolsOf(document, 'good')).toContain('echo');
    for (const server of ['crashing', 'dying', 'missing', 'mute'])
      expect([server, toolsOf(document, server)]).toEqual([server, []]);
    await documentOf(gateway);
    const failed = gateway.events.flatMap((event) =>
      event.type === 'catalog.failed' ? [`${event.server}: ${event.why}`] : [],
    );
    expect(failed.toSorted()).toEqual([
      'crashing: The server process could not be started.',
      'dying: The server process ended before it answered.',
      'missing: The server process could not be started.',
      'mute: The server process did not answer initialize in time.',
    ]);
    await groupsGone(gateway.pids());
  });

  it('[fault 46] has all pages, ends at a cursor that comes back, and names nothing twice', async () => {
    await using gateway = await startGateway({
      servers: {
        paged: runs(HOSTILE_SERVER, '--page-size=2', '--tools-extra=9'),
        looping: runs(HOSTILE_SERVER, '--loop-cursor'),
      },
    });
    const asked: string[] = [];
    gateway.gateway.events.subscribe(
      (event) => {
        if (event.type !== 'message' || event.direction !== 'to-server') return;
        if (Buffer.concat(event.bytes).includes('tools/list')) asked.push(event.server);
      },
      { messages: true },
    );
    const document = await documentOf(gateway);
    expect(asked.filter((server) => server === 'looping')).toHaveLength(2);
    const plain = toolsOf(document, 'looping').length;
    expect(plain).toBeGreaterThan(15);
    expect(toolsOf(document, 'paged')).toHaveLength(plain + 9);
    const ids = Object.values(document.paths).flatMap(({ post }) => post?.operationId ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('[fault 46] cuts a server off that lists tens of thousands of tools, and stays quick for everyone else', async () => {
    await using gateway = await startGateway({
      servers: { endless: runs(HOSTILE_SERVER, '--tools-extra=12000') },
    });
    const document = documentOf(gateway);
    const beat = await fetch(`${gateway.url}/healthz`);
    expect(beat.status).toBe(200);
    expect(toolsOf(await document, 'endless').length).toBeLessThanOrEqual(10_000);
  });

  it('paths in it work as they stand', async () => {
    await using gateway = await startGateway({ servers: { one: runs(HOSTILE_SERVER) } });
    const { paths } = await documentOf(gateway);
    const path = Object.keys(paths).find((each) => each.endsWith('/count'));
    const called = await fetch(`${gateway.url}${path}?sessionId=x`, { method: 'POST' });
    expect(await called.json()).toEqual({ content: [{ type: 'text', text: '1' }] });
  });
});
