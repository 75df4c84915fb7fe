/** A caller over REST, in all forms that an answer can have. */
import type { Agent } from 'node:http';
import {
  answersTo,
  anyCall,
  askingCall,
  type CallMaker,
  largeCall,
  longCall,
  type Questions,
  type ToolCall,
} from '../calls.ts';
import type { Exchange, Sent } from '../exchange.ts';
import type { Random } from '../random.ts';
import { HANG_MS, type Scene, type SendOptions, within } from './scene.ts';

const FRONT = 'rest';

export function restClient(scene: Scene): Promise<void> {
  return scene.withConnections((agent) => new RestClient(scene, agent).live());
}

interface Question {
  readonly status?: string;
  readonly inputRequests?: Questions;
  readonly requestState?: string;
}

class RestClient {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #agent: Agent | undefined;
  /** Callers that share an id share a session when they are the same principal, and else must not notice. */
  readonly #sessionId: string | undefined;
  readonly #answersQuestions: boolean;

  constructor(scene: Scene, agent: Agent | undefined) {
    const { random } = scene;
    this.#scene = scene;
    this.#random = random;
    this.#agent = agent;
    this.#answersQuestions = random.chance(0.4);
    this.#sessionId = random.chance(0.2)
      ? undefined
      : `${this.#answersQuestions ? 'asked' : 'plain'}-${random.between(1, 30)}`;
  }

