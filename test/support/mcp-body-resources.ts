import { expect, it } from 'vitest';
import { type Open, updatesOf } from './mcp-body-client.ts';
import { sharedClient } from './mcp-body-shared.ts';
import type { Traits } from './mcp-body-traits.ts';

const UPDATED = 'notifications/resources/updated';

export function resourceBody(open: Open, traits: Traits): void {
  const client = sharedClient(open);

  it('lists resources', async () => {
    const { resources } = await client().listResources();
    expect(resources.map((resource) => resource.uri)).toEqual([
      'full://text',
      'full://blob',
      'full://watched',
      'full://other',
    ]);
    expect(resources[0]).toEqual({
      uri: 'full://text',
      name: 'text',
      description: 'The resource full://text.',
      mimeType: 'text/plain',
    });
  });

  it('lists templates', async () => {
    expect((await client().listResourceTemplates()).resourceTemplates).toEqual([
      { uriTemplate: 'full://user/{id}', name: 'user', title: 'A user', mimeType: 'application/json' },
    ]);
  });

  it.each([
    { uri: 'full://text', contents: { mimeType: 'text/plain', text: 'The text — 😀.' } },
    { uri: 'full://blob', contents: { mimeType: 'application/octet-stream', blob: 'AP+A/w==' } },
    { uri: 'full://user/a%2Fb', contents: { mimeType: 'application/json', text: '{"id":"a/b"}' } },
  ])('reads $uri', async ({ uri, contents }) => {
    expect((await client().readResource(uri)).contents).toEqual([{ uri, ...contents }]);
  });

  it('tells that a resource is missing', async () => {
    const uri = 'full://nothing';
    await expect(client().readResource(uri)).rejects.toMatchObject({ data: { uri } });
    // v2 shows the code of the modern era in its error, whatever came.
    const { error } = await client().wire.next((message) => message.error !== undefined);
    expect(error).toMatchObject({ code: traits.missingResource, data: { uri } });
  });

  it('delivers updates of subscribed resources only, and none after the subscription ended', async () => {
    await client().callTool('touch', { uri: 'full://watched' });
    await client().subscribe('full://watched');
    await client().subscribe('full://text');
    await client().callTool('touch', { uri: 'full://watched' });
    expect(await client().wire.notified(UPDATED)).toMatchObject({ uri: 'full://watched' });
    await client().unsubscribe('full://watched');
    await client().callTool('touch', { uri: 'full://watched' });
    await client().callTool('touch', { uri: 'full://other' });
    await client().callTool('touch', { uri: 'full://text' });
    await client().wire.notified(UPDATED, { uri: 'full://text' });
    expect(updatesOf(client(), traits)).toEqual(['full://watched', 'full://text']);
  });
}
