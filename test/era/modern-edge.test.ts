/** Stateless requests at the edge: what is served, and which check refuses the rest (2026-07-28 streamable HTTP). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { notification, request } from '../support/inbound.ts';
import { brief, type Lies, META, MODERN_VERSION, ModernClient, told } from '../support/modern-client.ts';
import { StreamableClient } from '../support/streamable-client.ts';

const VERSION = `${META}protocolVersion`;
const CAPABILITIES = `${META}clientCapabilities`;
const H = { 'mcp-protocol-version': MODERN_VERSION };

let gateway: TestGateway;
let modern: ModernClient;
let legacy: ModernClient;

beforeAll(async () => {
  gateway = await startGateway({
    servers: { modern: runs(fixture('modern-hostile.mjs')), legacy: runs(HOSTILE_SERVER) },
  });
  modern = new ModernClient(gateway.port, '/modern');
  legacy = new ModernClient(gateway.port, '/legacy');
});
afterAll(() => gateway.stop());

describe('what is served', () => {
  it.each(['*/*', 'application/json', 'text/event-stream', undefined])(
    '[era 2] Accept %s',
    async (accept) => {
      expect(brief(await modern.call('echo', { a: 1 }, { headers: { accept } }))).toBe('200');
    },
  );

  it('[era 3] [fault 14] a media type with parameters; any other is refused', async () => {
    const lies = { headers: { 'content-type': 'application/json; charset=utf-8' } };
    expect(brief(await modern.call('echo', {}, lies))).toBe('200');
    const plain = await modern.call('echo', {}, { headers: { 'content-type': 'text/plain' } });
    expect(brief(plain)).toBe('415 -32600');
  });

  it('[era 8] in spite of a session, which is not answered with', async () => {
    const session = await StreamableClient.open(gateway.port, '/legacy');
    for (const id of [session.sessionId, 'unknown']) {
      const { head, result } = await legacy.request('tools/list', {}, { headers: { 'mcp-session-id': id } });
      expect(head.status).toBe(200);
      expect(head.headers['mcp-session-id']).toBeUndefined();
      expect(result?.['resultType']).toBe('complete');
    }
    await session.end().done();
  });

  it('[era 11] a claim without clientInfo', async () => {
    expect(brief(await modern.call('echo', {}, { meta: { [`${META}clientInfo`]: undefined } }))).toBe('200');
  });

  it.each([
    ['upper case', (name: string, value: string) => [name.toUpperCase(), value]],
    ['padded', (name: string, value: string) => [name, ` \t${value} \t`]],
  ])('[era 14] [fault 70] header names and values: %s', async (_what, lie) => {
    const honest = { ...H, 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
    const headers = Object.fromEntries(Object.entries(honest).map(([name, value]) => lie(name, value)));
    const silent = { 'mcp-protocol-version': undefined, 'mcp-method': undefined, 'mcp-name': undefined };
    expect(brief(await modern.call('echo', {}, { headers: { ...silent, ...headers } }))).toBe('200');
  });
});