  async live(): Promise<void> {
    const steps: readonly (readonly [number, () => Promise<unknown>])[] = [
      [8, () => this.#call(anyCall)],
      [4, () => this.#burst()],
      [3, () => this.#call(askingCall)],
      [2, () => this.#form('text/event-stream')],
      [1, () => this.#form('text/plain')],
      [2, () => this.#job()],
      [1, () => this.#look()],
      [2, () => this.#vanish()],
      [1, () => this.#readSlowly()],
      [0.7, () => this.#endMeanwhile()],
      [1, () => this.#scene.trespass(FRONT)],
    ];
    await this.#scene.doSome(steps);
    if (this.#random.chance(0.3)) await this.#end();
  }

  async #call(make: CallMaker): Promise<void> {
    const { nonce, call } = this.#scene.newCall(make);
    const exchange = await this.#answered(this.#sent(call), nonce);
    const question = this.#answersQuestions ? questionIn(exchange) : undefined;
    if (question === undefined) return this.#judge(call, nonce, exchange);
    if (this.#random.chance(0.2)) {
      this.#scene.ledger.fault('client answers a question never');
      return this.#scene.ledger.call(FRONT, 'left unanswered by the client');
    }
    const inputResponses = answersTo(question.inputRequests ?? {}, nonce);
    const again = { ...call.args, requestState: question.requestState, inputResponses };
    const sent = this.#sent({ ...call, args: again });
    this.#judge(call, nonce, await this.#answered(sent, nonce));
  }

  async #burst(): Promise<void> {
    await Promise.all(Array.from({ length: this.#random.between(2, 6) }, () => this.#call(anyCall)));
  }

  async #form(accept: string): Promise<void> {
    const { nonce, call } = this.#scene.newCall(anyCall);
    const sent = this.#sent(call, { accept });
    this.#judge(call, nonce, await this.#answered(sent, nonce));
  }

  /** Asks for a job, then fetches it, cancels it or forgets it. */
  async #job(): Promise<void> {
    const { nonce, call } = this.#scene.newCall(longCall);
    const started = await this.#answered(this.#sent(call, { prefer: 'respond-async' }), nonce);
    const path = started.headers.location;
    if (started.status !== 202 || path === undefined) return this.#judge(call, nonce, started);
    this.#scene.leave({ front: FRONT, sent: { method: 'GET', path } });
    const manner = this.#random.pick(['fetches', 'cancels', 'forgets']);
    if (manner === 'forgets') {
      this.#scene.ledger.fault('client forgets its job');
      return this.#scene.ledger.call(FRONT, 'job forgotten');
    }
    if (manner === 'cancels') {
      this.#scene.ledger.fault('client cancels');
      await this.#answered({ method: 'DELETE', path }, nonce);
      return this.#scene.ledger.call(FRONT, 'job cancelled');
    }
    for (;;) {
      const job = await this.#answered({ method: 'GET', path }, nonce);
      if (job.status !== 202) return this.#judge(call, nonce, job);
      await this.#scene.pause(20, 100);
    }
  }

  async #look(): Promise<void> {
    const path = `/api/${this.#scene.server.name}${this.#random.pick(['', '/tools', '/openapi.json'])}`;
    const { status } = await this.#answered({ method: 'GET', path }, '');
    this.#scene.ledger.call(FRONT, status === 200 ? 'looked at' : `not looked at ${status}`);
  }

  async #vanish(): Promise<void> {
    const { nonce, call } = this.#scene.newCall(longCall);
    const exchange = this.#scene.send(this.#sent(call), this.#only(nonce));
    await this.#scene.pause(0, 120);
    this.#scene.ledger.fault('client vanishes mid-call');
    exchange.reset();
    this.#scene.ledger.call(FRONT, 'given up by the client');
  }

  async #readSlowly(): Promise<void> {
    const { nonce, call } = this.#scene.newCall(largeCall);
    const exchange = this.#scene.send(this.#sent(call), this.#only(nonce));
    await within(exchange.head, HANG_MS);
    this.#scene.ledger.fault('client reads slowly');
    exchange.pause();
    await this.#scene.pause(50, 400);
    exchange.resume();
    await within(exchange.ended, HANG_MS);
    this.#judge(call, nonce, exchange);
  }

  async #endMeanwhile(): Promise<void> {
    const { nonce, call } = this.#scene.newCall(longCall);
    const running = this.#answered(this.#sent(call), nonce);
    await this.#scene.pause(1, 40);
    this.#scene.ledger.fault('client ends its session mid-call');
    await this.#end();
    this.#judge(call, nonce, await running);
  }

  async #end(): Promise<void> {
    if (this.#sessionId === undefined) return;
    const path = `/api/sessions/${this.#sessionId}`;
    const { status } = await this.#answered({ method: 'DELETE', path }, '');
    if (status !== 204 && status !== 404 && !this.#scene.fleeting)
      this.#scene.violate(`DELETE of the own session was answered with ${status}`);
  }

  #judge(call: ToolCall, nonce: string, exchange: Exchange): void {
    const { status, text } = exchange;
    if (status === 0) {
      if (!this.#scene.fleeting && !exchange.reusedConnection && !exchange.spoiled)
        this.#scene.violate(`${call.kind} ${nonce} was cut before its answer`);
      return this.#scene.ledger.call(FRONT, 'cut');
    }
    if (text.includes(nonce)) return this.#scene.ledger.call(FRONT, 'answered');
    const code = /"code":"?([A-Z_]+|-?\d+)/.exec(text)?.[1];
    if (status !== 200) return this.#scene.ledger.call(FRONT, code ?? `refused ${status}`);
    const isFailure = /"isError":true|event: error/.test(text);
    if (call.echoes && !isFailure)
      this.#scene.violate(`${call.kind} ${nonce} was answered with something else: ${text.slice(0, 200)}`);
    this.#scene.ledger.call(FRONT, isFailure ? 'isError' : 'answered');
  }

  async #answered(sent: Sent, only: string): Promise<Exchange> {
    return this.#scene.answered(sent, {
      ...this.#only(only),
      ...(this.#agent !== undefined && { agent: this.#agent }),
    });
  }

  #only(nonce: string): SendOptions {
    return { only: nonce, mixes: this.#answersQuestions && this.#scene.server.program === 'hostile' };
  }

  #sent(call: ToolCall, headers: Readonly<Record<string, string>> = {}): Sent {
    const prefer = [
      ...(this.#answersQuestions ? ['input-required'] : []),
      ...(headers['prefer'] === undefined ? [] : [headers['prefer']]),
    ];
    const query = this.#sessionId === undefined ? '' : `?sessionId=${this.#sessionId}`;
    return {
      path: `/api/${this.#scene.server.name}/${encodeURIComponent(call.tool)}${query}`,
      headers: {
        'content-type': 'application/json',
        ...headers,
        ...(prefer.length > 0 && { prefer: prefer.join(', ') }),
      },
      body: JSON.stringify(call.args),
    };
  }
}

function questionIn({ status, text }: Exchange): Question | undefined {
  if (status !== 202) return undefined;
  const body = JSON.parse(text) as Question;
  return body.status === 'input_required' ? body : undefined;
}
