/** A client of 2026-07-28: no session, a request at a time, questions answered by calling again. */
import type { Agent } from 'node:http';
import {
  answersTo,
  anyCall,
  askingCall,
  type CallMaker,
  largeCall,
  lateLog,
  longCall,
  type Questions,
} from '../calls.ts';
import type { Exchange, Sent } from '../exchange.ts';
import type { Random } from '../random.ts';
import { eventReader } from './legacy-session.ts';
import { PendingCall, type RpcMessage } from './rpc-calls.ts';
import { HANG_MS, type Scene, type SendOptions, within } from './scene.ts';

const FRONT = '2026-07-28';
const META = 'io.modelcontextprotocol/';
const VERSION = '2026-07-28';

export function modernClient(scene: Scene): Promise<void> {
  return scene.withConnections((agent) => new ModernClient(scene, agent).live());
}

interface InputRequired {
  readonly inputRequests?: Questions;
  readonly requestState?: string;
}

class ModernClient {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #agent: Agent | undefined;
  readonly #capabilities: object;
  #lastId = 0;

  constructor(scene: Scene, agent: Agent | undefined) {
    this.#scene = scene;
    this.#random = scene.random;
    this.#agent = agent;
    this.#capabilities = scene.random.chance(0.6) ? { elicitation: {}, sampling: {}, roots: {} } : {};
  }

  async live(): Promise<void> {
    const steps: readonly (readonly [number, () => Promise<unknown>])[] = [
      [8, () => this.#call(anyCall)],
      [4, () => this.#burst()],
      [4, () => this.#call(askingCall)],
      [1, () => this.#lateLog()],
      [2, () => this.#vanish()],
      [1, () => this.#halfClose()],
      [1, () => this.#readSlowly()],
      [2, () => this.#listen()],
      [1, () => this.#list()],
      [1, () => this.#lie()],
      [1, () => this.#scene.trespass(FRONT)],
    ];
    await this.#scene.doSome(steps);
  }

  #add(make: CallMaker): PendingCall {
    const { nonce, call } = this.#scene.newCall(make);
    this.#lastId += 1;
    return new PendingCall(this.#scene, FRONT, this.#lastId, nonce, call);
  }

  async #call(make: CallMaker): Promise<void> {
    await this.#carry(this.#add(make));
  }

  /** Who can be asked has a process that only its principal uses, and may hear its own lines in another of its calls. */
  async #lateLog(): Promise<void> {
    const { program, config } = this.#scene.server;
    const isEverybodys = config?.['policy'] === 'shared' && Object.keys(this.#capabilities).length === 0;
    if (program === 'hostile' && isEverybodys) await this.#call((_, nonce, random) => lateLog(nonce, random));
  }

  async #burst(): Promise<void> {
    await Promise.all(Array.from({ length: this.#random.between(2, 6) }, () => this.#call(anyCall)));
  }

  /** Calls, and calls again with answers for as long as it is asked something. */
  async #carry(call: PendingCall): Promise<void> {
    let more: object = {};
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const answer = await this.#answer(call, this.#toSent(call, more));
      if (answer?.result?.['resultType'] !== 'input_required') return;
      const { inputRequests = {}, requestState } = answer.result as InputRequired;
      more = { inputResponses: answersTo(inputRequests, call.nonce), requestState };
      this.#scene.leave({ front: FRONT, sent: this.#toSent(call, more) });
      const manner = this.#random.weighted([
        [8, 'answers'],
        [1, 'never'],
        [1, 'twice'],
        [1, 'damages'],
      ] as const);
      if (manner !== 'answers') this.#scene.ledger.fault(`client answers a question ${MANNERS[manner]}`);
      if (manner === 'never') return call.settle('left unanswered by the client');
      if (manner === 'twice') void this.#scene.answered(this.#toSent(call, more), this.#only(call));
      if (manner === 'damages') {
        const damaged = { ...more, requestState: `${requestState?.slice(0, -4)}AAAA` };
        const { text } = await this.#scene.answered(this.#toSent(call, damaged), this.#only(call));
        if (/"result":\{/.test(text) && text.includes('"resultType":"complete"') && !this.#scene.fleeting)
          this.#scene.violate(`a damaged requestState was taken: ${text.slice(0, 200)}`);
      }
    }
    call.settle('asked without end');
  }

  /** Resolves with the response; the call is settled unless it asks for input. */
  async #answer(call: PendingCall, sent: Sent): Promise<RpcMessage | undefined> {
    const exchange = this.#send(call, sent);
    const ending = await within(exchange.ended, HANG_MS);
    if (ending === undefined) {
      this.#scene.violate(`${call.call.kind} ${call.nonce} had no outcome in ${HANG_MS} ms`);
      exchange.reset();
      return undefined;
    }
    return this.#conclude(call, exchange, ending);
  }

  #conclude(call: PendingCall, exchange: Exchange, ending: 'whole' | 'cut'): RpcMessage | undefined {
    const answer = responseIn(exchange);
    if (answer === undefined) {
      const isExpected = exchange.status >= 400 || this.#scene.fleeting || exchange.reusedConnection;
      if (!isExpected)
        this.#scene.violate(`${call.call.kind} ${call.nonce} ended (${ending}) without an answer`);
      call.settle(exchange.status >= 400 ? `refused ${exchange.status}` : 'ended without an answer');
      return undefined;
    }
    if (answer.id !== call.id && answer.id !== undefined)
      this.#scene.violate(`${call.call.kind} ${call.nonce} was answered with the id ${answer.id}`);
    if (answer.result?.['resultType'] !== 'input_required') call.answer(answer);
    return answer;
  }

  #send(call: PendingCall, sent: Sent): Exchange {
    return this.#scene.send(sent, {
      ...this.#only(call),
      ...(this.#agent !== undefined && { agent: this.#agent }),
    });
  }

  #only({ nonce }: PendingCall): SendOptions {
    const mixes = this.#scene.server.program === 'hostile' && Object.keys(this.#capabilities).length > 0;
    return { only: nonce, mixes };
  }

  /** Closing the connection cancels. */
  async #vanish(): Promise<void> {
    const call = this.#add(longCall);
    const exchange = this.#send(call, this.#toSent(call));
    await this.#scene.pause(0, 120);
    this.#scene.ledger.fault('client vanishes mid-call');
    exchange.reset();
    call.abandon();
  }

  async #halfClose(): Promise<void> {
    const call = this.#add(longCall);
    const exchange = this.#send(call, this.#toSent(call));
    await this.#scene.pause(1, 20);
    this.#scene.ledger.fault('client half-closes');
    exchange.halfClose();
    await within(exchange.ended, HANG_MS);
    call.abandon();
  }

  async #readSlowly(): Promise<void> {
    const call = this.#add(largeCall);
    const exchange = this.#send(call, this.#toSent(call));
    await within(exchange.head, HANG_MS);
    this.#scene.ledger.fault('client reads slowly');
    for (let left = this.#random.between(1, 4); left > 0; left -= 1) {
      exchange.pause();
      await this.#scene.pause(50, 200);
      exchange.resume();
      await this.#scene.pause(1, 5);
    }
    const ending = await within(exchange.ended, HANG_MS);
    if (ending !== undefined) this.#conclude(call, exchange, ending);
  }

  /** Subscribes to a resource that only this client knows, and has it changed: nobody else may hear of it. */
  async #listen(): Promise<void> {
    const nonce = this.#scene.newNonce();
    const uri = `chaos:${nonce}`;
    const notifications = { toolsListChanged: true, resourceSubscriptions: [uri] };
    this.#lastId += 1;
    const id = `listen-${this.#lastId}`;
    const sent = this.#sent('subscriptions/listen', { notifications }, { id });
    const stream = this.#scene.send(sent, { only: nonce });
    await within(stream.head, HANG_MS);
    this.#scene.ledger.call(FRONT, stream.status === 200 ? 'listened' : `not listened ${stream.status}`);
    if (this.#scene.server.program === 'modern-hostile') {
      const fired = this.#sent('tools/call', { name: 'fire', arguments: { what: 'updated', uri } });
      await this.#scene.answered(fired, { only: nonce });
    }
    await this.#scene.pause(0, 200);
    stream.reset();
  }

  async #list(): Promise<void> {
    const { status } = await this.#scene.answered(this.#sent('tools/list', {}), { only: '' });
    this.#scene.ledger.call(FRONT, status === 200 ? 'listed' : `not listed ${status}`);
  }

