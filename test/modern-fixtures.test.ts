import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, describe, expect, it } from 'vitest';

type Json = Record<string, unknown>;

const VERSION = '2026-07-28';
const KEY = 'io.modelcontextprotocol/';
const ENVELOPE = { [`${KEY}protocolVersion`]: VERSION, [`${KEY}clientCapabilities`]: {} };
const children: ChildProcessWithoutNullStreams[] = [];
const clients: Client[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

describe('conformance-v2', () => {
  it('offers the tools of both suites and nothing to a client that initializes', async () => {
    const client = await connect('conformance-v2');
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'test_simple_text',
        'test_sampling',
        'test_missing_capability',
        'test_input_required_result_multi_round',
      ]),
    );
    const old = new Client({ name: 't', version: '0' });
    clients.push(old);
    await expect(old.connect(transport('conformance-v2'))).rejects.toMatchObject({ code: -32_022 });
  });

  it('asks in two rounds, and refuses a state that is not its own', async () => {
    const client = await connect('conformance-v2', { elicitation: { form: {} } });
    const answers = [{ name: 'Ada' }, { color: 'green' }];
    client.setRequestHandler('elicitation/create', () => ({
      action: 'accept' as const,
      content: answers.shift() ?? {},
    }));
    const name = 'test_input_required_result_multi_round';
    expect(await client.callTool({ name })).toMatchObject({ content: [{ text: 'Ada likes green.' }] });
    const forged = { name, requestState: 'v1.e30.AAAA' };
    await expect(client.request({ method: 'tools/call', params: forged })).rejects.toMatchObject({
      code: -32_602,
    });
  });

  it('tells subscribers of changed prompts', async () => {
    const client = await connect('conformance-v2');
    const heard = new Promise<void>((resolve) =>
      client.setNotificationHandler('notifications/prompts/list_changed', () => resolve()),
    );
    await client.listen({ promptsListChanged: true });
    await client.callTool({ name: 'test_trigger_prompt_change' });
    await heard;
  });
});

describe('full-server-v2', () => {
  it('describes itself', async () => {
    const client = await connect('full-server-v2');
    expect(client.getServerVersion()).toEqual({ name: 'full-v2', title: 'Full server', version: '2.3.4' });
    expect(client.getInstructions()).toBe('Use everything. Tout — 全部 — 😀.');
    expect(client.getServerCapabilities()).toMatchObject({
      resources: { subscribe: true, listChanged: true },
      experimental: { 'example.com/thing': { depth: 1.5 } },
    });
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThan(30);
    expect(await textOf(client, 'whoami')).toBe(
      '{"client":{"name":"t","version":"0"},"capabilities":{"elicitation":{},"sampling":{}}}',
    );
  });

  it('asks three questions at once', async () => {
    const client = await connect('full-server-v2');
    client.setRequestHandler('sampling/createMessage', ({ params }) => {
      const [message] = params.messages;
      const content = message?.content;
      const asked = content !== undefined && 'text' in content ? content.text : '';
      return { role: 'assistant', model: 'm', content: { type: 'text', text: `to ${asked}` } };
    });
    expect(await textOf(client, 'sampleThree', { prompt: 'q' })).toBe('["to q-a","to q-b","to q-c"]');
  });

  it('logs only what the request allows, and updates only what is listened to', async () => {
    const client = await connect('full-server-v2');
    const logged: unknown[] = [];
    const updated: string[] = [];
    client.setNotificationHandler('notifications/message', ({ params }) => void logged.push(params.data));
    client.setNotificationHandler(
      'notifications/resources/updated',
      ({ params }) => void updated.push(params.uri),
    );
    for (const level of [undefined, 'error', 'info'])
      await client.callTool({
        name: 'log',
        arguments: { level: 'info', data: `asked for ${level}` },
        ...(level !== undefined && { _meta: { [`${KEY}logLevel`]: level } }),
      });
    expect(logged).toEqual(['asked for info']);
    const listen = await client.listen({ resourceSubscriptions: ['full://watched'] });
    expect(listen.honoredFilter).toEqual({ resourceSubscriptions: ['full://watched'] });
    for (const uri of ['full://other', 'full://watched', 'full://text'])
      await client.callTool({ name: 'touch', arguments: { uri } });
    await listen.close();
    await client.callTool({ name: 'touch', arguments: { uri: 'full://watched' } });
    expect(updated).toEqual(['full://watched']);
  });

  it('notices a cancellation', async () => {
    const client = await connect('full-server-v2');
    const abort = new AbortController();
    const call = client.callTool(
      { name: 'hang', arguments: { key: 'k' } },
      { signal: abort.signal, onprogress: () => abort.abort('not needed') },
    );
    await expect(call).rejects.toThrow();
    expect(await textOf(client, 'abortOf', { key: 'k' })).toContain('not needed');
  });
});

