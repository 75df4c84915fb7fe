/**
 * One call of a legacy client on a modern server. When the server answers that it needs input, its questions go to
 * the client as real requests, and the call is made again with the answers, until there is a result.
 */

import { GatewayError } from '../errors.ts';
import { bodyOf } from '../instance/ask.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Call, Delivery, Exchange, Upstream } from '../instance/upstream.ts';
import { MAY_ASK } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';
import { idText } from '../protocol/id-text.ts';
import { findMember, members, parseAt } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import { addToParams } from '../protocol/member-edits.ts';
import type { Message } from '../protocol/message.ts';
import { errorText, notificationText, resultText } from '../protocol/rpc-text.ts';
import type { Edit } from '../protocol/splice.ts';
import { type Leg, lacks, questionText } from './legs.ts';
import { asObject, type LegacyClient, legacyResult } from './translate-legacy-to-modern.ts';

/** Rounds of questions before a call is given up. */
const MAX_ROUNDS = 8;
/** Before a call is made again that only asked to come back. */
const COME_BACK_MS = 250;

export interface RoundsOptions {
  readonly upstream: Upstream;
  /** The client's request, with its envelope. */
  readonly request: Message;
  readonly exchange: Exchange;
  readonly client: LegacyClient;
  /** How long one round may wait for its answers, in milliseconds. */
  readonly roundMs: number;
  /** False for callers who are no MCP clients: the call then fails instead of telling a model. */
  readonly hasClient: boolean;
  /** Ids of questions, unique in the client's session; the bridge hands answers back by them. */
  readonly openLeg: (leg: Leg) => number;
  readonly closeLeg: (id: number) => void;
  readonly onDone: () => void;
}

