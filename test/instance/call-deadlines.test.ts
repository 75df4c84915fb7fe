/** Calls that take too long, on every front and with servers of both eras. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, HOSTILE_SERVER, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { ModernClient } from '../support/modern-client.ts';
import { BareSseClient, type RpcMessage } from '../support/sse-client.ts';
import { answerOf, StreamableClient } from '../support/streamable-client.ts';
import { textOf } from './helpers.ts';

const SCRIPTS = { legacy: HOSTILE_SERVER, modern: fixture('modern-hostile.mjs') };
const ERAS = ['legacy', 'modern'] as const;
const FRONTS = ['streamable', 'sse', 'stateless', 'rest'] as const;
type Front = (typeof FRONTS)[number];
/** Long enough that a busy machine answers a quick call in it. */
const CALL_MS = 1500;
const MAX_MS = 4000;
/** Far beyond any deadline. */
const LONG_MS = 60_000;

let gateway: TestGateway;
beforeAll(async () => {
  const timed = (era: 'legacy' | 'modern', ...switches: string[]) => ({
    ...runs(SCRIPTS[era], ...switches),
    era,
    callTimeoutMs: CALL_MS,
    maxCallMs: MAX_MS,
  });
  gateway = await startGateway({
    servers: {
      legacy: timed('legacy'),
      modern: timed('modern'),
      'late-legacy': timed('legacy', '--ignore-cancel'),
      'late-modern': timed('modern', '--ignore-cancel'),
    },
  });
});
afterAll(() => gateway.stop());

/** What a call comes to, the same for every front. */
interface Outcome {
  readonly status: number;
  /** `data.reason` of MCP, the last part of the `type` of a problem. */
  readonly reason: string | undefined;
  readonly text: string | undefined;
}

interface Caller {
  /** With a progress token, where the front has such a thing. */
  call(tool: string, args?: object): Promise<Outcome>;
}

const OPENERS: Readonly<Record<Front, (server: string) => Promise<Caller>>> = {
  streamable: async (server) => {
    const client = await StreamableClient.open(gateway.port, `/${server}`);
    let last = 0;
    return {
      call: async (name, args = {}) => {
        last += 1;
        const exchange = client.post({
          jsonrpc: '2.0',
          id: `call-${last}`,
          method: 'tools/call',
          params: { name, arguments: args, _meta: { progressToken: `token-${last}` } },
        });
        const { status } = await exchange.done();
        return outcomeOf(status, answerOf(exchange));
      },
    };
  },
  sse: async (server) => {
    const client = await BareSseClient.initialized(`${gateway.url}/${server}`);
    let last = 0;
    return {
      call: async (name, args = {}) => {
        last += 1;
        const params = { name, arguments: args, _meta: { progressToken: `token-${last}` } };
        return outcomeOf(200, await client.request('tools/call', params));
      },
    };
  },
  stateless: async (server) => {
    const client = new ModernClient(gateway.port, `/${server}`);
    return {
      call: async (name, args = {}) => {
        const answer = await client.call(name, args, { meta: { progressToken: `token-${Math.random()}` } });
        return outcomeOf(answer.status, answer);
      },
    };
  },
  rest: async (server) => ({
    call: async (name, args = {}) => {
      const response = await fetch(`${gateway.url}/api/${server}/${name}?sessionId=s-${server}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(args),
      });
      const body = (await response.json()) as { type?: string; content?: { text: string }[] };
      const reason = body.type?.replace('urn:mcp-gateway:', '');
      return { status: response.status, reason, text: body.content?.[0]?.text };
    },
  }),
};

function outcomeOf(status: number, { result, error }: RpcMessage): Outcome {
  const data = error?.data as { reason?: string } | undefined;
  const content = result?.['content'] as { text: string }[] | undefined;
  return { status, reason: data?.reason, text: content?.[0]?.text };
}

/** Only where the gateway refuses a whole HTTP request is its status that of the error. */
const STATUS: Readonly<Record<Front, number>> = { streamable: 200, sse: 200, stateless: 504, rest: 504 };
const MATRIX = ERAS.flatMap((era) => FRONTS.map((front) => [front, era] as const));

describe.concurrent.each(MATRIX)('[fault 25] a call over %s to a %s server', (front, era) => {
  it('that hangs ends at callTimeoutMs: the server is told, the caller has an error, and others are not touched', async () => {
    const caller = await OPENERS[front](era);
    await caller.call('count');
    const startedMs = performance.now();
    const hanging = caller.call('sleep', { ms: LONG_MS });
    const quick = await caller.call('pid');
    expect(await hanging).toEqual({ status: STATUS[front], reason: 'call-timeout', text: undefined });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(CALL_MS - 1);
    // The process is the one that was called, and it knows the call by the id it was given.
    expect(await caller.call('pid')).toEqual(quick);
    const cancelled = JSON.parse((await caller.call('cancelledIds')).text ?? '[]') as unknown[];
    expect(cancelled.length).toBeGreaterThanOrEqual(1);
  });
});

describe.concurrent.each(MATRIX)(
  '[fault 25] a call over %s to a %s server that reports progress',
  (front, era) => {
    it('may take longer than callTimeoutMs', async () => {
      const caller = await OPENERS[front](era);
      const startedMs = performance.now();
      const outcome = await caller.call('beat', { ms: CALL_MS / 5, steps: 7 });
      expect(outcome).toEqual({ status: 200, reason: undefined, text: 'beaten' });
      expect(performance.now() - startedMs).toBeGreaterThan(CALL_MS);
    });

    it('ends at maxCallMs all the same', async () => {
      const caller = await OPENERS[front](era);
      const startedMs = performance.now();
      const outcome = await caller.call('beat', { ms: CALL_MS / 5, steps: 1000 });
      expect(outcome.reason).toBe('call-timeout');
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(MAX_MS - 1);
    });
  },
);

describe.concurrent.each(ERAS)('[fault 25] an answer of a %s server that comes too late', (era) => {
  it('is dropped and counted, and reaches nobody', async () => {
    const server = `late-${era}`;
    const client = await StreamableClient.open(gateway.port, `/${server}`);
    const exchange = client.call('sleep', { ms: CALL_MS + 500 });
    expect((await exchange.done()).status).toBe(200);
    expect(answerOf(exchange).error).toMatchObject({ code: -32603, data: { reason: 'call-timeout' } });
    await gateway.event(
      'instance.dropped',
      (event) => event.server === server && event.why.startsWith('an answer'),
    );
    expect(exchange.raw).not.toContain('slept');
    const after = client.call('count');
    await after.done();
    expect(answerOf(after).result).toMatchObject({ content: [{ text: '1' }] });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toContain(`mcp_gateway_messages_dropped_total{server="${server}"} 1`);
    expect(await textOf(gateway, `${server}/count`, 'another')).toMatch(/^[12]$/);
  });
});