describe('modern-hostile', () => {
  it('shows the exact text of a request and needs its envelope', async () => {
    const server = start();
    const meta = JSON.stringify(ENVELOPE);
    const odd = `{ "id":9007199254740993, "method":"tools/call", "jsonrpc":"2.0", "params":{"name":"raw","_meta":${meta}}}`;
    server.write(odd);
    const line = await server.line();
    expect(line).toContain('"id":9007199254740993,"result":{"resultType":"complete"');
    expect(textIn(line)).toBe(odd);
    server.write('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}');
    expect(JSON.parse(await server.line()).error).toMatchObject({
      code: -32_022,
      data: { supported: [VERSION], requested: '2025-11-25' },
    });
    server.send('tools/list', { _meta: { [`${KEY}protocolVersion`]: VERSION } });
    expect(JSON.parse(await server.line()).error.code).toBe(-32_602);
  });

  it('passes questions, answers and state on as they are written', async () => {
    const server = start();
    const inputRequests = '{"q":{"method":"elicitation/create","params":{"n":1.0,"big":9007199254740993}}}';
    const call = (more: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":${JSON.stringify(ENVELOPE)},"name":"ask","arguments":{"inputRequests":${inputRequests}}${more}}}`;
    server.write(call(''));
    const asked = await server.line();
    expect(asked).toContain(`"resultType":"input_required","inputRequests":${inputRequests}`);
    const state = JSON.stringify(JSON.parse(asked).result.requestState);
    server.write(call(`,"inputResponses":{"q": {"x":1.0}},"requestState":${state}`));
    expect(textIn(await server.line())).toBe(`{"inputResponses":{"q": {"x":1.0}},"requestState":${state}}`);
  });

  it('asks as many rounds as it is told, also without questions', async () => {
    const server = start();
    const ask = async (requestState?: string): Promise<Json> => {
      server.call('ask', { rounds: 2, state: 's' }, requestState === undefined ? {} : { requestState });
      return JSON.parse(await server.line()).result;
    };
    expect(await ask()).toEqual({ resultType: 'input_required', requestState: '1:s' });
    expect(await ask('1:s')).toEqual({ resultType: 'input_required', requestState: '2:s' });
    expect(await ask('2:s')).toMatchObject({ resultType: 'complete' });
  });

  it('tells each listen what it asked for, and ends it in one of two ways', async () => {
    const server = start();
    const notifications = { toolsListChanged: true, resourceSubscriptions: ['a:1', 'refused:2'] };
    server.send('subscriptions/listen', { _meta: ENVELOPE, notifications }, '"l"');
    const stamp = `"_meta":{"${KEY}subscriptionId":"l"}`;
    expect(await server.line()).toBe(
      `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{${stamp},"notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:1"]}}}`,
    );
    server.call('fire', { what: 'prompts' });
    expect(textIn(await server.line())).toBe('fired');
    server.call('fire', { what: 'updated', uri: 'a:1' });
    expect(await server.line()).toContain(`notifications/resources/updated","params":{${stamp},"uri":"a:1"}`);
    expect(textIn(await server.line())).toBe('fired');
    server.call('fire', { what: 'tools', end: 'result' });
    expect(await server.line()).toBe(
      `{"jsonrpc":"2.0","id":"l","result":{"resultType":"complete",${stamp}}}`,
    );
    expect(await server.line()).toContain('notifications/tools/list_changed');
    expect(textIn(await server.line())).toBe('fired');
    server.call('listens');
    expect(textIn(await server.line())).toBe('[]');
  });

  it('sends progress and logs only on request, and no answer to a cancelled sleep', async () => {
    const server = start();
    server.call('progress', { steps: 1 }, { _meta: { ...ENVELOPE, progressToken: 't' } });
    expect(await server.line()).toContain('"progressToken":"t","progress":1,"total":1');
    expect(textIn(await server.line())).toBe('done');
    server.call('log', { text: 'quiet' });
    expect(textIn(await server.line())).toBe('logged');
    server.call('log', { text: 'loud' }, { _meta: { ...ENVELOPE, [`${KEY}logLevel`]: 'info' } });
    expect(await server.line()).toContain('"data":"loud"');
    await server.line();
    server.call('sleep', { ms: 60_000 });
    server.write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}');
    server.write('{"jsonrpc":"2.0","id":7,"result":{}}');
    server.call('cancelledIds');
    expect(textIn(await server.line())).toBe('["1"]');
    server.call('seen');
    expect(textIn(await server.line())).toContain('"notifications/cancelled","answer","tools/call"');
  });

  it.each([
    { switches: [], has: '"supportedVersions":["2026-07-28"]' },
    { switches: ['--discover-silent=20'], has: '"name":"modern-hostile"' },
    { switches: ['--discover-result={"x":1.0}'], has: '"result":{"x":1.0}}' },
    { switches: ['--discover-error={"code":0,"message":"no"}'], has: '"error":{"code":0,"message":"no"}}' },
  ])('answers discover as told by $switches', async ({ switches, has }) => {
    const server = start(...switches);
    server.send('server/discover', { _meta: ENVELOPE });
    expect(await server.line()).toContain(has);
  });

  it('can exit on discover, be silent to the first one, and lack listen', async () => {
    const gone = start('--exit-on-discover=3');
    gone.send('server/discover', { _meta: ENVELOPE });
    expect(await gone.exited).toBe(3);
    const once = start('--discover-silent', '--discover-times=1', '--no-listen');
    once.send('server/discover', { _meta: ENVELOPE }, '"first"');
    once.send('server/discover', { _meta: ENVELOPE }, '"second"');
    expect(JSON.parse(await once.line()).id).toBe('second');
    once.send('subscriptions/listen', { _meta: ENVELOPE, notifications: {} });
    expect(JSON.parse(await once.line()).error.code).toBe(-32_601);
  });

  it('can speak both eras, and need a capability', async () => {
    const server = start('--dual', '--needs-capability=elicitation');
    server.send('initialize', { protocolVersion: '2025-06-18', capabilities: {} });
    expect(JSON.parse(await server.line()).result.protocolVersion).toBe('2025-06-18');
    server.call('echo', { a: 1 }, { _meta: {} });
    expect(JSON.parse(await server.line()).result).toEqual({ content: [{ type: 'text', text: '{"a":1}' }] });
    server.call('echo');
    expect(JSON.parse(await server.line()).error).toMatchObject({
      code: -32_021,
      data: { requiredCapabilities: { elicitation: {} } },
    });
  });
});

