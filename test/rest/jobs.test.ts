import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERAS, FULL, inSession, type RestAnswer, type RestGateway, startRest } from './rest-support.ts';

let gateway: RestGateway;
beforeAll(async () => {
  gateway = await startRest({ rest: { sessions: 'optional' } });
});
afterAll(() => gateway.stop());

const LATER = { prefer: 'respond-async' };
/** The machine may be busy. */
const WITHIN = { timeout: 20_000 };
const TOKENS = ['ada-ada-ada-ada-ada', 'bob-bob-bob-bob-bob'];

/** Polls as a caller does, until the job does not run any more. */
async function fetched(location: string, headers: Record<string, string> = {}): Promise<RestAnswer> {
  let answer: RestAnswer | undefined;
  await expect
    .poll(
      async () => {
        answer = await gateway.get(location, headers);
        return answer.status === 202 && answer.json.status;
      },
      { timeout: 25_000 },
    )
    .not.toBe('running');
  return answer as unknown as RestAnswer;
}

describe.each(ERAS)('a job on a server of the %s era', (era) => {
  const call = (tool: string, args: object, headers: Record<string, string> = LATER, query = inSession()) =>
    gateway.post(`/api/${era}/${tool}${query}`, args, headers);

  it.each(['in a session', 'without one'])(
    'is told of at once, and its result is fetched later: %s',
    async (where) => {
      const query = where === 'without one' ? '' : inSession();
      const accepted = await call('text', {}, LATER, query);
      const location = accepted.headers.get('location') ?? '';
      expect(location).toMatch(new RegExp(`^/api/${era}/jobs/[0-9a-f]{38}$`));
      expect([accepted.status, accepted.json]).toEqual([202, { status: 'running', location }]);
      expect(accepted.headers.get('preference-applied')).toBe('respond-async');
      expect(accepted.headers.get('retry-after')).toBe('1');
      const { status, json } = await fetched(location);
      expect([status, json]).toEqual([200, { content: [{ type: 'text', text: 'plain' }] }]);
      expect((await gateway.get(location, { accept: 'text/plain' })).text).toBe('plain');
      expect((await gateway.delete(location)).status).toBe(204);
      const gone = await gateway.get(location);
      expect([gone.status, gone.json.code]).toEqual([404, 'JOB_UNKNOWN']);
    },
  );

  it('is fetched as any other answer: bytes, or what went wrong', async () => {
    const image = (await call('image', {})).headers.get('location') ?? '';
    expect((await fetched(image, { accept: 'image/png' })).headers.get('content-type')).toBe('image/png');
    const unknown = (await call('nothing-like-it', {})).headers.get('location') ?? '';
    const { status, json } = await fetched(unknown);
    expect([status, json.code]).toEqual([404, 'TOOL_UNKNOWN']);
  });

  it('needs no job where the answer comes in time', async () => {
    const answer = await call('text', {}, { prefer: 'respond-async, wait=25' });
    expect([answer.status, answer.json.content[0].text]).toEqual([200, 'plain']);
    expect(answer.headers.get('preference-applied')).toBe('wait=25');
    expect(answer.headers.get('location')).toBeNull();
    const late = await call('hang', { key: inSession() }, { prefer: 'respond-async, wait=1' });
    expect([late.status, late.headers.get('preference-applied')]).toEqual([202, 'respond-async, wait=1']);
    expect((await gateway.delete(late.headers.get('location') ?? '')).status).toBe(204);
  });

  it('tells how far it is, and is cancelled', async () => {
    const query = inSession();
    const key = `job${query}`;
    const location = (await call('hang', { key }, LATER, query)).headers.get('location') ?? '';
    await expect
      .poll(async () => (await gateway.get(location)).json.progress, WITHIN)
      .toEqual({ progress: 1 });
    expect((await gateway.delete(location)).status).toBe(204);
    expect((await call('abortOf', { key }, {}, query)).json.content[0].text).not.toBe('');
    expect((await gateway.delete(location)).status).toBe(404);
  });

  it('fails with its session', async () => {
    const query = inSession();
    const location = (await call('hang', { key: query }, LATER, query)).headers.get('location') ?? '';
    await expect
      .poll(async () => (await gateway.get(location)).json.progress, WITHIN)
      .toEqual({ progress: 1 });
    await gateway.delete(`/api/sessions/${query.slice('?sessionId='.length)}`);
    expect((await fetched(location)).json.code).toBe('SESSION_UNKNOWN');
  });

  it('is not begun where the call can be refused at once', async () => {
    for (const [path, body, code] of [
      [`/api/${era}/text?sessionId=a%20b`, {}, 'SESSION_INVALID'],
      [`/api/${era}/text`, '[]', 'INVALID_ARGUMENTS'],
      [`/api/nobody/text`, {}, 'SERVER_UNKNOWN'],
    ] as const) {
      expect((await gateway.post(path, body, LATER)).json.code).toBe(code);
    }
  });
});

