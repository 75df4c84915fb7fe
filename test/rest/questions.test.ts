import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, groupsGone, runs } from '../support/gateway.ts';
import { ERAS, eventsIn, FULL, inSession, type Json, type RestGateway, startRest } from './rest-support.ts';

let gateway: RestGateway;
beforeAll(async () => {
  gateway = await startRest({
    servers: { ...FULL, asking: runs(fixture('asking-server.mjs')) },
    rest: { sessions: 'optional' },
  });
});
afterAll(() => gateway.stop());

const ASKABLE = { prefer: 'input-required' };

function resultIn(json: Json): Json {
  return JSON.parse(json.content[0].text);
}

describe.each(ERAS)('a question of a server of the %s era', (era) => {
  const call = (tool: string, args: object, headers: Record<string, string> = ASKABLE, query = inSession()) =>
    gateway.post(`/api/${era}/${tool}${query}`, args, headers);

  it.each(['in a session', 'without one'])(
    'is put to its caller with its schema, and answered: %s',
    async (where) => {
      const query = where === 'without one' ? '' : inSession();
      const asked = await call('elicit', { message: 'Who are you?' }, ASKABLE, query);
      expect([asked.status, asked.headers.get('content-type')]).toEqual([
        202,
        expect.stringMatching(/^application\/json/),
      ]);
      expect(asked.headers.get('preference-applied')).toBe('input-required');
      expect(Object.keys(asked.json).slice(0, 2)).toEqual(['status', 'inputRequests']);
      const { status, inputRequests, requestState } = asked.json;
      expect(status).toBe('input_required');
      const [[key, question]] = Object.entries(inputRequests) as [[string, Json]];
      expect(question).toEqual({
        method: 'elicitation/create',
        params: expect.objectContaining({
          message: 'Who are you?',
          requestedSchema: expect.objectContaining({ required: ['name'] }),
        }),
      });
      const inputResponses = { [key]: { action: 'accept', content: { name: 'Ada é', age: 36 } } };
      const answered = await call(
        'elicit',
        { message: 'Who are you?', inputResponses, ...(requestState && { requestState }) },
        ASKABLE,
        query,
      );
      expect(answered.status).toBe(200);
      expect(Object.keys(answered.json)).toEqual(['content']);
      expect(resultIn(answered.json)).toEqual(inputResponses[key]);
    },
  );

  it('may be several at once, each with its own answer', async () => {
    const query = inSession();
    const { inputRequests, requestState } = (await call('sampleThree', { prompt: 'q' }, ASKABLE, query)).json;
    const inputResponses = Object.fromEntries(
      Object.entries(inputRequests as Record<string, Json>).map(([key, { params }]) => [
        key,
        {
          role: 'assistant',
          model: 'me',
          content: { type: 'text', text: `to ${params.messages[0].content.text}` },
        },
      ]),
    );
    const answered = await call(
      'sampleThree',
      { prompt: 'q', inputResponses, ...(requestState && { requestState }) },
      ASKABLE,
      query,
    );
    expect(resultIn(answered.json)).toEqual(['to q-a', 'to q-b', 'to q-c']);
  });

  it('ends a stream, and is the outcome of a job', async () => {
    const query = inSession();
    const { text } = await call(
      'elicit',
      { message: 'm' },
      { ...ASKABLE, accept: 'text/event-stream' },
      query,
    );
    const [last] = eventsIn(text).slice(-1);
    expect([last?.event, last?.data.status]).toEqual(['input_required', 'input_required']);
    const later = await call('elicit', { message: 'm' }, { prefer: 'respond-async, input-required' }, query);
    const location = later.headers.get('location') ?? '';
    await expect
      .poll(async () => (await gateway.get(location)).json.status, { timeout: 20_000 })
      .toBe('input_required');
  });

  it('is not put to who did not say that it can answer', async () => {
    for (const refused of [await call('elicit', { message: 'm' }, {}), await call('roots', {}, ASKABLE)]) {
      expect(refused.json.isError ?? refused.json.code).toBeDefined();
      expect(refused.json.status).not.toBe('input_required');
    }
  });

  it('is of a kind that the caller named', async () => {
    const query = inSession();
    const prefer = { prefer: 'input-required="roots"' };
    const { inputRequests, requestState } = (await call('roots', {}, prefer, query)).json;
    const [[key, { method }]] = Object.entries(inputRequests) as [[string, Json]];
    expect(method).toBe('roots/list');
    const roots = [{ uri: 'file:///srv', name: 'srv' }];
    const answers = { inputResponses: { [key]: { roots } }, ...(requestState && { requestState }) };
    const answered = await call('roots', answers, prefer, query);
    expect(resultIn(answered.json).roots).toEqual(roots);
  });

  it('is fixed by the first call of a session', async () => {
    const asking = inSession();
    expect((await call('text', {}, ASKABLE, asking)).status).toBe(200);
    for (const headers of [{}, { prefer: 'input-required=roots' }, { accept: 'text/plain' }]) {
      const refused = await call('text', {}, headers, asking);
      expect([refused.status, refused.json.code]).toEqual([409, 'SESSION_CAPABILITIES']);
    }
    expect(
      (await call('text', {}, { prefer: 'INPUT-REQUIRED=",sampling Elicitation"' }, asking)).status,
    ).toBe(200);
    expect((await gateway.get(`/api/${era}/tools${asking}`)).status).toBe(200);
    const silent = inSession();
    expect((await call('text', {}, {}, silent)).status).toBe(200);
    const refused = await call('text', {}, ASKABLE, silent);
    expect([refused.status, refused.json.code]).toEqual([409, 'SESSION_CAPABILITIES']);
  });

  it('leaves the arguments of who cannot answer alone', async () => {
    const args = { inputResponses: { a: 1 }, requestState: 'x', b: 2 };
    expect(resultIn((await call('echo', args, {})).json)).toEqual(args);
    expect(resultIn((await call('echo', { b: 2, inputResponses: {} }, ASKABLE)).json)).toEqual({ b: 2 });
  });

  it.each([
    [{ requestState: 5 }, 400, 'INVALID_ARGUMENTS'],
    [{ inputResponses: 'x' }, 400, 'INVALID_ARGUMENTS'],
    [{ requestState: 'forged' }, 400, 'INVALID_ARGUMENTS'],
  ])('refuses answers that are none: %o', async (answers, status, code) => {
    const refused = await call('elicit', { message: 'm', ...answers });
    expect([refused.status, refused.json.code]).toEqual([status, code]);
  });

  it('keeps what the process of a session knows', async () => {
    const query = inSession();
    const counts: string[] = [];
    for (let n = 0; n < 3; n += 1)
      counts.push((await call('count', {}, ASKABLE, query)).json.content[0].text);
    expect(counts.map(Number)).toEqual([0, 1, 2].map((n) => n + Number(counts[0])));
  });
});

