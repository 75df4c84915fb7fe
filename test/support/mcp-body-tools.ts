import { expect, it } from 'vitest';
import { type Json, jsonOf, type Open, textOf } from './mcp-body-client.ts';
import { sharedClient } from './mcp-body-shared.ts';
import { named, type Traits } from './mcp-body-traits.ts';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const MEGABYTE = 1_048_576;

const RESULTS: { tool: string; result: Json }[] = [
  { tool: 'text', result: { content: [{ type: 'text', text: 'plain' }] } },
  { tool: 'image', result: { content: [{ type: 'image', data: PNG, mimeType: 'image/png' }] } },
  {
    tool: 'audio',
    result: {
      content: [
        {
          type: 'audio',
          data: 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=',
          mimeType: 'audio/wav',
        },
      ],
    },
  },
  {
    tool: 'link',
    result: {
      content: [
        {
          type: 'resource_link',
          uri: 'full://text',
          name: 'text',
          title: 'A link',
          description: 'Follow me.',
          mimeType: 'text/plain',
          size: 5,
        },
      ],
    },
  },
  {
    tool: 'embeddedText',
    result: {
      content: [
        { type: 'resource', resource: { uri: 'full://text', mimeType: 'text/plain', text: 'inside' } },
      ],
    },
  },
  {
    tool: 'embeddedBlob',
    result: {
      content: [{ type: 'resource', resource: { uri: 'full://blob', mimeType: 'image/png', blob: PNG } }],
    },
  },
  {
    tool: 'annotated',
    result: {
      content: [
        {
          type: 'text',
          text: 'first',
          annotations: { audience: ['user'], priority: 0.25, lastModified: '2025-11-25T00:00:00Z' },
          _meta: { 'example.com/part': 1 },
        },
        { type: 'text', text: 'second' },
      ],
      _meta: { 'example.com/result': { nested: [1, null, 'x'] } },
    },
  },
  { tool: 'empty', result: { content: [] } },
  { tool: 'failing', result: { content: [{ type: 'text', text: 'it went wrong' }], isError: true } },
];

export function toolBody(open: Open, traits: Traits): void {
  const client = sharedClient(open);

  it.each(RESULTS)('returns the result of $tool as it is', async ({ tool, result }) => {
    expect(await client().callTool(tool)).toEqual(named(result, traits));
  });

  it('returns every character as it is', async () => {
    const text = 'é 漢字 😀 👩‍👩‍👧 \u2028\u2029 \u0000\u001f "quotes" \\ \ud83d\ude80 e\u0301 \r\n\t end';
    expect(textOf(await client().callTool('unicode'))).toBe(text);
  });

  it('returns structured content that its schema allows', async () => {
    await client().listTools();
    const result = await client().callTool('structured', { a: 2, b: -5 });
    expect(result.structuredContent).toEqual({ sum: -3, parts: [2, -5] });
    expect(jsonOf(result)).toEqual({ sum: -3, parts: [2, -5] });
  });

  it('returns a megabyte of text', async () => {
    const text = textOf(await client().callTool('big', { bytes: MEGABYTE }));
    expect(text.length).toBe(MEGABYTE);
    expect(text === '0123456789abcdef'.repeat(MEGABYTE / 16)).toBe(true);
  });

  it('carries a megabyte of arguments', async () => {
    const text = 'é'.repeat(MEGABYTE / 2);
    const echoed = jsonOf(await client().callTool('echo', { text }));
    expect((echoed as { text: string }).text === text).toBe(true);
  });

  it('carries arguments of every JSON type', async () => {
    const args = {
      'a key with spaces': [1, 1.5, -0.25, 1e21, null, true, '', 'é\n\u2028😀'],
      nested: { deep: [{ deeper: {} }, []] },
    };
    expect(textOf(await client().callTool('echo', args))).toBe(JSON.stringify(args));
  });

  it('needs no arguments', async () => {
    expect(jsonOf(await client().callTool('echo'))).toEqual({});
  });

  it('carries the _meta of a call', async () => {
    const meta = { 'example.com/trace': { id: 'x', hops: [1, 2] }, traceparent: '00-0-0-01' };
    expect(jsonOf(await client().callTool('meta', {}, { meta }))).toEqual(meta);
    expect(jsonOf(await client().callTool('meta'))).toBeNull();
  });

  it('keeps the state of the process between calls', async () => {
    const first = Number(textOf(await client().callTool('count')));
    if (traits.processPerClient) expect(first).toBe(1);
    for (const more of [1, 2]) expect(textOf(await client().callTool('count'))).toBe(String(first + more));
  });

  it('runs twenty calls at once and answers each with its own, in any order', async () => {
    const values = Array.from({ length: 20 }, (_, n) => `value ${n}`);
    const calls = values.map((value) => client().callTool('meet', { room: 'twenty', count: 20, value }));
    expect((await Promise.all(calls)).map(textOf)).toEqual(values);
  });
}
