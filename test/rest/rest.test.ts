import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupsGone, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      echo: runs(HOSTILE_SERVER),
      brief: { ...runs(HOSTILE_SERVER), callTimeoutMs: 150, maxCallMs: 300 },
      broken: runs(HOSTILE_SERVER, '--exit-on-start=3'),
      missing: { command: 'no-such-command-anywhere' },
      mute: { ...runs(HOSTILE_SERVER, '--never-init'), startTimeoutMs: 300 },
      narrowed: { ...runs(HOSTILE_SERVER), tools: { allow: ['c*', 'pid'], deny: ['crash'] } },
    },
  });
});
afterAll(() => gateway.stop());

function call(path: string, body: string | undefined = '{}', init: RequestInit = {}): Promise<Response> {
  return fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    ...init,
  });
}

async function textOf(response: Response): Promise<string> {
  expect(response.status).toBe(200);
  return ((await response.json()) as { content: { text: string }[] }).content[0]?.text ?? '';
}

describe('a tool over REST', () => {
  it('is called in a session from /api/sessionid, the result as the server wrote it', async () => {
    const { sessionId } = (await (await fetch(`${gateway.url}/api/sessionid`)).json()) as {
      sessionId: string;
    };
    const response = await call(
      `/api/echo/echo?sessionId=${sessionId}`,
      '{"big":9007199254740993, "one":1.0}',
    );
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await textOf(response)).toBe('{"big":9007199254740993, "one":1.0}');
  });

  it('takes any id the caller makes up, keeps state under it, and another id is another process', async () => {
    const pids = await Promise.all(
      ['one', 'one', 'two'].map(async (id) => textOf(await call(`/api/echo/pid?sessionId=made-up-${id}`))),
    );
    expect(pids[0]).toBe(pids[1]);
    expect(pids[2]).not.toBe(pids[0]);
  });

  it('answers concurrent calls of one session from one process', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        textOf(await call('/api/echo/echo?sessionId=many', `{"n":${n}}`)),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, n) => `{"n":${n}}`));
  });

  it('needs no body and no content type for a tool without arguments', async () => {
    const response = await fetch(`${gateway.url}/api/echo/echo?sessionId=bare`, { method: 'POST' });
    expect(await textOf(response)).toBe('{}');
  });

  it('ends a session at once by DELETE, and knows it no more', async () => {
    const pid = Number(await textOf(await call('/api/echo/pid?sessionId=short')));
    expect((await fetch(`${gateway.url}/api/sessions/short`, { method: 'DELETE' })).status).toBe(204);
    await groupsGone([pid]);
    expect((await fetch(`${gateway.url}/api/sessions/short`, { method: 'DELETE' })).status).toBe(404);
  });

  it('answers 502 to what ran when the process died, one 410, and then starts afresh', async () => {
    const path = (tool: string): string => `/api/echo/${tool}?sessionId=doomed`;
    const before = await textOf(await call(path('pid')));
    const running = call(path('sleep'), '{"ms":60000}');
    await textOf(await call(path('count')));
    const [crash, slept] = await Promise.all([call(path('crash'), '{"code":1}'), running]);
    expect([crash.status, slept.status]).toEqual([502, 502]);
    expect(await slept.json()).toMatchObject({
      code: 'SERVER_EXITED',
      type: 'urn:mcp-gateway:server-exited',
    });
    const told = await call(path('pid'));
    expect([told.status, ((await told.json()) as { code: string }).code]).toEqual([410, 'SESSION_GONE']);
    expect(await textOf(await call(path('pid')))).not.toBe(before);
  });

  it('cancels a call that takes too long: 504, and the server is told', async () => {
    expect((await call('/api/brief/sleep?sessionId=slow', '{"ms":60000}')).status).toBe(504);
    expect(JSON.parse(await textOf(await call('/api/brief/cancelledIds?sessionId=slow')))).toHaveLength(1);
  });

  it('[fault 1] cancels when the caller hangs up', async () => {
    const abort = new AbortController();
    const hung = call('/api/echo/sleep?sessionId=hangs-up', '{"ms":60000}', { signal: abort.signal });
    await textOf(await call('/api/echo/pid?sessionId=hangs-up'));
    abort.abort();
    await expect(hung).rejects.toThrow();
    await gateway.event(
      'call.settled',
      ({ server, outcome }) => server === 'echo' && outcome === 'call-cancelled',
    );
    expect(JSON.parse(await textOf(await call('/api/echo/cancelledIds?sessionId=hangs-up')))).toHaveLength(1);
  });

  it('tells a server at once that a REST caller answers no questions', async () => {
    const answer = await textOf(
      await call('/api/echo/ask?sessionId=asked', '{"method":"elicitation/create","params":{}}'),
    );
    expect(answer).toContain('-32601');
    expect(
      await textOf(await call('/api/echo/ask?sessionId=asked', '{"method":"ping","params":{}}')),
    ).toContain('"result":{}');
  });
});

describe('a call that cannot be made', () => {
  it.each([
    [400, 'SESSION_MISSING', '/api/echo/pid', '{}'],
    [400, 'SESSION_INVALID', '/api/echo/pid?sessionId=a%20b', '{}'],
    [400, 'SESSION_INVALID', '/api/echo/pid?sessionId=a&sessionId=b', '{}'],
    [404, 'SERVER_UNKNOWN', '/api/nobody/pid?sessionId=new', '{}'],
    [404, 'SERVER_UNKNOWN', '/api/__proto__/pid?sessionId=new', '{}'],
    [404, 'TOOL_UNKNOWN', '/api/narrowed/echo?sessionId=new', '{}'],
    [404, 'TOOL_UNKNOWN', '/api/narrowed/crash?sessionId=new', '{}'],
    [400, 'PARSE', '/api/echo/pid?sessionId=new', '{'],
    [400, 'PARSE', '/api/echo/pid?sessionId=new', '{}},"method":"evil","x":{"y":{'],
    [400, 'INVALID_ARGUMENTS', '/api/echo/pid?sessionId=new', '[1]'],
    [400, 'INVALID_ARGUMENTS', '/api/echo/pid?sessionId=new', '5'],
    [400, 'TOO_DEEP', '/api/echo/pid?sessionId=new', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`],
  ])('answers %i %s to %s and starts nothing', async (status, code, path, body) => {
    const started = gateway.pids().length;
    const response = await call(path, body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({ code, status, title: expect.any(String), detail: expect.any(String) });
    expect(gateway.pids().length).toBe(started);
  });

  it.each([
    ['broken', 502, 'START_FAILED'],
    ['missing', 502, 'START_FAILED'],
    ['mute', 502, 'START_TIMEOUT'],
  ])('answers the start of %s with %i %s and keeps no session', async (server, status, code) => {
    const response = await call(`/api/${server}/x?sessionId=s`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
    await gateway.event('session.ended', (event) => event.server === server);
  });

  it.each([
    ['{"code":-32601,"message":"no"}', 404, 'TOOL_UNKNOWN'],
    ['{"code":-32602,"message":"bad"}', 400, 'INVALID_ARGUMENTS'],
    ['{"code":-32050,"message":"odd","data":{"why":1}}', 502, 'SERVER_ERROR'],
  ])('maps the server error %s to %i', async (args, status, code) => {
    const response = await call('/api/echo/refuse?sessionId=refused', args);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      code,
      detail: JSON.parse(args).message,
      error: JSON.parse(args),
    });
  });

  it('answers 404 where the server itself says the tool is unknown', async () => {
    expect((await call('/api/echo/nothing-like-it?sessionId=refused')).status).toBe(404);
  });
});