describe('a call that waits for an answer', () => {
  const ask = (tool: string, args: object, query: string) =>
    gateway.post(`/api/asking/${tool}${query}`, args, ASKABLE);

  it('goes on where it stopped, round after round, and runs once', async () => {
    const query = inSession();
    const first = (await ask('chain', {}, query)).json;
    const accept = { action: 'accept', content: { n: 1 } };
    const second = (
      await ask('chain', { inputResponses: { 'r1-1': accept }, requestState: first.requestState }, query)
    ).json;
    expect(second.inputRequests['r2-1'].params.message).toBe('And?');
    // A number that JavaScript cannot hold.
    expect((await ask('elicit', {}, query)).text).toContain('"big":9007199254740993');
    const last = await ask(
      'chain',
      { inputResponses: { 'r2-1': { action: 'decline' } }, requestState: second.requestState },
      query,
    );
    expect(resultIn(last.json)).toEqual([accept, { action: 'decline' }]);
    const again = await ask('chain', { requestState: second.requestState }, query);
    expect([again.status, again.json.code]).toEqual([400, 'INVALID_ARGUMENTS']);
  });

  it('is not gone on with for other arguments, on another server, or by another caller', async () => {
    await using guarded = await startRest({
      servers: { asking: runs(fixture('asking-server.mjs')), twin: runs(fixture('asking-server.mjs')) },
      auth: { bearer: { tokens: ['ada-ada-ada-ada-ada', 'bob-bob-bob-bob-bob'] } },
    });
    const elicit = (server: string, args: object, token: string) =>
      guarded.post(`/api/${server}/elicit?sessionId=s`, args, {
        ...ASKABLE,
        authorization: `Bearer ${token}`,
      });
    const { requestState } = (await elicit('asking', {}, 'ada-ada-ada-ada-ada')).json;
    const answers = { requestState, inputResponses: { 'r1-1': { action: 'cancel' } } };
    for (const [server, args, token] of [
      ['asking', { ...answers, other: 1 }, 'ada-ada-ada-ada-ada'],
      ['twin', answers, 'ada-ada-ada-ada-ada'],
      ['asking', answers, 'bob-bob-bob-bob-bob'],
    ] as const) {
      const refused = await elicit(server, args, token);
      expect([refused.status, refused.json.code]).toEqual([400, 'INVALID_ARGUMENTS']);
    }
    expect((await elicit('asking', answers, 'ada-ada-ada-ada-ada')).status).toBe(200);
  });

  it('ends with its session, and so does its process', async () => {
    const before = gateway.pids();
    const query = inSession();
    expect((await ask('elicit', {}, query)).status).toBe(202);
    const started = gateway.pids().filter((pid) => !before.includes(pid));
    expect(started).toHaveLength(1);
    expect((await gateway.delete(`/api/sessions/${query.replace('?sessionId=', '')}`)).status).toBe(204);
    await groupsGone(started);
  });

  it('may be for a page that somebody must have been to', async () => {
    const query = inSession();
    const { inputRequests, requestState } = (await ask('url', {}, query)).json;
    expect(inputRequests['r1-1'].params).toMatchObject({ mode: 'url', url: 'https://example.com/' });
    const answers = { inputResponses: { 'r1-1': { action: 'accept' } }, requestState };
    expect(resultIn((await ask('url', answers, query)).json)).toBe('signed in');
    const told = await gateway.post(`/api/asking/url${inSession()}`);
    expect([told.status, told.json.code]).toEqual([501, 'QUESTION_UNSUPPORTED']);
  });
});

describe('rest.inputRequired', () => {
  it('takes every caller for one that can answer, unless it says otherwise', async () => {
    await using willing = await startRest({ rest: { inputRequired: true } });
    for (const era of ERAS) {
      const asked = await willing.post(`/api/${era}/elicit?sessionId=a`, { message: 'm' });
      expect([asked.status, asked.json.status]).toEqual([202, 'input_required']);
      const silent = { prefer: 'input-required=none' };
      expect((await willing.post(`/api/${era}/text?sessionId=a`, {}, silent)).status).toBe(409);
      const args = { requestState: 'mine' };
      expect(resultIn((await willing.post(`/api/${era}/echo?sessionId=b`, args, silent)).json)).toEqual(args);
    }
  });
});