describe('jobs', () => {
  it('are those of who made them: for others the same 404, byte for byte', async () => {
    await using guarded = await startRest({ auth: { bearer: { tokens: TOKENS } } });
    const as = (token: string) => ({ authorization: `Bearer ${token}` });
    const [ada = '', bob = ''] = TOKENS;
    const made = await guarded.post('/api/legacy/text?sessionId=s', {}, { ...LATER, ...as(ada) });
    const location = made.headers.get('location') ?? '';
    const foreign = await guarded.get(location, as(bob));
    const none = await guarded.get('/api/legacy/jobs/0123', as(bob));
    expect([foreign.status, foreign.bytes]).toEqual([404, none.bytes]);
    expect((await guarded.get(location.replace('legacy', 'modern'), as(ada))).status).toBe(404);
    const deleted = await fetch(guarded.url + location, { method: 'DELETE', headers: as(bob) });
    expect(Buffer.from(await deleted.arrayBuffer())).toEqual(none.bytes);
    expect((await guarded.get(location, as(ada))).status).toBeLessThan(300);
  });

  it('can be made and found by a web page that is let in', async () => {
    const origin = 'https://page.example';
    await using open = await startRest({ http: { allowedOrigins: [origin] } });
    const preflight = await fetch(`${open.url}/api/legacy/text`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'prefer',
      },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Prefer');
    const { status, headers } = await open.post('/api/legacy/text?sessionId=s', {}, { ...LATER, origin });
    expect(status).toBe(202);
    for (const name of ['Location', 'Preference-Applied'])
      expect(headers.get('access-control-expose-headers')).toContain(name);
  });

  it('are bounded in number: what is done makes room, what runs does not', async () => {
    // What runs at the end is not waited for.
    await using small = await startRest({ http: { drainMs: 100 }, rest: { jobsPerPrincipal: 2 } });
    const begin = async (tool: string) => small.post(`/api/legacy/${tool}?sessionId=s`, { key: tool }, LATER);
    const first = (await begin('text')).headers.get('location') ?? '';
    await expect.poll(async () => (await small.get(first)).status, WITHIN).toBe(200);
    const second = await begin('hang');
    expect((await begin('hang')).status).toBe(202);
    expect((await small.get(first)).status).toBe(404);
    const refused = await begin('text');
    expect([refused.status, refused.json.code, refused.headers.get('retry-after')]).toEqual([
      503,
      'JOBS_FULL',
      '5',
    ]);
    await small.delete(second.headers.get('location') ?? '');
    expect((await begin('text')).status).toBe(202);
  });

  it('are bounded in bytes', async () => {
    await using small = await startRest({ rest: { jobBytesPerPrincipal: 3000 } });
    const begin = async (bytes: number) => {
      const answer = await small.post('/api/legacy/big?sessionId=s', { bytes }, LATER);
      return answer.headers.get('location') ?? '';
    };
    const status = async (location: string) => {
      const { status, text } = await small.get(location);
      return status === 200 ? 200 : `${status} ${JSON.parse(text).code ?? JSON.parse(text).status}`;
    };
    const large = await begin(4000);
    await expect.poll(() => status(large), { timeout: 20_000, interval: 5 }).toBe('507 JOB_TOO_LARGE');
    const one = await begin(2000);
    await expect.poll(() => status(one), { interval: 5, timeout: 20_000 }).toBe(200);
    const two = await begin(2000);
    await expect.poll(() => status(two), { interval: 5, timeout: 20_000 }).toBe(200);
    expect(await status(one)).toBe('404 JOB_UNKNOWN');
  });

  it('are bounded in age', async () => {
    await using brief = await startRest({ rest: { jobKeepMs: 20 } });
    const { headers } = await brief.post('/api/legacy/text?sessionId=s', {}, LATER);
    await expect.poll(async () => (await brief.get(headers.get('location') ?? '')).status, WITHIN).toBe(404);
  });

  it('end when their caller is no longer known, also those without a session', async () => {
    const tokens = TOKENS.map((token) => ({ name: token.slice(0, 3), token }));
    const config = (known: object[]) => ({
      servers: FULL,
      rest: { sessions: 'optional' },
      auth: { bearer: { tokens: known } },
    });
    await using guarded = await startRest(config(tokens));
    const as = { authorization: `Bearer ${TOKENS[0]}` };
    for (const era of ERAS) {
      const { headers } = await guarded.post(`/api/${era}/hang`, { key: era }, { ...LATER, ...as });
      await expect
        .poll(async () => (await guarded.get(headers.get('location') ?? '', as)).json.progress, WITHIN)
        .toEqual({ progress: 1 });
    }
    await guarded.reload(config(tokens.slice(1)));
    await expect
      .poll(
        () =>
          guarded.events.filter(
            (event) =>
              event.type === 'call.settled' &&
              event.method === 'tools/call' &&
              event.outcome === 'call-cancelled',
          ).length,
        WITHIN,
      )
      .toBe(2);
  });

  it('have the bounds of the moment', async () => {
    const http = { drainMs: 100 };
    await using changed = await startRest({ http });
    const begin = () => changed.post('/api/legacy/hang?sessionId=s', { key: 'x' }, LATER);
    expect((await begin()).status).toBe(202);
    await changed.reload({ http, servers: FULL, rest: { jobsPerPrincipal: 1 } });
    expect((await begin()).status).toBe(503);
    await changed.reload({ http, servers: FULL, rest: { sessions: 'optional' } });
    expect((await changed.post('/api/legacy/text', {}, LATER)).status).toBe(202);
  });

  it('are finished before the gateway stops', async () => {
    const draining = await startRest({ servers: { legacy: FULL.legacy } });
    const { status } = await draining.post('/api/legacy/text?sessionId=s', {}, LATER);
    expect(status).toBe(202);
    await draining.stop();
    expect(
      draining.events.some((event) => event.type === 'call.settled' && event.method === 'tools/call'),
    ).toBe(true);
  });
});
