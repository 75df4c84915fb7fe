import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERAS, eventsIn, FULL, inSession, type RestGateway, startRest } from './rest-support.ts';

let gateway: RestGateway;
beforeAll(async () => {
  gateway = await startRest({ rest: { sessions: 'optional' } });
});
afterAll(() => gateway.stop());

const STREAM = { accept: 'text/event-stream' };

describe.each(ERAS)('the answer of a server of the %s era', (era) => {
  const call = (tool: string, args: object, headers: Record<string, string>, query = inSession()) =>
    gateway.post(`/api/${era}/${tool}${query}`, args, headers);

  it.each([
    'application/json',
    'application/json, text/event-stream',
    'application/json, text/plain, */*',
    'text/html, */*;q=0.1',
    'application/*',
  ])('is the result as JSON for Accept: %s', async (accept) => {
    const { status, headers, json } = await call('text', {}, { accept });
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^application\/json/)]);
    expect(json).toEqual({ content: [{ type: 'text', text: 'plain' }] });
  });

  it('is its text alone for text/plain', async () => {
    const answer = await call('annotated', {}, { accept: 'text/plain' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(answer.text).toBe('first\nsecond');
    expect((await call('empty', {}, { accept: 'text/plain' })).text).toBe('');
    expect((await call('unicode', {}, { accept: 'text/plain' })).text).toContain(
      '👩‍👩‍👧 \u2028\u2029 \u0000\u001f "quotes" \\',
    );
  });

  it('is the bytes of its image or sound', async () => {
    const image = await call('image', {}, { accept: 'image/*' });
    expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(image.bytes.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
    expect(image.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    const sound = await call('audio', {}, { accept: 'audio/wav, application/json;q=0.5' });
    expect([sound.headers.get('content-type'), sound.text.slice(0, 4)]).toEqual(['audio/wav', 'RIFF']);
    const json = await call('image', {}, { accept: 'audio/*, application/json;q=0.1' });
    expect(json.json.content[0].type).toBe('image');
  });

  it('is 406 with the result where it has nothing of that type', async () => {
    const { status, headers, json } = await call('text', {}, { accept: 'image/png' });
    expect([status, headers.get('content-type')]).toEqual([406, 'application/problem+json']);
    expect(json).toMatchObject({ code: 'NO_SUCH_CONTENT', result: { content: [{ text: 'plain' }] } });
    expect((await call('image', {}, { accept: 'text/plain' })).status).toBe(406);
  });

  it('tells by its status that a tool failed, where its type cannot', async () => {
    const text = await call('failing', {}, { accept: 'text/plain' });
    expect([text.status, text.json.code, text.json.result.isError]).toEqual([422, 'TOOL_FAILED', true]);
    expect(text.json.detail).toContain('it went wrong');
    const json = await call('failing', {}, { accept: 'application/json' });
    expect([json.status, json.json.isError]).toEqual([200, true]);
  });

  it('is the same problem however it is asked for', async () => {
    for (const accept of ['text/plain', 'image/png', 'application/json;q=0.5']) {
      const { status, json } = await call('nothing-like-it', {}, { accept });
      expect([status, json.code]).toEqual([404, 'TOOL_UNKNOWN']);
    }
  });

  it('is a stream of its progress, then its result', async () => {
    for (const query of [inSession(), '']) {
      const { status, headers, text } = await call('progress', { steps: 3, label: 'step' }, STREAM, query);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
      expect(eventsIn(text)).toEqual([
        ...[1, 2, 3].map((progress) => ({
          event: 'progress',
          data: { progress, total: 3, message: `step ${progress}` },
        })),
        { event: 'result', data: { content: [{ type: 'text', text: 'step done' }] } },
      ]);
    }
  });

  it('is a stream of its log messages', async () => {
    for (const query of [inSession(), '']) {
      const { text } = await call('log', { level: 'warning', data: { a: [1] } }, STREAM, query);
      expect(eventsIn(text)).toEqual([
        { event: 'log', data: { level: 'warning', logger: 'full', data: { a: [1] } } },
        { event: 'result', data: { content: [{ type: 'text', text: 'logged' }] } },
      ]);
    }
  });

  it('is a stream that ends with what went wrong once the server had the call', async () => {
    const refused = await call('refuse', { code: -32050, message: 'odd', data: { why: 1 } }, STREAM);
    expect(refused.status).toBe(200);
    expect(eventsIn(refused.text)).toEqual([
      {
        event: 'error',
        data: expect.objectContaining({
          code: 'SERVER_ERROR',
          status: 502,
          detail: expect.stringContaining('odd'),
        }),
      },
    ]);
    const unknown = await call('nothing-like-it', {}, STREAM);
    expect(eventsIn(unknown.text)[0]?.data.code).toBe('TOOL_UNKNOWN');
  });

  it('is an ordinary problem where nothing was begun', async () => {
    const answer = await gateway.post(`/api/${era}/text?sessionId=a%20b`, {}, STREAM);
    expect([answer.status, answer.json.code]).toEqual([400, 'SESSION_INVALID']);
  });

  it('cancels the call when its reader goes', async () => {
    const abort = new AbortController();
    const query = inSession();
    const response = await fetch(`${gateway.url}/api/${era}/hang${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...STREAM },
      body: JSON.stringify({ key: query }),
      signal: abort.signal,
    });
    await response.body?.getReader().read();
    abort.abort();
    expect((await call('abortOf', { key: query }, {}, query)).json.content[0].text).not.toBe('');
  });

  it('comes without a session, from a process that the same caller meets again', async () => {
    const before = Number((await call('count', {}, {}, '?sessionId=')).json.content[0].text);
    expect(Number((await call('count', {}, { accept: 'text/plain' }, '')).text)).toBe(before + 1);
    expect(Number((await call('count', {}, STREAM, '')).text.match(/"text":"(\d+)"/)?.[1])).toBe(before + 2);
  });

  it('comes within the time that the caller gives it, or not at all', async () => {
    const quick = await call('text', {}, { prefer: 'wait=20' });
    expect([quick.status, quick.headers.get('preference-applied')]).toEqual([200, 'wait=20']);
    for (const query of [inSession(), '']) {
      const key = `late${query}${era}`;
      const late = await call('hang', { key }, { prefer: 'wait=1' }, query);
      expect([late.status, late.json.code]).toEqual([504, 'CALL_TIMEOUT']);
      expect((await call('abortOf', { key }, {}, query)).status).toBe(200);
    }
  });

  it('ignores preferences that it does not understand', async () => {
    for (const prefer of [
      'wait=soon',
      'wait=0',
      'handling=lenient',
      ';;,=,"',
      'wait="1',
      'return=minimal, x',
    ]) {
      expect((await call('text', {}, { prefer })).status).toBe(200);
    }
  });
});

describe('calls without a session', () => {
  it('are refused unless they are optional', async () => {
    await using strict = await startRest();
    const answer = await strict.post('/api/legacy/text', {}, { accept: 'text/plain' });
    expect([answer.status, answer.json.code]).toEqual([400, 'SESSION_MISSING']);
  });

  it('share nothing between principals, and nothing at all among the anonymous', async () => {
    await using guarded = await startRest({
      servers: { legacy: FULL.legacy },
      rest: { sessions: 'optional' },
      auth: { anonymous: true, bearer: { tokens: ['ada-ada-ada-ada-ada', 'bob-bob-bob-bob-bob'] } },
    });
    const count = async (token?: string) => {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await guarded.post('/api/legacy/count', {}, headers)).json.content[0].text;
    };
    expect(await count('ada-ada-ada-ada-ada')).toBe('1');
    expect(await count('ada-ada-ada-ada-ada')).toBe('2');
    expect(await count('bob-bob-bob-bob-bob')).toBe('1');
    expect([await count(), await count()]).toEqual(['1', '1']);
  });

  it('are narrowed as all others', async () => {
    await using narrowed = await startRest({
      servers: { legacy: { ...FULL.legacy, tools: { allow: ['echo'] } } },
      rest: { sessions: 'optional' },
    });
    expect((await narrowed.post('/api/legacy/echo', { a: 1 })).status).toBe(200);
    const refused = await narrowed.post('/api/legacy/text', {}, STREAM);
    expect([refused.status, refused.json.code]).toEqual([404, 'TOOL_UNKNOWN']);
  });
});
