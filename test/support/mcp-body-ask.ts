import { expect, it } from 'vitest';
import { type Json, jsonOf, type Open, textOf } from './mcp-body-client.ts';
import { sharedClient } from './mcp-body-shared.ts';
import type { Traits } from './mcp-body-traits.ts';

const SAID = {
  role: 'assistant',
  model: 'tiny',
  stopReason: 'endTurn',
  content: { type: 'text', text: 'Paris — 😀' },
};

export function askBody(open: Open, traits: Traits): void {
  const asked: Json[] = [];
  let answer: (params: Json) => Json = nothing;
  const record = (params: Json): Json => {
    asked.push(params);
    return answer(params);
  };
  const roots = [{ uri: 'file:///home/ada', name: 'home' }, { uri: 'file:///tmp/%C3%A9' }];
  const client = sharedClient(open, { sampling: record, elicitation: record, roots: () => roots });
  const mute = sharedClient(open);

  it('carries a sampling request and its answer', async () => {
    answer = () => SAID;
    expect(jsonOf(await client().callTool('sample', { prompt: 'capital?' }))).toEqual(SAID);
    expect(asked.at(-1)).toMatchObject({
      messages: [{ role: 'user', content: { type: 'text', text: 'capital?' } }],
      systemPrompt: 'Be brief.',
      modelPreferences: { hints: [{ name: 'small' }], speedPriority: 0.5 },
      temperature: 0.5,
      maxTokens: 100,
      stopSequences: ['END'],
      metadata: { tag: 'capital?' },
    });
  });

  it('carries sampling with tools and a tool use', async () => {
    const content = { type: 'tool_use', id: 'u1', name: 'weather', input: { city: 'Paris' } };
    answer = () => ({ role: 'assistant', model: 'tiny', stopReason: 'toolUse', content });
    const result = jsonOf(await client().callTool('sampleTools', { prompt: 'weather?' }));
    expect(result).toMatchObject({ stopReason: 'toolUse', content });
    expect(asked.at(-1)).toMatchObject({
      tools: [{ name: 'weather', inputSchema: { type: 'object', properties: { city: { type: 'string' } } } }],
      toolChoice: { mode: 'required' },
    });
  });

  it('gives each of three questions its own answer', async () => {
    answer = (params) => {
      const [message] = params['messages'] as { content: { text: string } }[];
      return { ...SAID, content: { type: 'text', text: `to ${message?.content.text}` } };
    };
    expect(jsonOf(await client().callTool('sampleThree', { prompt: 'q' }))).toEqual([
      'to q-a',
      'to q-b',
      'to q-c',
    ]);
  });

  it("carries the client's error to the server", async () => {
    answer = () => {
      throw Object.assign(new Error('user rejected sampling'), { code: -1 });
    };
    const call = client().callTool('sample', { prompt: 'no' });
    if (!traits.carriesRefusals && traits.client === 'legacy')
      return expect(await call).toMatchObject({ isError: true });
    // A modern client does not get as far as the server: its own SDK rejects.
    await expect(call).rejects.toMatchObject({
      code: -1,
      message: expect.stringContaining('user rejected sampling'),
    });
  });

  it.each([
    { action: 'accept', content: { name: 'Ada é', age: 36 } },
    { action: 'decline' },
    { action: 'cancel' },
  ])('carries an elicitation answered with $action', async (given) => {
    answer = () => given;
    expect(jsonOf(await client().callTool('elicit', { message: 'Who?' }))).toEqual(given);
    expect(asked.at(-1)).toMatchObject({
      mode: 'form',
      message: 'Who?',
      requestedSchema: {
        type: 'object',
        properties: { name: { type: 'string', minLength: 1 }, age: { type: 'integer', minimum: 0 } },
        required: ['name'],
      },
    });
  });

  it('carries an elicitation in URL mode and its completion', async () => {
    answer = () => ({ action: 'accept' });
    const url = 'https://example.com/sign?in=%C3%A9&x=1#y';
    const result = jsonOf(await client().callTool('elicitUrl', { url, elicitationId: 'e-1' }));
    expect(result).toEqual({ action: 'accept' });
    const question = { mode: 'url', message: 'Please visit.', url };
    expect(asked.at(-1)).toMatchObject(question);
    if (traits.client === 'modern') return expect(asked.at(-1)).not.toHaveProperty('elicitationId');
    // A modern server has no name for the question; clients of 2025-11-25 need one.
    const elicitationId = traits.hasLegacyTools ? 'e-1' : expect.stringMatching(/^[\da-f-]{36}$/);
    expect(asked.at(-1)).toMatchObject({ elicitationId });
    if (traits.hasLegacyTools)
      expect(await client().wire.notified('notifications/elicitation/complete')).toEqual({
        elicitationId: 'e-1',
      });
  });

  it('carries the error that demands an URL first', async () => {
    const url = 'https://example.com/first';
    answer = () => ({ action: 'accept' });
    const call = client().callTool('urlRequired', { url, elicitationId: 'e-2' });
    if (traits.client === 'legacy' && traits.hasLegacyTools)
      return expect(call).rejects.toMatchObject({
        code: -32042,
        data: { elicitations: [{ mode: 'url', message: 'Sign in.', url, elicitationId: 'e-2' }] },
      });
    // The legacy server demands it again each time, until the client has enough.
    if (traits.hasLegacyTools) await expect(call).rejects.toThrow(/rounds/i);
    else expect(jsonOf(await call)).toEqual({ action: 'accept' });
    expect(asked.at(-1)).toMatchObject({ mode: 'url', message: 'Sign in.', url });
  });

  it('carries roots and tells of their change', async () => {
    expect(jsonOf(await client().callTool('roots'))).toEqual({ roots });
    roots.push({ uri: 'file:///new' });
    if (traits.client === 'legacy') await client().sendRootsListChanged();
    if (traits.hasLegacyTools)
      expect(jsonOf(await client().callTool('rootsChanges'))).toBe(traits.client === 'legacy' ? 1 : 0);
    expect(jsonOf(await client().callTool('roots'))).toEqual({ roots });
  });

  it.each(['sample', 'elicit', 'roots'])('fails %s for a client that declared nothing', async (tool) => {
    const call = mute().callTool(tool, { prompt: 'p', message: 'm' });
    if (traits.mute === 'isError') expect(await call).toMatchObject({ isError: true });
    else await expect(call).rejects.toMatchObject(traits.mute);
    expect(textOf(await mute().callTool('text'))).toBe('plain');
  });
}

function nothing(): Json {
  return {};
}