describe('the checks', () => {
  it.each<[number, string, string, Lies, string]>([
    [
      10,
      'claim, H legacy',
      'tools/list',
      { headers: { 'mcp-protocol-version': '2025-11-25' } },
      '400 -32020',
    ],
    [11, 'no capabilities', 'tools/list', { meta: { [CAPABILITIES]: undefined } }, '400 -32602'],
    [11, 'capabilities a list', 'tools/list', { meta: { [CAPABILITIES]: [] } }, '400 -32602'],
    [11, 'version a number', 'tools/list', { meta: { [VERSION]: 20260728 } }, '400 -32602'],
    [14, 'method in capitals', 'tools/list', { headers: { 'mcp-method': 'TOOLS/LIST' } }, '400 -32020'],
    [14, 'no method', 'tools/list', { headers: { 'mcp-method': undefined } }, '400 -32020'],
    [14, 'no version', 'tools/list', { headers: { 'mcp-protocol-version': undefined } }, '400 -32020'],
    [12, 'initialize', 'initialize', {}, '404 -32601'],
    [2, 'nothing acceptable', 'tools/list', { headers: { accept: 'text/html' } }, '406 -32600'],
  ])('[era %i] %s', async (_case, _what, method, lies, expected) => {
    const answer = await modern.request(method, {}, { ...lies, id: 'my own' });
    expect(brief(answer)).toBe(expected);
    expect(answer.id).toBe('my own');
  });

  it('[era 9] H modern without a claim: the missing keys are named', async () => {
    const answer = await told(modern.post(request('tools/list'), { ...H, 'mcp-method': 'tools/list' }));
    expect(brief(answer)).toBe('400 -32602');
    expect(answer.error?.message).toContain(VERSION);
    expect(answer.error?.message).toContain(CAPABILITIES);
  });

  it('[era 10] a version that is not served: it is told back, with what is', async () => {
    for (const version of ['v999', '2099-01-01', '2025-11-25']) {
      const lies = { headers: { 'mcp-protocol-version': version }, meta: { [VERSION]: version } };
      const answer = await modern.request('server/discover', {}, lies);
      expect(brief(answer)).toBe('400 -32022');
      expect(answer.error?.data).toMatchObject({ supported: [MODERN_VERSION], requested: version });
    }
    const { result } = await modern.request('server/discover');
    expect(result?.['supportedVersions']).toEqual([MODERN_VERSION]);
  });

  it('[era 12] initialize under a modern header', async () => {
    const answer = await told(modern.post(request('initialize', { protocolVersion: '2025-11-25' }), H));
    expect(brief(answer)).toBe('400 -32020');
  });

  it('[era 13] a batch with one modern element, and a posted response', async () => {
    const claimed = request('tools/list', { _meta: { [VERSION]: MODERN_VERSION, [CAPABILITIES]: {} } });
    const session = await StreamableClient.open(gateway.port, '/legacy', { version: '2025-03-26' });
    const headers = { 'mcp-session-id': session.sessionId };
    const batch = await told(legacy.post([request('ping'), claimed], headers));
    expect([brief(batch), batch.id]).toEqual(['400 -32600', undefined]);
    expect(brief(await told(legacy.post({ jsonrpc: '2.0', id: 1, result: {} }, H)))).toBe('400 -32600');
    await session.end().done();
  });

  it('[era 15] [fault 70] Mcp-Name: encoded, badly encoded, missing, of another tool', async () => {
    const as = async (value: string | undefined, name = 'ech\u00f6') =>
      brief(await modern.call(name, {}, { headers: { 'mcp-name': value } }));
    const encoded = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
    // The server does not know it, but the header was right.
    expect(await as(encoded('ech\u00f6'))).toBe('200 -32602');
    expect(await as(encoded('echo'), 'echo')).toBe('200');
    expect(await as(encoded('=?base64?x?='), '=?base64?x?=')).toBe('200 -32602');
    expect(await as('=?base64?half', '=?base64?half')).toBe('200 -32602');
    for (const bad of [
      '=?base64?ZWNobw=?=',
      '=?base64?ZWNob-==?=',
      '=?BASE64?ZWNobw==?=',
      '=?base64?/w==?=',
    ]) {
      expect(await as(bad, 'echo')).toBe('400 -32020');
    }
    for (const bad of [undefined, 'ECHO', 'sleep', '']) expect(await as(bad, 'echo')).toBe('400 -32020');
  });

  it('[era 15] Mcp-Name of a task is its id, and of a call without a name is a mismatch', async () => {
    const task = { taskId: 't1' };
    expect(brief(await modern.request('tasks/get', task))).toBe('404 -32601');
    expect(brief(await modern.request('tasks/get', task, { headers: { 'mcp-name': 't2' } }))).toBe(
      '400 -32020',
    );
    for (const method of ['tasks/update', 'tasks/cancel'])
      expect(brief(await modern.request(method, task))).toBe('400 -32020');
    const nameless = { headers: { 'mcp-name': 'echo' } };
    expect(brief(await modern.request('tools/call', { arguments: {} }, nameless))).toBe('400 -32020');
  });

  it.each<[string, string, Lies, string]>([
    [
      'envelope before mismatch',
      'tools/list',
      { meta: { [CAPABILITIES]: 1 }, headers: { 'mcp-method': 'x' } },
      '400 -32602',
    ],
    [
      'mismatch before version',
      'x',
      { meta: { [VERSION]: 'v9' }, headers: { 'mcp-protocol-version': 'v8' } },
      '400 -32020',
    ],
    [
      'version before missing',
      'tools/call',
      { meta: { [VERSION]: 'v9' }, headers: { 'mcp-protocol-version': 'v9', 'mcp-method': undefined } },
      '400 -32022',
    ],
    ['missing before removed', 'ping', { headers: { 'mcp-method': undefined } }, '400 -32020'],
  ])('[era 10] come in their order: %s', async (_what, method, lies, expected) => {
    expect(brief(await modern.request(method, {}, lies))).toBe(expected);
  });

  it.each([
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'initialize',
    'tasks/list',
    'tasks/result',
  ])('[era 17] %s is no method, and a legacy server never sees it', async (method) => {
    const before = JSON.parse(await legacy.text('seen')) as string[];
    expect(brief(await legacy.request(method, { uri: 'a:b', level: 'debug' }))).toBe('404 -32601');
    const seen = JSON.parse(await legacy.text('seen')) as string[];
    expect(seen.slice(before.length)).toEqual(['tools/call']);
  });
});

describe('a notification', () => {
  const claims = (meta: object) => notification('notifications/cancelled', { requestId: 1, _meta: meta });
  const whole = { [VERSION]: MODERN_VERSION, [CAPABILITIES]: {} };

  it.each<[string, object, Record<string, string>, number, number | undefined]>([
    ['well-formed', claims(whole), H, 202, undefined],
    ['well-formed, H absent', claims(whole), {}, 202, undefined],
    [
      'no claim, H modern, a session',
      notification('notifications/initialized'),
      { ...H, 'mcp-session-id': 'x' },
      202,
      undefined,
    ],
    ['malformed', claims({ [VERSION]: MODERN_VERSION }), H, 400, -32602],
    ['claim is not H', claims(whole), { 'mcp-protocol-version': '2025-11-25' }, 400, -32020],
  ])('[era 22] %s', async (_what, body, headers, status, code) => {
    const sent = modern.post(body, headers);
    expect((await sent.done()).status).toBe(status);
    if (code === undefined) expect(sent.body).toBe('');
    else expect(JSON.parse(sent.body)).toEqual({ jsonrpc: '2.0', error: expect.objectContaining({ code }) });
  });

  it('[era 22] cancels nothing: only closing the connection does', async () => {
    const call = modern.send('tools/call', { name: 'sleep', arguments: { ms: 150 } }, { id: 7 });
    expect((await modern.post(claims({ ...whole }), H).done()).status).toBe(202);
    expect((await told(call)).result?.['content']).toEqual([{ type: 'text', text: 'slept' }]);
  });
});
