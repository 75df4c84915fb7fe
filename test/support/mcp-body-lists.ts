import { expect, it } from 'vitest';
import type { Open, OpenedClient } from './mcp-body-client.ts';
import { sharedClient } from './mcp-body-shared.ts';
import { named, type Traits } from './mcp-body-traits.ts';

export function listBody(open: Open, traits: Traits): void {
  const client = sharedClient(open);

  it('pages through the tools', async () => {
    const pages = await toolPages(client());
    const names = pages.flat();
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.slice(0, -1).map((page) => page.length)).toEqual(pages.slice(0, -1).map(() => 10));
    expect(new Set(names).size).toBe(names.length);
    expect(names.slice(0, 3)).toEqual(['text', 'image', 'audio']);
    expect(names).toContain('sampleThree');
    expect(names.includes('pingClient')).toBe(traits.hasLegacyTools);
  });

  it('lists a tool with all it says', async () => {
    const { tools } = await client().listTools();
    expect(tools.find((tool) => tool.name === 'text')).toEqual({
      name: 'text',
      title: 'Text',
      description: 'The text tool.',
      inputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    });
    expect(tools.find((tool) => tool.name === 'structured')?.outputSchema).toEqual({
      type: 'object',
      properties: { sum: { type: 'integer' }, parts: { type: 'array', items: { type: 'integer' } } },
      required: ['sum', 'parts'],
    });
  });

  it('refuses a cursor the server does not know', async () => {
    await expect(client().listTools('from:nowhere')).rejects.toMatchObject({ code: -32602 });
  });

  it('tells that the tools changed, and lists the new one', async () => {
    await client().callTool('change', { what: 'tools', name: 'late' });
    await client().wire.notified('notifications/tools/list_changed');
    expect((await toolPages(client())).flat()).toContain('late');
  });

  it.each(['resources', 'prompts'])('tells that the %s changed', async (what) => {
    await client().callTool('change', { what });
    await client().wire.notified(`notifications/${what}/list_changed`);
  });

  it('lists prompts with their arguments', async () => {
    const { prompts } = await client().listPrompts();
    expect(prompts.map((prompt) => prompt.name)).toEqual(['plain', 'greet', 'embedded']);
    expect(prompts[1]).toEqual({
      name: 'greet',
      title: 'Greeting',
      description: 'Two arguments.',
      arguments: [
        { name: 'name', description: 'Whom', required: true },
        { name: 'language', description: 'How', required: false },
      ],
    });
  });

  it('gets a prompt without arguments', async () => {
    const messages = [{ role: 'user', content: { type: 'text', text: 'Say hello.' } }];
    expect(await client().getPrompt('plain')).toEqual(
      named({ description: 'No arguments.', messages }, traits),
    );
  });

  it('gets a prompt with arguments, of two roles', async () => {
    const { messages } = await client().getPrompt('greet', { name: 'Zoë', language: 'fr' });
    expect(messages).toEqual([
      { role: 'user', content: { type: 'text', text: 'Greet Zoë in fr.' } },
      { role: 'assistant', content: { type: 'text', text: 'With pleasure.' } },
    ]);
  });

  it('gets a prompt that embeds a resource', async () => {
    const resource = { uri: 'full://text', mimeType: 'text/plain', text: 'The text — 😀.' };
    const { messages } = await client().getPrompt('embedded');
    expect(messages).toEqual([{ role: 'user', content: { type: 'resource', resource } }]);
  });

  it.each([
    { name: 'greet', why: 'Missing argument: name' },
    { name: 'nobody', why: 'Unknown prompt: nobody' },
  ])('refuses the prompt $name: $why', async ({ name, why }) => {
    await expect(client().getPrompt(name)).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining(why),
    });
  });

  it('completes a prompt argument', async () => {
    const { completion } = await client().complete({
      ref: { type: 'ref/prompt', name: 'greet' },
      argument: { name: 'language', value: 'e' },
    });
    expect(completion).toEqual({ values: ['el', 'en', 'es'], total: 3, hasMore: false });
  });

  it('completes a template variable', async () => {
    const { completion } = await client().complete({
      ref: { type: 'ref/resource', uri: 'full://user/{id}' },
      argument: { name: 'id', value: 'a' },
    });
    expect(completion).toEqual({ values: ['ada', 'alan'], total: 2, hasMore: true });
  });

  it('completes with the arguments that are already chosen', async () => {
    const { completion } = await client().complete({
      ref: { type: 'ref/prompt', name: 'greet' },
      argument: { name: 'language', value: 'd' },
      context: { arguments: { name: 'Zoë:' } },
    });
    expect(completion.values).toEqual(['Zoë:de']);
  });
}

async function toolPages(client: OpenedClient): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const { tools, nextCursor } = await client.listTools(cursor);
    pages.push(tools.map((tool) => tool.name));
    cursor = nextCursor;
  } while (cursor !== undefined);
  return pages;
}
