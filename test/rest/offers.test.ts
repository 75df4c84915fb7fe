import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { ERAS, FULL, inSession, type RestGateway, startRest } from './rest-support.ts';

let gateway: RestGateway;
beforeAll(async () => {
  gateway = await startRest({
    servers: {
      ...FULL,
      narrowed: { ...FULL.legacy, tools: { allow: ['e*'], deny: ['elicit*'] } },
      bare: runs(HOSTILE_SERVER),
      broken: runs(HOSTILE_SERVER, '--exit-on-start=3'),
    },
  });
});
afterAll(() => gateway.stop());

describe.each(ERAS)('what a server of the %s era offers', (era) => {
  it('is told of the server itself', async () => {
    const { status, headers, json } = await gateway.get(`/api/${era}`);
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^application\/json/)]);
    expect(json).toMatchObject({
      name: era,
      serverInfo: { name: expect.stringMatching(/^full-v/), version: expect.stringMatching(/^\d/) },
      instructions: 'Use everything. Tout — 全部 — 😀.',
      capabilities: { tools: {}, prompts: {}, resources: {} },
    });
  });

  it('is all of its tools, over all pages, as the server describes them', async () => {
    const { json } = await gateway.get(`/api/${era}/tools`);
    expect(Object.keys(json)).toEqual(['tools']);
    const names = json.tools.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['text', 'structured', 'count', 'elicit']));
    expect(names.length).toBeGreaterThan(20);
    expect(json.tools[0]).toEqual({
      name: 'text',
      title: 'Text',
      description: 'The text tool.',
      inputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    });
  });

  it('is its resources, templates and prompts', async () => {
    const { resources } = (await gateway.get(`/api/${era}/resources`)).json;
    expect(resources).toHaveLength(4);
    expect(resources[1]).toMatchObject({ uri: 'full://blob', mimeType: 'application/octet-stream' });
    expect((await gateway.get(`/api/${era}/resource-templates`)).json).toEqual({
      resourceTemplates: [
        { uriTemplate: 'full://user/{id}', name: 'user', title: 'A user', mimeType: 'application/json' },
      ],
    });
    const { prompts } = (await gateway.get(`/api/${era}/prompts`)).json;
    expect(prompts.map(({ name }: { name: string }) => name)).toEqual(['plain', 'greet', 'embedded']);
  });

  it('is a text as JSON, or as itself to who asks for it', async () => {
    const path = `/api/${era}/resources/read?uri=${encodeURIComponent('full://text')}`;
    const json = await gateway.get(path);
    expect(json.headers.get('content-type')).toMatch(/^application\/json/);
    expect(json.json).toEqual({
      contents: [{ uri: 'full://text', mimeType: 'text/plain', text: 'The text — 😀.' }],
    });
    const text = await gateway.get(path, { accept: 'text/*' });
    expect([text.status, text.headers.get('content-type'), text.text]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'The text — 😀.',
    ]);
    expect(text.headers.get('content-security-policy')).toContain('sandbox');
    expect(text.headers.get('x-content-type-options')).toBe('nosniff');
    const none = await gateway.get(path, { accept: 'image/png' });
    expect([none.status, none.json.code]).toEqual([406, 'NO_SUCH_CONTENT']);
  });

  it('is a binary resource under its own type, or as JSON to who asks for that', async () => {
    const path = `/api/${era}/resources/read?uri=full://blob`;
    const bytes = await gateway.get(path);
    expect([bytes.status, bytes.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
    expect(bytes.bytes).toEqual(Buffer.from('AP+A/w==', 'base64'));
    expect((await gateway.get(path, { accept: 'application/json, */*' })).json).toEqual({
      contents: [{ uri: 'full://blob', mimeType: 'application/octet-stream', blob: 'AP+A/w==' }],
    });
  });

  it('is a resource of a template', async () => {
    const { json } = await gateway.get(`/api/${era}/resources/read?uri=full://user/ada`);
    expect(json.contents[0]).toMatchObject({ text: '{"id":"ada"}' });
  });

  it('is a prompt with its arguments', async () => {
    const { status, json } = await gateway.post(`/api/${era}/prompts/greet`, { name: 'Ada', language: 'el' });
    expect([status, Object.keys(json)]).toEqual([200, ['description', 'messages']]);
    expect(json.messages[0].content.text).toBe('Greet Ada in el.');
  });

  it('is a completion', async () => {
    const { json } = await gateway.post(`/api/${era}/completion/complete`, {
      ref: { type: 'ref/prompt', name: 'greet' },
      argument: { name: 'language', value: 'e' },
      context: { arguments: { name: 'x-' } },
    });
    expect(json).toEqual({ completion: { values: ['x-el', 'x-en', 'x-es'], total: 3, hasMore: false } });
  });

  it.each([
    ['GET', 'resources/read?uri=full://nothing', undefined, 404, 'RESOURCE_UNKNOWN'],
    ['GET', 'resources/read', undefined, 400, 'INVALID_ARGUMENTS'],
    ['POST', 'prompts/nothing', {}, 404, 'PROMPT_UNKNOWN'],
    ['POST', 'prompts/greet', {}, 400, 'INVALID_ARGUMENTS'],
    ['POST', 'prompts/greet', '[]', 400, 'INVALID_ARGUMENTS'],
    ['POST', 'prompts/greet', '{"a":1}}', 400, 'PARSE'],
    [
      'POST',
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'no', value: '' } },
      400,
      'INVALID_ARGUMENTS',
    ],
  ])('answers %s %s with %o by %i %s', async (method, path, body, status, code) => {
    const url = `/api/${era}/${path}`;
    const answer = method === 'GET' ? await gateway.get(url) : await gateway.post(url, body);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it('can be looked at in a session, which then is the same process', async () => {
    const session = inSession();
    const before = gateway.pids().length;
    expect((await gateway.get(`/api/${era}/tools${session}`)).status).toBe(200);
    expect((await gateway.post(`/api/${era}/count${session}`)).json.content[0].text).toMatch(/^\d+$/);
    expect((await gateway.get(`/api/${era}/prompts${session}`)).status).toBe(200);
    expect(gateway.pids().length - before).toBeLessThanOrEqual(1);
  });
});

describe('words and names', () => {
  it('posts to a tool that is called like a list, and gets the list', async () => {
    expect((await gateway.post(`/api/bare/tools${inSession()}`)).json.code).toBe('TOOL_UNKNOWN');
    expect((await gateway.post(`/api/legacy/prompts${inSession()}`)).json.code).toBe('TOOL_UNKNOWN');
    expect((await gateway.get('/api/bare/tools')).json.tools.length).toBeGreaterThan(3);
  });

  it('lists only tools that may be used', async () => {
    const { json } = await gateway.get('/api/narrowed/tools');
    expect(json.tools.map(({ name }: { name: string }) => name).toSorted()).toEqual(
      ['echo', 'embeddedBlob', 'embeddedText', 'empty'].toSorted(),
    );
  });

  it('lists nothing where a server knows no such thing', async () => {
    expect((await gateway.get('/api/bare/resource-templates')).json).toEqual({ resourceTemplates: [] });
  });

  it.each([
    ['/api/nobody', 404, 'SERVER_UNKNOWN'],
    ['/api/nobody/tools', 404, 'SERVER_UNKNOWN'],
    ['/api/broken/tools', 502, 'START_FAILED'],
    ['/api/legacy/tools?sessionId=a%20b', 400, 'SESSION_INVALID'],
    ['/api/legacy/echo', 405, 'METHOD_NOT_ALLOWED'],
  ])('answers %s with %i %s', async (path, status, code) => {
    const answer = await gateway.get(path);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });
});