export class Rounds implements Exchange {
  readonly #options: RoundsOptions;
  readonly #method: string;
  /** The questions that wait, by the id the client knows. */
  readonly #legs = new Map<number, Leg>();
  #answers = new Map<string, Buffer>();
  #state: Buffer | undefined;
  #call: Call | undefined;
  #timer: NodeJS.Timeout | undefined;
  #round = 0;
  #progress = Number.NEGATIVE_INFINITY;
  #over = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#method = options.request.frame.method ?? '';
  }

  start(): void {
    this.#send([]);
  }

  /** The client cancelled, or its session ended. */
  cancel(reason: string): void {
    this.#withdraw(reason);
    this.#call?.cancel(reason);
    this.#finish(() => this.#options.exchange.fail(new GatewayError('CALL_CANCELLED')));
  }

  /** The client answered one of the questions. */
  answer(id: number, response: Frame): void {
    const leg = this.#legs.get(id);
    if (leg === undefined || this.#over) return;
    this.#drop(id);
    const result =
      response.kind === 'response'
        ? response.body && response.bytes.subarray(response.body.start, response.body.end)
        : leg.cancelled;
    if (result === undefined) return this.#giveUp(`The client answered ${leg.method} with an error.`);
    this.#answers.set(leg.key, result);
    if (this.#legs.size === 0) this.#again();
  }

  notify(message: Message): Delivery {
    return this.#over || !this.#rises(message.frame) ? 'sent' : this.#options.exchange.notify(message);
  }

  ask(): Delivery {
    return 'gone';
  }

  settle(message: Message): Delivery {
    if (this.#over) return 'sent';
    const { frame } = message;
    if (frame.kind === 'error') return this.#settleError(message);
    if (MAY_ASK.has(this.#method) && resultType(frame) === 'input_required') {
      this.#ask(frame);
      return 'sent';
    }
    return this.#finish(() =>
      this.#options.exchange.settle(legacyResult(message, this.#method, this.#options.client)),
    );
  }

  fail(error: GatewayError): void {
    this.#finish(() => this.#options.exchange.fail(error));
  }

  #send(edits: readonly Edit[]): void {
    const { upstream, request } = this.#options;
    this.#call = upstream.call({ frame: request.frame, edits: [...request.edits, ...edits] }, this);
  }

  #ask({ bytes, body }: Frame): void {
    this.#round += 1;
    if (this.#round > MAX_ROUNDS)
      return this.#giveUp(`The server asked for more than ${MAX_ROUNDS} rounds of input.`);
    const state = body && findMember(bytes, body, 'requestState');
    const requests = body && findMember(bytes, body, 'inputRequests');
    this.#state = state && bytes.subarray(state.start, state.end);
    const legs =
      requests === undefined
        ? []
        : members(bytes, requests).map(({ key, value }) => toLeg(bytes, key, value));
    const { client } = this.#options;
    for (const leg of legs) {
      const missing = leg === undefined ? 'an unknown question' : lacks(client, leg);
      if (missing !== undefined)
        return this.#giveUp(`The server needs input that this client cannot give: ${missing}.`);
    }
    if (legs.length === 0) {
      this.#timer = setTimeout(() => this.#again(), COME_BACK_MS);
      return;
    }
    this.#timer = setTimeout(() => this.#giveUp('The client did not answer in time.'), this.#options.roundMs);
    for (const leg of legs) if (leg !== undefined) this.#put(leg);
  }

  #put(leg: Leg): void {
    if (this.#over) return;
    const id = this.#options.openLeg(leg);
    this.#legs.set(id, leg);
    const question = ownFrame(questionText(id, leg, this.#options.client));
    if (this.#options.exchange.ask(question) === 'gone')
      this.#giveUp('This client cannot be asked: it takes no messages while it waits.');
  }

  /** The same request, under a new id, with the answers of this round alone. */
  #again(): void {
    clearTimeout(this.#timer);
    const { frame } = this.#options.request;
    const answers = [...this.#answers]
      .map(([key, result]) => `${JSON.stringify(key)}:${result.toString()}`)
      .join(',');
    const parts = [
      ...(this.#answers.size === 0 ? [] : [`"inputResponses":{${answers}}`]),
      ...(this.#state === undefined ? [] : [`"requestState":${this.#state.toString()}`]),
    ];
    this.#answers = new Map();
    this.#send(parts.length === 0 ? [] : [addToParams(frame.bytes, frame.body, parts.join(','))]);
  }

  #settleError({ frame, edits }: Message): Delivery {
    const { code, message, data } = asObject(bodyOf(frame)) as {
      code?: number;
      message?: string;
      data?: unknown;
    };
    if (code !== -32021) return this.#finish(() => this.#options.exchange.settle({ frame, edits }));
    if (this.#method === 'tools/call') {
      this.#giveUp(
        `The server needs a capability that this client lacks: ${JSON.stringify(asObject(data)['requiredCapabilities'] ?? message)}.`,
      );
      return 'sent';
    }
    return this.#finish(() =>
      this.#options.exchange.settle(ownFrame(errorText(this.#clientId(), -32602, message ?? '', data))),
    );
  }

  /** A tool fails in its result, so that the model reads why; anything else in an error. */
  #giveUp(why: string): void {
    this.#withdraw(why);
    if (!this.#options.hasClient) {
      this.#finish(() => this.#options.exchange.fail(new GatewayError('QUESTION_UNSUPPORTED')));
      return;
    }
    const text =
      this.#method === 'tools/call'
        ? resultText(
            this.#clientId(),
            JSON.stringify({ content: [{ type: 'text', text: why }], isError: true }),
          )
        : errorText(this.#clientId(), -32603, why, { reason: 'question-unsupported' });
    this.#finish(() => this.#options.exchange.settle(ownFrame(text)));
  }

  /** Takes back the questions that the client has not answered yet. */
  #withdraw(reason: string): void {
    if (this.#over) return;
    for (const id of this.#legs.keys()) {
      this.#options.exchange.notify(
        ownFrame(notificationText('notifications/cancelled', JSON.stringify({ requestId: id, reason }))),
      );
    }
  }

  #finish<T>(tell: () => T): T | 'sent' {
    if (this.#over) return 'sent';
    this.#over = true;
    clearTimeout(this.#timer);
    for (const id of this.#legs.keys()) this.#drop(id);
    this.#options.onDone();
    return tell();
  }

  #drop(id: number): void {
    this.#legs.delete(id);
    this.#options.closeLeg(id);
  }

  #clientId(): Buffer {
    return idText(this.#options.request.frame);
  }

  /** Progress must rise over all rounds; a server that starts a round from nothing is not passed on until it is further. */
  #rises({ bytes, body, method }: Frame): boolean {
    const span =
      method === 'notifications/progress' && body !== undefined
        ? findMember(bytes, body, 'progress')
        : undefined;
    if (span === undefined) return true;
    const value = Number(parseAt(bytes, span));
    if (value <= this.#progress && this.#round > 0) return false;
    this.#progress = value;
    return true;
  }
}

function resultType({ bytes, body }: Frame): string | undefined {
  const span = body && findMember(bytes, body, 'resultType');
  return span && stringAt(bytes, span);
}

function toLeg(bytes: Buffer, key: string, value: { start: number; end: number }): Leg | undefined {
  const method = findMember(bytes, value, 'method');
  const params = findMember(bytes, value, 'params');
  const name = method && stringAt(bytes, method);
  if (name === undefined) return undefined;
  const text = params === undefined ? Buffer.from('{}') : bytes.subarray(params.start, params.end);
  return {
    key,
    method: name,
    params: text,
    cancelled: name === 'elicitation/create' ? Buffer.from('{"action":"cancel"}') : undefined,
  };
}