function pathOf(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url));
}

function transport(name: string): StdioClientTransport {
  return new StdioClientTransport({ command: process.execPath, args: [pathOf(name)] });
}

/** A client that speaks 2026-07-28 and nothing else. */
async function connect(name: string, capabilities: ClientOptions['capabilities'] = {}): Promise<Client> {
  const client = new Client(
    { name: 't', version: '0' },
    {
      capabilities: { elicitation: {}, sampling: {}, ...capabilities },
      versionNegotiation: { mode: { pin: VERSION } },
    },
  );
  clients.push(client);
  await client.connect(transport(name));
  return client;
}

async function textOf(client: Client, name: string, args: Json = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  const [only] = content;
  return only?.type === 'text' ? only.text : `not text: ${JSON.stringify(content)}`;
}

function start(...switches: string[]) {
  const child = spawn(process.execPath, [pathOf('modern-hostile'), ...switches]);
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const write = (text: string) => child.stdin.write(`${text}\n`);
  /** `id` is raw JSON text. */
  const send = (method: string, params: Json, id = '1') =>
    write(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${JSON.stringify(params)}}`);
  return {
    exited,
    write,
    send,
    call: (name: string, args: Json = {}, more: Json = {}) =>
      send('tools/call', { _meta: ENVELOPE, name, arguments: args, ...more }),
    line: async (): Promise<string> => String((await lines.next()).value),
  };
}

function textIn(line: string): string {
  return JSON.parse(line).result.content[0].text;
}
