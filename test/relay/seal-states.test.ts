import { describe, expect, it } from 'vitest';
import { ownFrame } from '../../src/instance/own-frame.ts';
import type { Exchange, Upstream } from '../../src/instance/upstream.ts';
import type { Message } from '../../src/protocol/message.ts';
import { splice } from '../../src/protocol/splice.ts';
import { sealStates } from '../../src/relay/seal-states.ts';
import { StateSeal } from '../../src/relay/sealed-state.ts';

/** A modern server that answers every call with the same result and remembers what it was sent. */
class Server implements Upstream {
  readonly era = 'modern';
  readonly instance = 1;
  readonly facts = undefined;
  readonly ended = new Promise<never>(() => undefined);
  readonly seen: string[] = [];
  readonly exchanges: Exchange[] = [];
  result = '{"resultType":"complete"}';

  call(request: Message, exchange: Exchange): { cancel(): void } {
    this.seen.push(textOf(request));
    this.exchanges.push(exchange);
    exchange.settle(ownFrame(`{"jsonrpc":"2.0","id":1,"result":${this.result}}`));
    return { cancel: () => undefined };
  }

  tell(): void {}
  answer(): 'unknown' {
    return 'unknown';
  }
  resume(): void {}
  end(): Promise<void> {
    return Promise.resolve();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function textOf({ frame, edits }: Message): string {
  return Buffer.concat(splice(frame, edits)).toString();
}

function ask(upstream: Upstream, method: string, params: string): string {
  const settled: string[] = [];
  const exchange: Exchange = {
    notify: () => 'sent',
    ask: () => 'gone',
    settle: (message) => {
      settled.push(textOf(message));
      return 'sent';
    },
    fail: (error) => settled.push(error.code),
  };
  upstream.call(ownFrame(`{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`), exchange);
  expect(settled).toHaveLength(1);
  return settled[0] ?? '';
}

const ASKS = String.raw`{"resultType":"input_required", "n":1.0,"requestState":"a\u00e9\ud800 b","inputRequests":{}}`;

function bound(seal: StateSeal, server: Server, principal = 'alice', name = 'it'): Upstream {
  return sealStates(server, seal, principal, name);
}

function stateOf(answer: string): string {
  const { result } = JSON.parse(answer) as { result: { requestState: string } };
  return result.requestState;
}

describe('requestState of a modern server', () => {
  it('[era 62] goes out sealed and comes back byte for byte', () => {
    const [seal, server] = [new StateSeal(), new Server()];
    server.result = ASKS;
    const answer = ask(bound(seal, server), 'tools/call', '{"name":"x"}');
    const state = stateOf(answer);
    expect(answer).toBe(
      `{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required", "n":1.0,"requestState":"${state}","inputRequests":{}}}`,
    );
    expect(state).toMatch(/^[\w-]{40,}$/);
    ask(bound(seal, server), 'tools/call', `{"name":"x", "requestState" : "${state}","y":1e2}`);
    expect(server.seen[1]).toBe(
      String.raw`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x", "requestState" : "a\u00e9\ud800 b","y":1e2}}`,
    );
  });

  it.each(['tools/call', 'prompts/get', 'resources/read'])(
    '[era 62] of %s is refused from anybody else, and the server not asked',
    (method) => {
      const [seal, server] = [new StateSeal(), new Server()];
      server.result = ASKS;
      const state = stateOf(ask(bound(seal, server), method, '{}'));
      const swapped = `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}`;
      const attempts: [Upstream, string][] = [
        [bound(seal, server, 'bob'), `{"requestState":"${state}"}`],
        [bound(seal, server, 'alice', 'other'), `{"requestState":"${state}"}`],
        [bound(new StateSeal(), server), `{"requestState":"${state}"}`],
        [bound(seal, server), `{"requestState":"${swapped}"}`],
        [bound(seal, server), String.raw`{"requestState":"aé"}`],
        [bound(seal, server), '{"requestState":null}'],
        [bound(seal, server), `{"requestState":"raw","requestState":"${state}"}`],
        [bound(seal, server), '{"RequestState":"raw"}'],
        [bound(seal, server), String.raw`{"request\u0053tate":"raw"}`],
      ];
      for (const [upstream, params] of attempts) {
        expect(JSON.parse(ask(upstream, method, params))).toEqual({
          jsonrpc: '2.0',
          id: 1,
          error: { code: -32602, message: 'requestState invalid or expired' },
        });
      }
      expect(server.seen).toHaveLength(1);
    },
  );

  it('is not looked for where it has no place', () => {
    const [seal, server] = [new StateSeal(), new Server()];
    server.result = '{"requestState":"mine"}';
    const upstream = bound(seal, server);
    expect(ask(upstream, 'tools/list', '{"requestState":"raw"}')).toContain('"mine"');
    expect(server.seen[0]).toContain('"raw"');
    server.result = '{"content":[{"requestState":"inner"}]}';
    expect(ask(upstream, 'tools/call', '{"arguments":{"requestState":"raw"}}')).toContain('"inner"');
    expect(server.seen[1]).toContain('"raw"');
  });

  it('is not opened by a state of another kind', () => {
    const [seal, server] = [new StateSeal(), new Server()];
    const token = seal.seal({ kind: 'resend', principal: 'alice', server: 'it', text: '"x"' });
    expect(ask(bound(seal, server), 'tools/call', `{"requestState":"${token}"}`)).toContain('-32602');
    expect(server.seen).toEqual([]);
  });
});