  /** Says one thing in its headers and another in its body: that never reaches a server. */
  async #lie(): Promise<void> {
    this.#scene.ledger.fault('client lies in its headers');
    const nonce = this.#scene.newNonce();
    const sent = this.#sent('tools/call', { name: 'echo', arguments: { text: nonce } });
    const lie = this.#random.pick([
      { 'mcp-method': 'tools/list' },
      { 'mcp-name': 'crash' },
      { 'mcp-protocol-version': '2026-07-29' },
    ]);
    const { status, text } = await this.#scene.answered({ ...sent, headers: { ...sent.headers, ...lie } });
    if (status === 200 || text.includes(nonce))
      this.#scene.violate(`a request that lies in its headers was answered with ${status}: ${text}`);
  }

  #toSent(call: PendingCall, more: object = {}): Sent {
    const { tool, args } = call.call;
    return this.#sent(
      'tools/call',
      { name: tool, arguments: args, ...more },
      { id: call.id, token: call.token },
    );
  }

  #sent(method: string, params: object, more: { id?: string | number; token?: string } = {}): Sent {
    this.#lastId += 1;
    const meta = {
      [`${META}protocolVersion`]: VERSION,
      [`${META}clientCapabilities`]: this.#capabilities,
      [`${META}logLevel`]: 'debug',
      ...(more.token !== undefined && { progressToken: more.token }),
    };
    const { name } = params as { name?: string };
    return {
      path: `/${this.#scene.server.name}`,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': VERSION,
        'mcp-method': method,
        ...(name !== undefined && { 'mcp-name': name }),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: more.id ?? this.#lastId,
        method,
        params: { ...params, _meta: meta },
      }),
    };
  }
}

const MAX_ROUNDS = 6;
const MANNERS = { never: 'never', twice: 'twice', damages: 'with a damaged state' } as const;

/** The response in a whole answer or in what there is of it, JSON or event stream. */
function responseIn(exchange: Exchange): RpcMessage | undefined {
  let found: RpcMessage | undefined;
  const look = (text: string): void => {
    try {
      const message = JSON.parse(text) as RpcMessage;
      if (message.method === undefined) found = message;
    } catch {
      // What was cut is no answer.
    }
  };
  if (exchange.headers['content-type']?.startsWith('text/event-stream'))
    eventReader(({ data }) => look(data))(exchange.text);
  else look(exchange.text);
  return found;
}
